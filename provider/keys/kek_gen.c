/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_gen.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>
#include <strings.h>

#include "provider/keys/kek_key.h"
#include "envelope/base/config_list.h"

#define AES_BITS 256u
#define RSA_BITS 3072u

struct generation {
    struct env_provctx *provctx;
    char *label;
    char *token;
    enum env_kek_type type;
    size_t bits; /* 0: the type's default */
    struct env_kek_id id;
    bool same_label;
};

static ENV_RESULT bad(const struct generation *g, const char *key, const char *why)
{
    return ENV_RAISE(&g->provctx->errors, ENV_R_BAD_PARAMETER, "%s%s", key, why);
}

static ENV_RESULT take_text(const struct generation *g, const OSSL_PARAM params[], const char *key,
                            char **to)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, key);
    char *text = NULL;

    if (p == NULL)
        return ENV_OK;
    if (p->data_type != OSSL_PARAM_UTF8_STRING || p->data == NULL)
        return bad(g, key, " is a text");
    if (!OSSL_PARAM_get_utf8_string(p, &text, 0))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (*to != NULL)
        OPENSSL_clear_free(*to, strlen(*to)); /* a token's URI may have a PIN */
    *to = text;
    return ENV_OK;
}

/* One of two words; *second says which. Upper and lower case are one. */
static ENV_RESULT take_choice(const struct generation *g, const OSSL_PARAM params[],
                              const char *key, const char *first, const char *other, bool *second)
{
    char *text = NULL;
    ENV_RESULT r = take_text(g, params, key, &text);

    if (env_ok(r) && text != NULL) {
        *second = strcasecmp(text, other) == 0;
        if (!*second && strcasecmp(text, first) != 0)
            r = bad(g, key, strcmp(first, "no") == 0 ? " is yes or no" : " is AES or RSA");
    }
    OPENSSL_free(text);
    return r;
}

static ENV_RESULT take_bits(struct generation *g, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, ENV_KEK_PARAM_BITS);

    if (p != NULL && !OSSL_PARAM_get_size_t(p, &g->bits))
        return bad(g, ENV_KEK_PARAM_BITS, " is a number");
    return ENV_OK;
}

/* In hex, or (from programs) in octets. */
static ENV_RESULT take_id(struct generation *g, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, ENV_KEK_PARAM_ID);
    struct env_word word;
    bool good = false;

    if (p == NULL || p->data == NULL)
        return ENV_OK;
    if (p->data_type == OSSL_PARAM_UTF8_STRING) {
        word = (struct env_word){p->data, strnlen(p->data, p->data_size)};
        good = env_word_hex(&word, g->id.bytes, sizeof(g->id.bytes), &g->id.len);
    } else if (p->data_type == OSSL_PARAM_OCTET_STRING && p->data_size >= 1 &&
               p->data_size <= sizeof(g->id.bytes)) {
        g->id.len = p->data_size;
        memcpy(g->id.bytes, p->data, g->id.len);
        good = true;
    }
    return good ? ENV_OK : bad(g, ENV_KEK_PARAM_ID, " is 1 to 64 bytes in hex");
}

static ENV_RESULT take_params(struct generation *g, const OSSL_PARAM params[])
{
    bool rsa = g->type == ENV_KEK_RSA;

    if (params == NULL)
        return ENV_OK;
    ENV_TRY(take_text(g, params, ENV_KEK_PARAM_LABEL, &g->label));
    ENV_TRY(take_text(g, params, ENV_KEK_PARAM_TOKEN, &g->token));
    ENV_TRY(take_choice(g, params, ENV_KEK_PARAM_TYPE, "AES", "RSA", &rsa));
    g->type = rsa ? ENV_KEK_RSA : ENV_KEK_AES;
    ENV_TRY(take_bits(g, params));
    ENV_TRY(take_id(g, params));
    return take_choice(g, params, ENV_KEK_PARAM_SAME_LABEL, "no", "yes", &g->same_label);
}

void *env_kek_gen_init(void *vprovctx, int selection, const OSSL_PARAM params[])
{
    struct generation *g;

    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) /* there are no domain parameters */
        return NULL;
    g = env_provctx_alloc(vprovctx, sizeof(*g));
    if (g == NULL)
        return NULL;
    g->provctx = vprovctx;
    if (env_kek_gen_set_params(g, params))
        return g;
    env_kek_gen_cleanup(g);
    return NULL;
}

int env_kek_gen_set_params(void *vgenctx, const OSSL_PARAM params[])
{
    struct generation *g = vgenctx;
    ENV_RESULT r = take_params(g, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(g->provctx, r);
}

const OSSL_PARAM *env_kek_gen_settable_params(void *vgenctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_LABEL, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_TYPE, NULL, 0),
        OSSL_PARAM_size_t(ENV_KEK_PARAM_BITS, NULL),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_TOKEN, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_ID, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_SAME_LABEL, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vgenctx;
    (void)vprovctx;
    return params;
}

/* A KEK whose making could not be recorded stays in its token, but nobody is given it. */
static ENV_RESULT generate(struct env_keyring *ring, const struct env_kek_request *request,
                           struct env_kek **out)
{
    struct env_audit_use use = {ENV_AUDIT_GENERATE, NULL, NULL, NULL};
    struct env_kek *kek = NULL;
    ENV_RESULT r = ring->vtable->generate(ring, request, &kek);

    use.kek = kek;
    r = env_audit_record(ring->audit, &use, r);
    if (env_ok(r))
        *out = kek;
    else
        env_kek_free(kek);
    return r;
}

void *env_kek_gen(void *vgenctx, OSSL_CALLBACK *cb, void *cbarg)
{
    const struct generation *g = vgenctx;
    struct env_keyring *ring = g->provctx->dek.keyring;
    const struct env_kek_request request = {
        .type = g->type,
        .bits = g->bits != 0 ? g->bits : (g->type == ENV_KEK_RSA ? RSA_BITS : AES_BITS),
        .label = g->label,
        .token = g->token,
        .id = g->id,
        .same_label = g->same_label,
    };
    struct env_kek *kek = NULL;
    struct env_key *key = NULL;
    ENV_RESULT r = env_provctx_ready(g->provctx);

    (void)cb; /* the token says nothing of how far it is */
    (void)cbarg;
    if (env_ok(r) && (g->label == NULL || g->label[0] == '\0'))
        r = ENV_FAIL(ENV_R_LABEL_MISSING);
    if (env_ok(r))
        r = generate(ring, &request, &kek);
    if (env_ok(r)) {
        key = env_key_new(g->provctx, kek);
        r = key != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
    }
    if (!env_ok(r))
        (void)ENV_EDGE_FAIL(g->provctx, r);
    return key;
}

void env_kek_gen_cleanup(void *vgenctx)
{
    struct generation *g = vgenctx;

    if (g == NULL)
        return;
    if (g->token != NULL)
        OPENSSL_clear_free(g->token, strlen(g->token));
    OPENSSL_free(g->label);
    OPENSSL_free(g);
}
