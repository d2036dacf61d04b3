/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_named.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "envelope/base/config_list.h"
#include "envelope/base/secret.h"
#include "envelope/named/folder.h"
#include "envelope/named/key_file.h"
#include "envelope/named/state_file.h"
#include "tools/common/recipient.h"
#include "tools/common/when.h"
#include "tools/key/key_show.h"

#define STEP "named key"
#define OF_A_PATTERN 3u

struct named {
    struct tool_check *check;
    struct env_errors errors;
    struct env_crypto *crypto;
    const char *path;
    int folder;
    struct env_key_names names;
    struct env_state *state; /* NULL: no state file */
    struct tool_recipients *recipients;
    struct env_named_sealed *sealed; /* in secret memory */
    uint8_t *deks;                   /* in secret memory */
};

static void say_failure(const struct named *named, const char *key, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tool_check_say(named->check, TOOL_CHECK_FAILED, STEP, NULL, "%s: %s", key, failure.text);
}

/* ---- one key ---- */

/* Checks its uses, its times, and how many losses would lose it. */
static void judge(const struct named *named, const char *key, const struct env_key_file *file)
{
    const enum tool_key_state state = tool_key_state(&file->clear, env_clock_seconds());
    char when[TOOL_WHEN_TEXT];

    if (env_state_disables_key(named->state, file->clear.name, file->clear.number))
        tool_check_say(named->check, TOOL_CHECK_WARNING, STEP, NULL, "state-file disables %s", key);
    if (state == TOOL_KEY_EXPIRED)
        tool_check_say(named->check, TOOL_CHECK_WARNING, STEP, NULL,
                       "%s must not be used after %s (not-after)", key,
                       tool_when_text(file->clear.not_after, when));
    if (file->header->count == 1)
        tool_check_say(named->check, TOOL_CHECK_WARNING, STEP, NULL, "one KEK alone opens %s", key);
}

static void tell_recipients(const struct named *named, const char *key)
{
    const struct tool_recipients *tried = named->recipients;

    for (size_t i = 0; i < tried->count; i++) {
        const struct tool_recipient *one = &tried->list[i];

        if (one->state == TOOL_RECIPIENT_OPENS) {
            tool_check_say(named->check, TOOL_CHECK_OK, STEP, NULL,
                           "%s opens through '%s' of token '%s'", key, one->label, one->token);
        } else if (one->state == TOOL_RECIPIENT_FAILS) {
            tool_check_say(named->check, tried->opens ? TOOL_CHECK_WARNING : TOOL_CHECK_FAILED,
                           STEP, NULL, "%s, through one of its KEKs: %s", key, one->failure.text);
        }
    }
}

static void open_it(struct named *named, const char *key, const struct env_key_file *file)
{
    const struct tool_keys *keys = named->check->run->keys;
    ENV_RESULT r;

    tool_recipients_try(keys, file->header, file->header_der, named->deks, named->recipients);
    tell_recipients(named, key);
    r = env_named_open(&keys->dek, file, keys->settings.config.keys_by_rsa_on, named->sealed);
    OPENSSL_cleanse(named->sealed, sizeof(*named->sealed));
    if (env_ok(r))
        judge(named, key, file);
    else
        say_failure(named, key, r);
}

static void check_key(struct named *named, const struct env_key_name *name)
{
    struct env_key_file *file = NULL;
    char key[ENV_NAMED_FULL_NAME];
    ENV_RESULT r = env_key_file_read(&named->errors, named->crypto, named->folder, name->name,
                                     name->number, &file);

    env_named_full_name(name->name, name->number, key);
    if (!env_ok(r)) {
        say_failure(named, key, r);
    } else if (named->check->run->options.no_token) {
        tool_check_say(named->check, TOOL_CHECK_OK, STEP, NULL, "%s is there", key);
        judge(named, key, file);
    } else {
        open_it(named, key, file);
    }
    env_key_file_free(file);
}

/* ---- what was taken away ---- */

static bool read_state(struct named *named)
{
    const char *path = named->check->settings.config.state_file;
    struct tool_failure failure;
    ENV_RESULT r;

    if (path == NULL)
        return true;
    r = env_state_read(&named->errors, path, &named->state);
    if (env_ok(r)) /* includes the words for KEKs */
        r = tool_keys_state(named->check->run->keys);
    if (env_ok(r)) {
        tool_check_say(named->check, TOOL_CHECK_OK, "state file", NULL, "%s", path);
        return true;
    }
    tool_failure_take(r, &failure);
    tool_check_say(named->check, TOOL_CHECK_FAILED, "state file", NULL, "%s", failure.text);
    return false;
}

/* ---- the allowed keys ---- */

static bool is_pattern(const struct env_word *word)
{
    return word->text[word->len - 1] == '*';
}

static bool fits(const struct env_word *word, const struct env_key_name *name)
{
    char key[ENV_NAMED_FULL_NAME];

    if (is_pattern(word))
        return strncmp(name->name, word->text, word->len - 1) == 0;
    env_named_full_name(name->name, name->number, key);
    return (strlen(name->name) == word->len && memcmp(name->name, word->text, word->len) == 0) ||
           (strlen(key) == word->len && memcmp(key, word->text, word->len) == 0);
}

/*
 * A pattern does not list keys: those that it matches are opened when they are used, as without the
 * line.
 */
static void check_start(struct named *named, const struct env_word *word)
{
    if (is_pattern(word) && named->check->settings.config.keys_open_at_start_on)
        tool_check_say(named->check, TOOL_CHECK_WARNING, STEP, NULL,
                       "keys-open-at-start opens none of %.*s: allow-keys has to name each key",
                       (int)word->len, word->text);
}

static void check_word(struct named *named, const struct env_word *word)
{
    size_t found = 0;

    check_start(named, word);
    for (size_t i = 0; i < named->names.count; i++) {
        if (!fits(word, &named->names.names[i]))
            continue;
        found++;
        if (!is_pattern(word) || found <= OF_A_PATTERN)
            check_key(named, &named->names.names[i]);
    }
    if (found == 0)
        tool_check_say(named->check, is_pattern(word) ? TOOL_CHECK_WARNING : TOOL_CHECK_FAILED,
                       STEP, NULL, "allow-keys has %.*s, and there is no such key file in %s",
                       (int)word->len, word->text, named->path);
    else if (is_pattern(word) && found > OF_A_PATTERN)
        tool_check_say(named->check, TOOL_CHECK_OK, STEP, NULL,
                       "%.*s: %zu more key files, which are not tried", (int)word->len, word->text,
                       found - OF_A_PATTERN);
}

static void check_words(struct named *named)
{
    const char *at = named->check->settings.config.allow_keys;
    struct env_word word;
    ENV_RESULT r = env_key_folder_list(&named->errors, named->path, named->folder, &named->names);

    if (!env_ok(r))
        say_failure(named, named->path, r);
    while (env_ok(r) && env_word_next(&at, &word))
        check_word(named, &word);
    env_key_names_clear(&named->names);
}

static bool make_room(struct named *named)
{
    named->recipients = OPENSSL_zalloc(sizeof(*named->recipients));
    named->sealed = env_secret_alloc(sizeof(*named->sealed));
    named->deks = env_secret_alloc(TOOL_TRY_ROOM);
    return named->recipients != NULL && named->sealed != NULL && named->deks != NULL;
}

static void free_room(struct named *named)
{
    OPENSSL_free(named->recipients);
    env_secret_free(named->sealed, sizeof(*named->sealed));
    env_secret_free(named->deks, TOOL_TRY_ROOM);
}

void tool_check_named(struct tool_check *check)
{
    struct named named = {.check = check, .errors = tool_errors(), .folder = -1};
    struct tool_failure failure;
    struct stat st;
    ENV_RESULT r;

    if (check->settings.config.allow_keys == NULL)
        return;
    if (!tool_run_open_keys(check->run, &failure)) {
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, NULL, "%s", failure.text);
        return;
    }
    named.crypto = check->run->keys->dek.crypto;
    named.path = check->settings.config.keys_directory;
    r = make_room(&named) ? env_key_folder_open(&named.errors, named.path, &named.folder, &st)
                          : ENV_FAIL(ENV_R_NO_MEMORY);
    if (!env_ok(r))
        say_failure(&named, "keys-directory", r);
    else if (read_state(&named))
        check_words(&named);
    if (named.folder >= 0)
        (void)close(named.folder);
    env_state_free(named.state);
    free_room(&named);
}
