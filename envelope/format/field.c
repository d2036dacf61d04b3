/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/field.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"

#define AAD_LABEL "envelope field v1"
#define AAD_LABEL_LEN (sizeof(AAD_LABEL) - 1)
#define FRONT_LEN (1u + ENV_FIELD_ID_LEN) /* kind and key id, with which both kinds begin */
#define SHORT_CONTEXT 128u                /* is joined with what precedes it */

/* ---- keys ---- */

static ENV_RESULT expand(struct env_prk *prk, const char *label, uint8_t *out, size_t len)
{
    const struct env_span info = {(const uint8_t *)label, strlen(label)};

    return env_prk_expand(prk, &info, 1, out, len);
}

ENV_RESULT env_field_key_set(const struct env_crypto *crypto, struct env_span key,
                             struct env_field_key *out)
{
    struct {
        uint8_t random[ENV_XAES_KEY_LEN];
        uint8_t siv[ENV_SIV_KEY_MAX];
    } made;
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, key);

    if (env_ok(r))
        r = expand(&prk, "envelope field id v1", out->id, sizeof(out->id));
    if (env_ok(r))
        r = expand(&prk, "envelope field key v1", made.random, sizeof(made.random));
    if (env_ok(r))
        r = expand(&prk, "envelope field siv key v1", made.siv, sizeof(made.siv));
    env_prk_clear(&prk);
    if (env_ok(r))
        r = env_xaes_key_set(crypto, made.random, &out->random);
    if (env_ok(r))
        r = env_siv_key_set(crypto, (struct env_span){made.siv, sizeof(made.siv)},
                            &out->deterministic);
    OPENSSL_cleanse(&made, sizeof(made));
    if (!env_ok(r))
        OPENSSL_cleanse(out, sizeof(*out));
    return r;
}

/* ---- the parts of a field ---- */

size_t env_field_overhead(enum env_field_kind kind)
{
    return kind == ENV_FIELD_RANDOM ? ENV_FIELD_OVERHEAD : ENV_FIELD_DETERMINISTIC_OVERHEAD;
}

ENV_RESULT env_field_read_id(enum env_field_kind kind, struct env_span field, const uint8_t **id)
{
    if (field.len == 0)
        return ENV_FAIL(ENV_R_FIELD_TOO_SHORT);
    if (field.data[0] != ENV_FIELD_RANDOM && field.data[0] != ENV_FIELD_DETERMINISTIC)
        return ENV_FAIL(ENV_R_NOT_A_FIELD);
    if (field.data[0] != (uint8_t)kind)
        return ENV_FAIL(ENV_R_FIELD_OTHER_CIPHER);
    if (field.len < env_field_overhead(kind))
        return ENV_FAIL(ENV_R_FIELD_TOO_SHORT);
    *id = field.data + 1;
    return ENV_OK;
}

static void write_front(enum env_field_kind kind, const struct env_field_key *key,
                        uint8_t front[FRONT_LEN])
{
    front[0] = (uint8_t)kind;
    memcpy(front + 1, key->id, sizeof(key->id));
}

/* ---- the two kinds ---- */

/* Label, kind and key id, then the context; in one call if that is short. */
static ENV_RESULT associate(EVP_CIPHER_CTX *gcm, const struct env_field_key *key,
                            struct env_span context)
{
    uint8_t aad[AAD_LABEL_LEN + FRONT_LEN + SHORT_CONTEXT] = AAD_LABEL;
    size_t len = AAD_LABEL_LEN + FRONT_LEN;

    write_front(ENV_FIELD_RANDOM, key, aad + AAD_LABEL_LEN);
    if (context.len <= SHORT_CONTEXT) {
        if (context.len > 0)
            memcpy(aad + len, context.data, context.len);
        return env_xaes_associate(gcm, (struct env_span){aad, len + context.len});
    }
    ENV_TRY(env_xaes_associate(gcm, (struct env_span){aad, len}));
    return env_xaes_associate(gcm, context);
}

ENV_RESULT env_field_seal_begin(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm,
                                const struct env_field_key *key, struct env_span context,
                                uint8_t head[ENV_FIELD_HEAD_LEN])
{
    uint8_t *nonce = head + FRONT_LEN;

    write_front(ENV_FIELD_RANDOM, key, head);
    ENV_TRY(env_random_public(crypto, nonce, ENV_XAES_NONCE_LEN));
    ENV_TRY(env_xaes_begin(crypto, gcm, &key->random, nonce, true));
    return associate(gcm, key, context);
}

static ENV_RESULT seal_random(const struct env_crypto *crypto, const struct env_field_key *key,
                              struct env_span context, struct env_span value, uint8_t *field)
{
    EVP_CIPHER_CTX *gcm = env_gcm_once_take(crypto);
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (gcm == NULL)
        return r;
    r = env_field_seal_begin(crypto, gcm, key, context, field);
    if (env_ok(r))
        r = env_xaes_feed(gcm, value, field + ENV_FIELD_HEAD_LEN);
    if (env_ok(r))
        r = env_xaes_seal_end(gcm, field + ENV_FIELD_HEAD_LEN + value.len);
    env_gcm_once_give(crypto, gcm);
    return r;
}

static ENV_RESULT open_random(const struct env_crypto *crypto, const struct env_field_key *key,
                              struct env_span context, struct env_span field, uint8_t *value)
{
    EVP_CIPHER_CTX *gcm = env_gcm_once_take(crypto);
    const struct env_span ciphertext = {field.data + ENV_FIELD_HEAD_LEN,
                                        field.len - ENV_FIELD_OVERHEAD};
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (gcm == NULL)
        return r;
    r = env_xaes_begin(crypto, gcm, &key->random, field.data + FRONT_LEN, false);
    if (env_ok(r))
        r = associate(gcm, key, context);
    if (env_ok(r))
        r = env_xaes_feed(gcm, ciphertext, value);
    if (env_ok(r))
        r = env_xaes_open_end(gcm, ciphertext.data + ciphertext.len);
    if (!env_ok(r))
        OPENSSL_cleanse(value, ciphertext.len);
    env_gcm_once_give(crypto, gcm);
    return r;
}

/* Label, kind, key id and context together are one component of AES-SIV. */
struct component {
    uint8_t front[FRONT_LEN];
    struct env_span pieces[3];
    struct env_siv_component all;
};

static void component_set(struct component *component, const struct env_field_key *key,
                          struct env_span context)
{
    write_front(ENV_FIELD_DETERMINISTIC, key, component->front);
    component->pieces[0] = (struct env_span){(const uint8_t *)AAD_LABEL, AAD_LABEL_LEN};
    component->pieces[1] = (struct env_span){component->front, FRONT_LEN};
    component->pieces[2] = context;
    component->all = (struct env_siv_component){component->pieces, 3};
}

ENV_RESULT env_field_seal(const struct env_crypto *crypto, enum env_field_kind kind,
                          const struct env_field_key *key, struct env_span context,
                          struct env_span value, uint8_t *field)
{
    struct component component;

    if (value.len > ENV_FIELD_VALUE_MAX)
        return ENV_FAIL(ENV_R_FIELD_TOO_LONG);
    if (kind == ENV_FIELD_RANDOM)
        return seal_random(crypto, key, context, value, field);
    component_set(&component, key, context);
    write_front(kind, key, field);
    return env_siv_seal(crypto, &key->deterministic, &component.all, 1, value, field + FRONT_LEN,
                        field + ENV_FIELD_DETERMINISTIC_OVERHEAD);
}

ENV_RESULT env_field_open(const struct env_crypto *crypto, enum env_field_kind kind,
                          const struct env_field_key *key, struct env_span context,
                          struct env_span field, uint8_t *value)
{
    const size_t overhead = env_field_overhead(kind);
    struct component component;

    if (field.len < overhead)
        return ENV_FAIL(ENV_R_FIELD_TOO_SHORT);
    if (kind == ENV_FIELD_RANDOM)
        return open_random(crypto, key, context, field, value);
    component_set(&component, key, context);
    return env_siv_open(crypto, &key->deterministic, &component.all, 1, field.data + FRONT_LEN,
                        (struct env_span){field.data + overhead, field.len - overhead}, value);
}

/* ---- tenant keys ---- */

#define TENANT_LABEL_LEN (sizeof(ENV_TENANT_CONTEXT) - 1)

bool env_tenant_context_is(struct env_span context, struct env_span *tenant)
{
    if (context.len < TENANT_LABEL_LEN ||
        memcmp(context.data, ENV_TENANT_CONTEXT, TENANT_LABEL_LEN) != 0)
        return false;
    *tenant = (struct env_span){context.data + TENANT_LABEL_LEN, context.len - TENANT_LABEL_LEN};
    return true;
}

size_t env_tenant_context(struct env_span tenant, uint8_t out[ENV_TENANT_CONTEXT_MAX])
{
    size_t len = tenant.len < ENV_TENANT_ID_MAX ? tenant.len : ENV_TENANT_ID_MAX;

    memcpy(out, ENV_TENANT_CONTEXT, TENANT_LABEL_LEN);
    memcpy(out + TENANT_LABEL_LEN, tenant.data, len);
    return TENANT_LABEL_LEN + len;
}

/* key must be in secret memory. */
static ENV_RESULT open_tenant_key(const struct env_crypto *crypto,
                                  const struct env_field_key *above, struct env_span tenant,
                                  struct env_span sealed, uint8_t key[ENV_TENANT_KEY_LEN])
{
    uint8_t context[ENV_TENANT_CONTEXT_MAX];
    const uint8_t *id = NULL;
    ENV_RESULT r;

    if (!env_ok(env_field_read_id(ENV_FIELD_RANDOM, sealed, &id)) ||
        memcmp(id, above->id, sizeof(above->id)) != 0)
        return ENV_FAIL(ENV_R_TENANT_KEY_CLOSED);
    r = env_field_open(crypto, ENV_FIELD_RANDOM, above,
                       (struct env_span){context, env_tenant_context(tenant, context)}, sealed,
                       key);
    return r.reason == ENV_R_FIELD_NOT_AUTHENTIC ? ENV_FAIL(ENV_R_TENANT_KEY_CLOSED) : r;
}

static ENV_RESULT seal_tenant_key(const struct env_crypto *crypto,
                                  const struct env_field_key *above, struct env_span tenant,
                                  const uint8_t key[ENV_TENANT_KEY_LEN],
                                  uint8_t sealed[ENV_TENANT_SEALED_LEN])
{
    uint8_t context[ENV_TENANT_CONTEXT_MAX];
    size_t context_len = env_tenant_context(tenant, context);

    return env_field_seal(crypto, ENV_FIELD_RANDOM, above, (struct env_span){context, context_len},
                          (struct env_span){key, ENV_TENANT_KEY_LEN}, sealed);
}

static bool is_tenant_id(struct env_span tenant)
{
    return tenant.len > 0 && tenant.len <= ENV_TENANT_ID_MAX;
}

ENV_RESULT env_tenant_key_make(const struct env_crypto *crypto, const struct env_field_key *above,
                               struct env_span tenant, uint8_t sealed[ENV_TENANT_SEALED_LEN])
{
    uint8_t *key;
    ENV_RESULT r;

    if (!is_tenant_id(tenant))
        return ENV_FAIL(ENV_R_TENANT_INCOMPLETE);
    key = env_secret_alloc(ENV_TENANT_KEY_LEN);
    if (key == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_random_private(crypto, key, ENV_TENANT_KEY_LEN);
    if (env_ok(r))
        r = seal_tenant_key(crypto, above, tenant, key, sealed);
    env_secret_free(key, ENV_TENANT_KEY_LEN);
    return r;
}

ENV_RESULT env_tenant_key_reseal(const struct env_crypto *crypto, const struct env_field_key *from,
                                 const struct env_field_key *to, struct env_span tenant,
                                 struct env_span sealed, uint8_t out[ENV_TENANT_SEALED_LEN])
{
    uint8_t *key;
    ENV_RESULT r;

    if (sealed.len != ENV_TENANT_SEALED_LEN || !is_tenant_id(tenant))
        return ENV_FAIL(ENV_R_TENANT_INCOMPLETE);
    key = env_secret_alloc(ENV_TENANT_KEY_LEN);
    if (key == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = open_tenant_key(crypto, from, tenant, sealed, key);
    if (env_ok(r))
        r = seal_tenant_key(crypto, to, tenant, key, out);
    env_secret_free(key, ENV_TENANT_KEY_LEN);
    return r;
}

ENV_RESULT env_tenant_key_open(const struct env_crypto *crypto, const struct env_field_key *above,
                               struct env_span tenant, struct env_span sealed,
                               struct env_field_key *out)
{
    uint8_t *key;
    ENV_RESULT r;

    if (sealed.len != ENV_TENANT_SEALED_LEN || !is_tenant_id(tenant))
        return ENV_FAIL(ENV_R_TENANT_INCOMPLETE);
    key = env_secret_alloc(ENV_TENANT_KEY_LEN);
    if (key == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = open_tenant_key(crypto, above, tenant, sealed, key);
    if (env_ok(r))
        r = env_field_key_set(crypto, (struct env_span){key, ENV_TENANT_KEY_LEN}, out);
    env_secret_free(key, ENV_TENANT_KEY_LEN);
    return r;
}
