/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_here.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"

#define DEKS_LEN (2 * ENV_DEK_LEN)

/* ---- the keys on the tokens ---- */

/* Judges by the policy, the configuration and the key's attributes. */
static void judge(struct tool_check_key *key)
{
    ENV_RESULT r = key->kek->vtable->accept(key->kek);

    if (env_ok(r) && key->info.refusal != ENV_R_NONE)
        r = ENV_FAIL(key->info.refusal);
    if (env_ok(r) && !key->info.unwrap && !key->info.decrypt)
        r = ENV_FAIL(ENV_R_KEK_USAGE);
    if (!env_ok(r))
        tool_failure_take(r, &key->refusal);
}

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    struct tool_check_here *here = arg;
    struct tool_check_key *list = reallocarray(here->list, here->count + 1, sizeof(*list));
    struct tool_check_key *key;

    if (list == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    here->list = list;
    key = &list[here->count++];
    memset(key, 0, sizeof(*key));
    key->kek = kek;
    kek->vtable->up_ref(kek);
    kek->vtable->describe(kek, &key->info);
    judge(key);
    return ENV_OK;
}

ENV_RESULT tool_check_here_read(struct tool_check *check, struct tool_check_here *here)
{
    struct env_keyring *keyring = check->run->keys->dek.keyring;

    return keyring->vtable->list(keyring, NULL, take, here);
}

void tool_check_here_clear(struct tool_check_here *here)
{
    for (size_t i = 0; i < here->count; i++)
        env_kek_free(here->list[i].kek);
    free(here->list);
}

/* ---- which keys may open ---- */

const char *tool_check_key_named(const struct env_kek_info *info, char text[TOOL_CHECK_KEY])
{
    char id[TOOL_REPORT_ID];
    const char *type = tool_kek_type(info->type);

    (void)tool_report_id(&info->id, id);
    if (info->uri[0] == '\0') /* a key from a file, whose label names it: it is on no token */
        (void)snprintf(text, TOOL_CHECK_KEY, "%s (%s-%zu, reference %s)", info->label, type,
                       info->bits, id);
    else
        (void)snprintf(text, TOOL_CHECK_KEY, "'%s' (%s-%zu, reference %s) of token '%s'",
                       info->label, type, info->bits, id, info->token);
    return text;
}

/*
 * Anyone who may use such a key can have other keys on the token wrapped by it, and decrypt the
 * result.
 */
static void warn_of_uses(struct tool_check *check, const struct env_kek_info *info)
{
    static const char *const way_out = "openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:NEW "
                                       "makes one with one pair of uses";
    char named[TOOL_CHECK_KEY];

    if (info->type != ENV_KEK_AES || !info->wrap || !info->decrypt)
        return;
    tool_check_say(check, TOOL_CHECK_WARNING, "uses", way_out,
                   "%s may %s: other keys can be extracted from the token with it",
                   tool_check_key_named(info, named),
                   info->encrypt && info->unwrap ? "encrypt, decrypt, wrap and unwrap at once"
                                                 : "wrap and decrypt");
}

void tool_check_uses(struct tool_check *check, const struct tool_check_here *here)
{
    for (size_t i = 0; i < here->count; i++) {
        if (here->list[i].refusal.text[0] == '\0')
            warn_of_uses(check, &here->list[i].info);
    }
}

/* ---- keys in several places ---- */

static bool seals_with(const struct tool_check_sealing *sealing, const struct env_kek_id *id)
{
    for (size_t i = 0; i < sealing->count; i++) {
        if (env_kek_id_equal(&sealing->ids[i], id))
            return true;
    }
    return false;
}

static bool are_copies(const struct tool_check_key *a, const struct tool_check_key *b)
{
    return a->info.type == b->info.type && env_kek_id_equal(&a->info.id, &b->info.id);
}

static bool can_wrap(const struct tool_check_key *key)
{
    return key->refusal.text[0] == '\0' &&
           (key->info.type == ENV_KEK_RSA || key->info.wrap || key->info.encrypt);
}

static ENV_RESULT wrap_and_open(const struct tool_check *check,
                                const struct tool_check_key *wrapper,
                                const struct tool_check_key *key)
{
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    struct env_wrapped wrapped = {0};
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (deks != NULL)
        r = env_random_private(check->run->keys->dek.crypto, deks, ENV_DEK_LEN);
    if (env_ok(r))
        r = wrapper->kek->vtable->wrap(wrapper->kek, deks, &wrapped);
    if (env_ok(r))
        r = key->kek->vtable->unwrap(key->kek, &wrapped, NULL, deks + ENV_DEK_LEN);
    if (r.reason == ENV_R_NOT_AUTHENTIC ||
        (env_ok(r) && CRYPTO_memcmp(deks, deks + ENV_DEK_LEN, ENV_DEK_LEN) != 0))
        r = ENV_FAIL(ENV_R_KEK_DIFFERS);
    env_secret_free(deks, DEKS_LEN);
    return r;
}

static bool is_copied(const struct tool_check_here *here, const struct tool_check_key *key)
{
    size_t copies = 0;

    for (size_t i = 0; i < here->count; i++)
        copies += are_copies(&here->list[i], key);
    return copies > 1;
}

/* One of the copies may open or is sealed to, so the others are taken for its spares. */
static bool matters(const struct tool_check_here *here, const struct tool_check_key *key,
                    const struct tool_check_sealing *sealing)
{
    bool matter = seals_with(sealing, &key->info.id);

    for (size_t i = 0; i < here->count && !matter; i++)
        matter = are_copies(&here->list[i], key) && here->list[i].refusal.text[0] == '\0';
    return matter && is_copied(here, key);
}

/*
 * If two keys differ, either may be the right one, so neither opens. Among three, the one that
 * differs does not. If only one copy can wrap, it can only be tested with itself. NULL: none can
 * wrap.
 */
static const struct tool_check_key *open_copy(const struct tool_check *check,
                                              const struct tool_check_here *here,
                                              struct tool_check_key *key,
                                              struct tool_failure *failure)
{
    const struct tool_check_key *wrapper = NULL;

    for (size_t i = 0; i <= here->count; i++) {
        const struct tool_check_key *other = i < here->count ? &here->list[i] : key;
        ENV_RESULT r;

        if (!are_copies(other, key) || !can_wrap(other) ||
            (i < here->count ? other == key : wrapper != NULL))
            continue;
        wrapper = other;
        r = wrap_and_open(check, wrapper, key);
        key->fails = !env_ok(r);
        failure->text[0] = '\0';
        if (!key->fails)
            break;
        tool_failure_take(r, failure);
    }
    return wrapper;
}

static void check_copy(struct tool_check *check, const struct tool_check_here *here,
                       struct tool_check_key *key)
{
    const struct tool_check_key *wrapper = NULL;
    struct tool_failure failure = key->refusal;
    char named[TOOL_CHECK_KEY];

    if (failure.text[0] == '\0')
        wrapper = open_copy(check, here, key, &failure);
    (void)tool_check_key_named(&key->info, named);
    if (failure.text[0] != '\0')
        tool_check_say(check, TOOL_CHECK_FAILED, "replica", NULL, "%s does not open: %s", named,
                       failure.text);
    else if (wrapper == NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, "replica", NULL,
                       "%s: none of its copies wraps, so nothing shows that it opens", named);
    else
        tool_check_say(check, TOOL_CHECK_OK, "replica", NULL,
                       "%s opens what the copy in '%s' wrapped", named, wrapper->info.token);
}

void tool_check_copies(struct tool_check *check, struct tool_check_here *here,
                       const struct tool_check_sealing *sealing)
{
    for (size_t i = 0; i < here->count; i++) {
        if (matters(here, &here->list[i], sealing))
            check_copy(check, here, &here->list[i]);
    }
}

/* ---- how many losses lose everything ---- */

static bool is_same_token(const struct env_kek_info *a, const struct env_kek_info *b)
{
    return strcmp(a->token, b->token) == 0 && strcmp(a->serial, b->serial) == 0;
}

/* Whether it opens what this KEK seals, and is the first such key on its token. */
static bool counts(const struct tool_check_here *here, size_t number, const struct env_kek_id *id)
{
    const struct tool_check_key *key = &here->list[number];
    bool first = tool_check_key_opens(key) && env_kek_id_equal(&key->info.id, id);

    for (size_t i = 0; i < number && first; i++)
        first = !tool_check_key_opens(&here->list[i]) ||
                !env_kek_id_equal(&here->list[i].info.id, id) ||
                !is_same_token(&here->list[i].info, &key->info);
    return first;
}

static size_t tokens_with(const struct tool_check_here *here, const struct env_kek_id *id)
{
    size_t tokens = 0;

    for (size_t i = 0; i < here->count; i++)
        tokens += counts(here, i, id);
    return tokens;
}

/* The only token that has any of them, or NULL if there are several. */
static const char *only_token(const struct tool_check_here *here,
                              const struct tool_check_sealing *sealing)
{
    const struct env_kek_info *only = NULL;

    for (size_t i = 0; i < here->count; i++) {
        const struct tool_check_key *key = &here->list[i];

        if (!tool_check_key_opens(key) || !seals_with(sealing, &key->info.id))
            continue;
        if (only != NULL && !is_same_token(only, &key->info))
            return NULL;
        only = &key->info;
    }
    return only != NULL ? only->token : NULL;
}

void tool_check_spares(struct tool_check *check, const struct tool_check_here *here,
                       const struct tool_check_sealing *sealing)
{
    static const char *const way_out =
        "add a second KEK to kek, or copy this one to a second token";
    char id[TOOL_REPORT_ID];
    const char *token;
    size_t kinds = 0;

    for (size_t i = 0; i < sealing->count; i++) {
        bool again = false;

        for (size_t j = 0; j < i; j++)
            again = again || env_kek_id_equal(&sealing->ids[i], &sealing->ids[j]);
        if (again)
            continue;
        kinds++;
        if (tokens_with(here, &sealing->ids[i]) == 1)
            tool_check_say(check, TOOL_CHECK_WARNING, "spare", NULL,
                           "the KEK %s is in one token only", tool_report_id(&sealing->ids[i], id));
    }
    if (kinds == 1)
        tool_check_say(check, TOOL_CHECK_WARNING, "spare", way_out,
                       "one KEK alone can open what is sealed today");
    token = only_token(here, sealing);
    if (token != NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, "spare", NULL,
                       "of the configured tokens, '%s' alone can open what is sealed today", token);
}
