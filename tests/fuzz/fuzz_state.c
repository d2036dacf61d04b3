/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file, and names of keys: reading it twice gives the same result, and everything that it
 * disables is a valid name.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/named/state_file.h"
#include "fuzz.h"

static const struct env_errors errors = {.raise = fuzz_ignore_error};

static struct env_state *read_state(struct env_span text)
{
    struct env_state *state = env_state_new();

    FUZZ_DEMAND(state != NULL);
    if (env_ok(env_state_parse(&errors, "input", text, state)))
        return state;
    env_state_free(state);
    return NULL;
}

/* Names that stand there, whole: whatever is disabled is a name. */
static void check_names(const struct env_state *state, const char *text)
{
    char name[ENV_NAMED_NAME_MAX + 1];
    char file[ENV_NAMED_FILE_NAME];
    char tombstone[ENV_NAMED_TOMBSTONE_NAME];
    uint32_t number = 0;
    uint32_t again = 0;

    if (!env_named_name_read(text, name, &number))
        return;
    FUZZ_DEMAND(env_named_name_is(name, strlen(name)));
    (void)env_state_disables_key(state, name, number);
    if (number == 0)
        return;
    env_named_file_name(name, number, file);
    FUZZ_DEMAND(env_named_file_name_read(file, name, &again) && again == number);
    env_named_tombstone_name(name, number, tombstone);
    FUZZ_DEMAND(env_named_tombstone_name_read(tombstone, name, &again) && again == number);
    FUZZ_DEMAND(!env_named_file_name_read(tombstone, name, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct env_span text = {data, size};
    struct env_state *state = read_state(text);
    struct env_state *same = read_state(text);
    char *copy = OPENSSL_malloc(size + 1);
    struct env_word word;
    const char *at;

    FUZZ_DEMAND(copy != NULL && (state == NULL) == (same == NULL));
    FUZZ_DEMAND(env_state_same(state, same));
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    check_names(state, copy);
    if (size >= ENV_STAND_IN_HINT_LEN)
        (void)env_state_revokes(state, data);
    for (at = env_state_disabled_keks(state); at != NULL && env_word_next(&at, &word);)
        FUZZ_DEMAND(word.len > 0);
    for (at = env_state_open_only_keks(state); at != NULL && env_word_next(&at, &word);)
        FUZZ_DEMAND(word.len > 0);
    OPENSSL_free(copy);
    env_state_free(state);
    env_state_free(same);
    return 0;
}
