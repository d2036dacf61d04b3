/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_openers.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "envelope/format/wrap_algorithm.h"

#define DEKS_LEN (2 * ENV_DEK_LEN)

/* ---- a KEK that also wraps ---- */

static ENV_RESULT wrap_and_open(const struct tool_keys *keys, struct env_kek *kek,
                                struct env_wrapped *wrapped)
{
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (deks != NULL)
        r = env_random_private(keys->dek.crypto, deks, ENV_DEK_LEN);
    if (env_ok(r))
        r = kek->vtable->wrap(kek, deks, wrapped);
    if (env_ok(r))
        r = kek->vtable->unwrap(kek, wrapped, NULL, deks + ENV_DEK_LEN);
    if (env_ok(r) && CRYPTO_memcmp(deks, deks + ENV_DEK_LEN, ENV_DEK_LEN) != 0)
        r = ENV_FAIL(ENV_R_KEK_SELF_TEST);
    env_secret_free(deks, DEKS_LEN);
    return r;
}

/* ---- a KEK that only opens ---- */

static bool fits(const struct env_kek_info *info, const struct env_wrap_algorithm *algorithm)
{
    bool rsa = env_wrap_is_rsa(algorithm->alg);

    return info->type == ENV_KEK_RSA ? rsa : !rsa && algorithm->bits == info->bits;
}

/*
 * Nothing here was wrapped for this KEK, so it gets a ciphertext that nobody wrapped. A refusal
 * shows that the token processed it: the login, the key and the mechanism work.
 */
static ENV_RESULT refuses(const struct tool_keys *keys, struct env_kek *kek,
                          const struct env_kek_info *info)
{
    const struct env_wrap_algorithm *algorithm;
    ENV_RESULT r = ENV_FAIL(ENV_R_KEK_USAGE);
    uint8_t dek[ENV_DEK_LEN];

    for (size_t i = 0; (algorithm = env_wrap_algorithm_at(i)) != NULL; i++) {
        struct env_wrapped foreign = {.alg = algorithm->alg, .len = algorithm->shortest};

        if (!fits(info, algorithm))
            continue;
        if (info->type == ENV_KEK_RSA)
            foreign.len = info->modulus_len;
        ERR_clear_error(); /* of the previous KEK */
        r = env_random_private(keys->dek.crypto, foreign.data, foreign.len);
        if (!env_ok(r))
            return r;
        foreign.data[0] = 0; /* keeps the number below an RSA modulus */
        r = kek->vtable->unwrap(kek, &foreign, NULL, dek);
        if (r.reason == ENV_R_NOT_AUTHENTIC)
            return ENV_OK;
        if (env_ok(r)) /* what does not verify must be refused */
            r = ENV_FAIL(ENV_R_KEK_SELF_TEST);
    }
    return r;
}

/* ---- both ---- */

static bool may_wrap(const struct env_kek_info *info)
{
    return info->type == ENV_KEK_RSA || info->wrap || info->encrypt;
}

static bool try_opener(struct tool_check *check, const char *step, const struct tool_check_key *key)
{
    const struct tool_keys *keys = check->run->keys;
    struct env_wrapped wrapped = {0};
    ENV_RESULT r = ENV_FAIL(ENV_R_KEK_OPENS_ONLY);
    struct tool_failure failure;
    char named[TOOL_CHECK_KEY];
    bool opens_only;

    if (may_wrap(&key->info))
        r = wrap_and_open(keys, key->kek, &wrapped);
    opens_only = r.reason == ENV_R_KEK_OPENS_ONLY;
    if (opens_only) {
        ERR_clear_error();
        r = refuses(keys, key->kek, &key->info);
    }
    (void)tool_check_key_named(&key->info, named);
    if (r.reason == ENV_R_KEK_DISABLED) { /* as intended */
        ERR_clear_error();
        tool_check_say(check, TOOL_CHECK_OK, step, NULL, "%s is disabled: it opens nothing", named);
    } else if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        tool_check_say(check, TOOL_CHECK_FAILED, step, NULL, "%s does not open: %s", named,
                       failure.text);
    } else if (opens_only) {
        tool_check_say(
            check, TOOL_CHECK_OK, step, NULL,
            "%s may open (it does not seal here: it was tested with a random ciphertext)", named);
    } else {
        tool_check_say(check, TOOL_CHECK_OK, step, NULL, "%s wrapped and unwrapped: %s", named,
                       env_wrap_algorithm(wrapped.alg)->words);
    }
    return env_ok(r);
}

static bool is_sealed_with(const struct tool_check_sealing *sealing, const struct env_kek_id *id)
{
    for (size_t i = 0; i < sealing->count; i++) {
        if (env_kek_id_equal(&sealing->ids[i], id))
            return true;
    }
    return false;
}

void tool_check_list_openers(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing)
{
    char named[TOOL_CHECK_KEY];

    for (size_t i = 0; i < here->count; i++) {
        const struct tool_check_key *key = &here->list[i];

        if (!tool_check_key_opens(key))
            continue;
        if (is_sealed_with(sealing, &key->info.id))
            tool_check_say(check, TOOL_CHECK_OK, "opens", NULL, "%s",
                           tool_check_key_named(&key->info, named));
        else
            (void)try_opener(check, "opens", key);
    }
}

void tool_check_openers_alone(struct tool_check *check, const struct tool_check_here *here)
{
    size_t may = 0;
    size_t work = 0;

    for (size_t i = 0; i < here->count; i++) {
        const struct tool_check_key *key = &here->list[i];

        if (!tool_check_key_opens(key))
            continue;
        may++;
        work += try_opener(check, "KEK", key) ? 1 : 0;
    }
    if (work > 0)
        tool_check_say(check, TOOL_CHECK_WARNING, "KEK", "kek = LABEL",
                       "kek is not set: nothing can be sealed unless the program names a KEK");
    else if (may == 0)
        tool_check_say(check, TOOL_CHECK_FAILED, "KEK", "kek = LABEL",
                       "kek is not set, and no KEK on the tokens may open: nothing can be sealed "
                       "or opened");
}
