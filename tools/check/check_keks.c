/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_keks.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/file_name.h"
#include "envelope/base/secret.h"
#include "envelope/base/uri_text.h"
#include "envelope/format/random.h"
#include "keymgmt/token/open_kek.h"
#include "tools/check/check_here.h"
#include "tools/check/check_life.h"
#include "tools/check/check_openers.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"

#define STEP "KEK"
#define DEKS_LEN (2 * ENV_DEK_LEN)

static void say_failure(struct tool_check *check, const char *step, const char *what, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_FAILED, step, NULL, "%s%s%s", what, *what != '\0' ? ": " : "",
                   failure.text);
}

static void say_left_out(struct tool_check *check, const char *kek, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                   "%s: sealing goes on without it (kek-optional): %s", kek, failure.text);
}

/* ---- one KEK ---- */

/* Wraps with the KEK, and unwraps with the key that opening would find. */
static ENV_RESULT wrap_and_unwrap(const struct tool_keys *keys, struct env_kek *kek, uint8_t *deks,
                                  struct env_wrapped *wrapped)
{
    struct env_keyring *keyring = keys->dek.keyring;
    struct env_kek *opener = NULL;
    ENV_RESULT r;

    ENV_TRY(env_random_private(keys->dek.crypto, deks, ENV_DEK_LEN));
    ENV_TRY(kek->vtable->wrap(kek, deks, wrapped));
    ENV_TRY(keyring->vtable->lookup(keyring, kek->vtable->id(kek), wrapped->alg, &opener, NULL));
    r = opener->vtable->unwrap(opener, wrapped, NULL, deks + ENV_DEK_LEN);
    if (env_ok(r) && CRYPTO_memcmp(deks, deks + ENV_DEK_LEN, ENV_DEK_LEN) != 0)
        r = ENV_FAIL(ENV_R_KEK_SELF_TEST);
    env_kek_free(opener);
    return r;
}

/* Whether what it wrapped was opened. */
static bool try_kek(struct tool_check *check, struct env_kek *kek)
{
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    struct env_wrapped wrapped = {0};
    struct env_kek_info info;
    char what[TOOL_CHECK_KEY];
    ENV_RESULT r = deks != NULL ? wrap_and_unwrap(check->run->keys, kek, deks, &wrapped)
                                : ENV_FAIL(ENV_R_NO_MEMORY);

    env_secret_free(deks, DEKS_LEN);
    if (r.reason == ENV_R_KEK_NOT_HERE || r.reason == ENV_R_KEK_NOT_ALLOWED)
        ERR_clear_error(); /* reported below in other words */
    kek->vtable->describe(kek, &info);
    (void)tool_check_key_named(&info, what);
    if (env_ok(r))
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s wrapped and unwrapped: %s", what,
                       tool_mechanism(wrapped.alg).words);
    else if (r.reason == ENV_R_KEK_NOT_HERE)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                       "%s wrapped; what opens it is on no configured token", what);
    else if (r.reason == ENV_R_KEK_NOT_ALLOWED)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                       "%s wrapped; open-kek does not let it open what it seals", what);
    else
        say_failure(check, STEP, what, r);
    return env_ok(r);
}

/* Reported only if it is not the preferred method: then it says what the token refused. */
static void say_way(struct tool_check *check, const struct env_kek *kek)
{
    struct env_kek_info info;
    char what[TOOL_CHECK_KEY];

    kek->vtable->describe(kek, &info);
    if (info.chosen[strcspn(info.chosen, ",;")] != '\0')
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s wraps by %s",
                       tool_check_key_named(&info, what), info.chosen);
}

static void check_name(struct tool_check *check, const char *name, bool optional,
                       struct tool_check_sealing *sealing)
{
    struct env_keyring *keyring = check->run->keys->dek.keyring;
    const struct env_selector selector = {.name = name};
    struct env_kek_list keks = {0};
    char shown[ENV_URI_TEXT];
    ENV_RESULT r = keyring->vtable->select(keyring, &selector, &keks);

    env_uri_shown(shown, sizeof(shown), name);
    if (!env_ok(r)) {
        if (optional && env_kek_out_of_reach(r.reason))
            say_left_out(check, shown, r);
        else
            say_failure(check, STEP, shown, r);
        return;
    }
    for (size_t i = 0; i < keks.count; i++) {
        if (sealing->count < ENV_KEK_RECIPIENTS_MAX)
            sealing->ids[sealing->count++] = *keks.keks[i]->vtable->id(keks.keks[i]);
        if (try_kek(check, keks.keks[i]))
            say_way(check, keks.keks[i]);
    }
    env_kek_list_clear(&keks);
}

static void check_names(struct tool_check *check, struct tool_check_sealing *sealing)
{
    const struct env_config *config = &check->settings.config;
    const char *at = config->kek;
    struct env_word word;

    while (at != NULL && env_word_next(&at, &word)) {
        bool optional = env_word_in(config->kek_optional, &word);
        char *name = env_secret_alloc(word.len + 1); /* a URI may contain a PIN */

        if (name == NULL) {
            say_failure(check, STEP, "kek", ENV_FAIL(ENV_R_NO_MEMORY));
            return;
        }
        memcpy(name, word.text, word.len);
        if (env_uri_is(name) || env_word_decode(&word, name))
            check_name(check, name, optional, sealing);
        else
            tool_check_say(check, TOOL_CHECK_FAILED, STEP, NULL,
                           "kek: a %% in a label must be followed by two hex digits");
        env_secret_free(name, word.len + 1);
    }
}

/* ---- all together ---- */

/* Does what a program would: makes a sealed key for all of them, and opens it again. */
static void check_sealing(struct tool_check *check)
{
    const struct env_dek_context *dek = &check->run->keys->dek;
    const struct env_selector configured = {0};
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (deks != NULL)
        r = env_dek_seal(dek, &configured, ENV_CONTENT_SEALED_KEY, deks, &der, &der_len);
    if (env_ok(r))
        r = env_dek_open(dek, (struct env_span){der, der_len}, ENV_CONTENT_SEALED_KEY,
                         deks + ENV_DEK_LEN);
    if (env_ok(r))
        tool_check_say(check, TOOL_CHECK_OK, "sealing", NULL,
                       "a key was sealed with the configured kek, and opened again");
    else
        say_failure(check, "sealing", "", r);
    OPENSSL_free(der);
    env_secret_free(deks, DEKS_LEN);
}

/*
 * An entry of open-kek that allows no key is a typo, or the key is gone. "2025" may be a label and
 * an id: keys with either may open.
 */
static void check_open_word(struct tool_check *check, const struct tool_check_here *here,
                            const char *key, const char *word, bool several)
{
    static const struct env_kek_id no_id = {0};
    const struct tool_check_key *labelled = NULL;
    const struct tool_check_key *of_id = NULL;
    char named[2][TOOL_CHECK_KEY];

    for (size_t i = 0; i < here->count; i++) {
        if (env_open_kek_allows(word, here->list[i].info.label, &no_id))
            labelled = &here->list[i];
        if (env_open_kek_allows(word, "", &here->list[i].info.id))
            of_id = &here->list[i];
    }
    if (labelled == NULL && of_id == NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, key, NULL,
                       "%s: no key of that label or id is on the tokens%s", word,
                       several ? "; a space in a label is %20" : "");
    else if (labelled != NULL && of_id != NULL &&
             !env_kek_id_equal(&labelled->info.id, &of_id->info.id))
        tool_check_say(check, TOOL_CHECK_FAILED, key, "pkcs11:object=LABEL or id:HEX",
                       "%s: the label of %s and the id of %s, and both would open", word,
                       tool_check_key_named(&labelled->info, named[0]),
                       tool_check_key_named(&of_id->info, named[1]));
}

/* The keyring judges URIs and files. */
static void check_open_list(struct tool_check *check, const struct tool_check_here *here,
                            const char *key, const char *list)
{
    bool several = list != NULL && strpbrk(list + strspn(list, " \t"), " \t") != NULL;
    struct env_word word;

    while (list != NULL && env_word_next(&list, &word)) {
        char *one = strndup(word.text, word.len);

        if (one == NULL) {
            say_failure(check, key, "", ENV_FAIL(ENV_R_NO_MEMORY));
            return;
        }
        if (!env_uri_is(one) && !env_file_name_is(one))
            check_open_word(check, here, key, one, several);
        free(one);
    }
}

/* Tries each of them, whatever its dates. */
static void try_openers(struct tool_check *check, struct tool_check_here *here,
                        const struct tool_check_sealing *sealing)
{
    bool *allowed = &check->run->keys->settings.config.expired_allowed;
    const bool before = *allowed;

    *allowed = true;
    tool_check_copies(check, here, sealing);
    if (check->settings.config.kek == NULL)
        tool_check_openers_alone(check, here);
    else
        tool_check_list_openers(check, here, sealing);
    *allowed = before;
}

void tool_check_keks(struct tool_check *check)
{
    struct tool_check_sealing sealing = {0};
    struct tool_check_here here = {0};
    struct tool_failure failure;
    ENV_RESULT r;

    if (!tool_run_open_keys(check->run, &failure)) {
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, NULL, "%s", failure.text);
        return;
    }
    r = tool_check_here_read(check, &here);
    if (!env_ok(r))
        say_failure(check, STEP, "looking for keys", r);
    check_names(check, &sealing);
    if (check->settings.config.kek != NULL)
        check_sealing(check);
    try_openers(check, &here, &sealing);
    check_open_list(check, &here, "open-kek", check->settings.config.open_kek);
    check_open_list(check, &here, "open-only-kek", check->settings.config.open_only_kek);
    tool_check_uses(check, &here);
    tool_check_spares(check, &here, &sealing);
    tool_check_life(check, &here, &sealing);
    tool_check_old_versions(check, &here, &sealing);
    tool_check_here_clear(&here);
}
