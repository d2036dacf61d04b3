/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_gen.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/config_list.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_key.h"

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
    char *copy_of;
    bool unwraps_alone;
    struct env_dates dates;
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
        OPENSSL_clear_free(*to, strlen(*to)); /* a token's URI may contain a PIN */
    *to = text;
    return ENV_OK;
}

/*
 * One of two words, in upper or lower case; *second says which. For any other word `wrong` is the
 * error.
 */
static ENV_RESULT take_choice(const struct generation *g, const OSSL_PARAM params[],
                              const char *key, const char *first, const char *other,
                              const char *wrong, bool *second)
{
    char *text = NULL;
    ENV_RESULT r = take_text(g, params, key, &text);

    if (env_ok(r) && text != NULL) {
        *second = strcasecmp(text, other) == 0;
        if (!*second && strcasecmp(text, first) != 0)
            r = bad(g, key, wrong);
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

/* In hex, or as octets (from programs). */
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

static ENV_RESULT take_day(const struct generation *g, const OSSL_PARAM params[], const char *key,
                           int64_t *day)
{
    char *text = NULL;
    ENV_RESULT r = take_text(g, params, key, &text);

    if (env_ok(r) && text != NULL && (!env_date_read(text, strlen(text), true, day) || *day == 0))
        r = bad(g, key, " is a day such as 2027-01-31");
    OPENSSL_free(text);
    return r;
}

static ENV_RESULT take_params(struct generation *g, const OSSL_PARAM params[])
{
    bool rsa = g->type == ENV_KEK_RSA;

    if (params == NULL)
        return ENV_OK;
    ENV_TRY(take_text(g, params, ENV_KEK_PARAM_LABEL, &g->label));
    ENV_TRY(take_text(g, params, ENV_KEK_PARAM_TOKEN, &g->token));
    ENV_TRY(take_choice(g, params, ENV_KEK_PARAM_TYPE, "AES", "RSA", " is AES or RSA", &rsa));
    g->type = rsa ? ENV_KEK_RSA : ENV_KEK_AES;
    ENV_TRY(take_bits(g, params));
    ENV_TRY(take_id(g, params));
    ENV_TRY(take_text(g, params, ENV_KEK_PARAM_COPY_OF, &g->copy_of));
    ENV_TRY(take_day(g, params, ENV_KEK_PARAM_NOT_BEFORE, &g->dates.first));
    ENV_TRY(take_day(g, params, ENV_KEK_PARAM_NOT_AFTER, &g->dates.last));
    ENV_TRY(take_choice(g, params, ENV_KEK_PARAM_USES, "wrap-unwrap", "unwrap",
                        " is wrap-unwrap or unwrap", &g->unwraps_alone));
    return take_choice(g, params, ENV_KEK_PARAM_SAME_LABEL, "no", "yes", " is yes or no",
                       &g->same_label);
}

static ENV_RESULT begin(struct env_provctx *provctx, const OSSL_PARAM params[],
                        struct generation **out)
{
    struct generation *g;
    void *object = NULL;
    ENV_RESULT r;

    ENV_TRY(env_provctx_object(provctx, sizeof(*g), &object));
    g = object;
    g->provctx = provctx;
    r = take_params(g, params);
    if (env_ok(r))
        *out = g;
    else
        env_kek_gen_cleanup(g);
    return r;
}

/* A KEK that could not be recorded in the audit log stays on its token, but is not returned. */
static ENV_RESULT make_kek(struct env_keyring *keyring, const struct env_kek_request *request,
                           struct env_kek **out)
{
    struct env_audit_use use = {.operation = ENV_AUDIT_GENERATE, .label = request->label};
    struct env_kek *kek = NULL;
    ENV_RESULT r = keyring->vtable->generate(keyring, request, &kek);

    use.kek = kek;
    r = env_audit_record(keyring->audit, &use, r);
    if (env_ok(r))
        *out = kek;
    else
        env_kek_free(kek);
    return r;
}

static ENV_RESULT generate(const struct generation *g, struct env_key **out)
{
    const struct env_kek_request request = {
        .type = g->type,
        .bits = g->bits != 0 ? g->bits : (g->type == ENV_KEK_RSA ? RSA_BITS : AES_BITS),
        .label = g->label,
        .token = g->token,
        .id = g->id,
        .same_label = g->same_label,
        .copy_of = g->copy_of,
        .unwraps_alone = g->unwraps_alone,
        .dates = g->dates,
    };
    struct env_kek *kek = NULL;

    ENV_TRY(env_provctx_ready(g->provctx));
    if (g->label == NULL || g->label[0] == '\0')
        return ENV_FAIL(ENV_R_LABEL_MISSING);
    ENV_TRY(make_kek(g->provctx->dek.keyring, &request, &kek));
    return env_key_new(g->provctx, kek, out);
}

/* ---- what libcrypto calls ---- */

void *env_kek_gen_init(void *vprovctx, int selection, const OSSL_PARAM params[])
{
    struct env_provctx *provctx = vprovctx;
    struct generation *g = NULL;

    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) /* there are no domain parameters */
        return NULL;
    return ENV_EDGE_IN(provctx, provctx, begin(provctx, params, &g)) ? g : NULL;
}

int env_kek_gen_set_params(void *vgenctx, const OSSL_PARAM params[])
{
    struct generation *g = vgenctx;

    return ENV_EDGE(g, take_params(g, params));
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
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_COPY_OF, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_USES, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_NOT_BEFORE, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_NOT_AFTER, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vgenctx;
    (void)vprovctx;
    return params;
}

/* A token reports no progress. */
void *env_kek_gen(void *vgenctx, OSSL_CALLBACK *cb, void *cbarg)
{
    const struct generation *g = vgenctx;
    struct env_key *key = NULL;

    (void)cb;
    (void)cbarg;
    return ENV_EDGE(g, generate(g, &key)) ? key : NULL;
}

void env_kek_gen_cleanup(void *vgenctx)
{
    struct generation *g = vgenctx;

    if (g == NULL)
        return;
    if (g->token != NULL)
        OPENSSL_clear_free(g->token, strlen(g->token));
    if (g->copy_of != NULL)
        OPENSSL_clear_free(g->copy_of, strlen(g->copy_of));
    OPENSSL_free(g->label);
    OPENSSL_free(g);
}
