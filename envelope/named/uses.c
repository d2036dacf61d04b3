/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/uses.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/stock_names.h"

/*
 * Indexed by number: the ciphers of stock_names.h, and the other algorithms. Files contain the
 * names. Key lengths are in bytes.
 */
#define USE(id, name, key, iv, block, mode, flags)                                                 \
    {name, ((flags)&ENV_STOCK_AEAD) != 0 ? ENV_USE_AUTHENTICATED : ENV_USE_CIPHER, key},

/* clang-format off */
static const struct env_use uses[] = {
    ENV_STOCK_CIPHERS(USE)
    {ENV_STOCK_PBKDF2, ENV_USE_KDF, ENV_NAMED_KEY_MAX},
    {"ENVELOPE-FIELD", ENV_USE_FIELD, 32},
    {"ENVELOPE-FIELD-DETERMINISTIC", ENV_USE_FIELD, 32},
    {"tenant-keys", ENV_USE_FIELD, 32},
};
/* clang-format on */

#define USES (sizeof(uses) / sizeof(uses[0]))
_Static_assert(USES <= 64, "a set of uses is one number");

#define KDF_KEY_LEN 32u /* the length of a new key */

/* ---- the tables ---- */

static bool is_word(const char *name, const char *word, size_t len)
{
    return strlen(name) == len && strncasecmp(name, word, len) == 0;
}

static unsigned number_of(const char *word, size_t len)
{
    for (unsigned i = 0; i < USES; i++) {
        if (is_word(uses[i].name, word, len))
            return i;
    }
    return ENV_USE_UNKNOWN;
}

unsigned env_use_number(const char *name)
{
    return number_of(name, strlen(name));
}

const struct env_use *env_use(unsigned number)
{
    return number < USES ? &uses[number] : NULL;
}

const char *env_use_set_name(size_t i)
{
    return i < ENV_STOCK_SET_COUNT ? env_stock_sets[i].name : "";
}

static bool has(env_uses set, unsigned number)
{
    return (set & ENV_USE_BIT(number)) != 0;
}

static bool has_kind(env_uses set, enum env_use_kind kind)
{
    for (unsigned i = 0; i < USES; i++) {
        if (has(set, i) && uses[i].kind == kind)
            return true;
    }
    return false;
}

bool env_uses_are_fields(env_uses set)
{
    return has_kind(set, ENV_USE_FIELD);
}

/* The longest key for a cipher in the set; 0: it has no cipher. */
static size_t cipher_key_len(env_uses set)
{
    size_t longest = 0;

    for (unsigned i = 0; i < USES; i++) {
        if (has(set, i) && uses[i].kind != ENV_USE_KDF && uses[i].key_len > longest)
            longest = uses[i].key_len;
    }
    return longest;
}

size_t env_uses_key_len(env_uses set)
{
    size_t len = cipher_key_len(set);

    return len > 0 ? len : KDF_KEY_LEN;
}

/* ---- the argument of --for ---- */

/* The next word, separated by spaces or commas; false after the last. */
static bool next_word(const char **at, const char **word, size_t *len)
{
    *at += strspn(*at, " ,\t");
    *word = *at;
    *len = strcspn(*at, " ,\t");
    *at += *len;
    return *len > 0;
}

static env_uses members_of(const struct env_stock_set *set, size_t key_len)
{
    const char *at = set->members;
    const char *word;
    size_t len;
    env_uses out = 0;

    if (key_len == 0)
        key_len = 32;
    while (next_word(&at, &word, &len)) {
        unsigned number = number_of(word, len);

        if (number != ENV_USE_UNKNOWN && (!set->by_length || uses[number].key_len == key_len))
            out |= ENV_USE_BIT(number);
    }
    return out;
}

static env_uses uses_of_word(const char *word, size_t len, size_t key_len)
{
    unsigned number = number_of(word, len);

    for (size_t i = 0; i < ENV_STOCK_SET_COUNT; i++) {
        if (is_word(env_stock_sets[i].name, word, len))
            return members_of(&env_stock_sets[i], key_len);
    }
    return number != ENV_USE_UNKNOWN ? ENV_USE_BIT(number) : 0;
}

ENV_RESULT env_uses_for(const struct env_errors *errors, const char *words, size_t key_len,
                        bool mixed, env_uses *out)
{
    const char *at = words;
    const char *word;
    size_t len;
    size_t count = 0;

    *out = 0;
    for (; next_word(&at, &word, &len); count++) {
        env_uses more = uses_of_word(word, len, key_len);

        if (more == 0)
            return ENV_RAISE(
                errors, ENV_R_KEY_USES, "%.*s is not an algorithm or set that a key%s can be for",
                (int)len, word, number_of(word, len) == ENV_USE_UNKNOWN ? "" : " of this length");
        *out |= more;
    }
    if (count == 0)
        return ENV_RAISE(errors, ENV_R_KEY_USES, "no algorithm is named");
    if (count > 1 && !mixed)
        return ENV_RAISE(errors, ENV_R_KEY_USES,
                         "a key has one algorithm, or one set of algorithms that go together: %s",
                         words);
    return ENV_OK;
}

/* ---- permitted combinations ---- */

/*
 * GCM's hash key is E(0), and CCM and OCB use the block cipher too: a mode that reveals E of chosen
 * blocks must not use the same key.
 */
static bool modes_go_together(env_uses set)
{
    return !has_kind(set, ENV_USE_AUTHENTICATED) || !has_kind(set, ENV_USE_CIPHER);
}

static unsigned count_of(env_uses set)
{
    unsigned count = 0;

    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

static ENV_RESULT fits_field(const struct env_errors *errors, env_uses set, size_t key_len,
                             enum env_named_origin origin)
{
    if (count_of(set) > 1)
        return ENV_RAISE(errors, ENV_R_KEY_USES, "a key for fields can have no other use");
    if (origin != ENV_NAMED_GENERATED)
        return ENV_RAISE(errors, ENV_R_KEY_USES, "a key for fields is made, never imported");
    if (key_len != env_uses_key_len(set))
        return ENV_RAISE(errors, ENV_R_KEY_USES, "a key for fields has %zu bytes, not %zu",
                         env_uses_key_len(set), key_len);
    return ENV_OK;
}

ENV_RESULT env_uses_fit(const struct env_errors *errors, env_uses set, size_t key_len,
                        enum env_named_origin origin, bool mixed)
{
    size_t longest = cipher_key_len(set);

    if (set == 0 || count_of(set) > ENV_NAMED_USES_MAX)
        return ENV_RAISE(errors, ENV_R_KEY_USES, "a key has 1 to %u uses", ENV_NAMED_USES_MAX);
    if (env_uses_are_fields(set))
        return fits_field(errors, set, key_len, origin);
    if (!mixed && !modes_go_together(set))
        return ENV_RAISE(errors, ENV_R_KEY_USES,
                         "using one key for GCM, CCM or OCB and for another mode reveals GCM's "
                         "hash key (import --mixed, if a program does so)");
    if (key_len < 1 || key_len > ENV_NAMED_KEY_MAX)
        return ENV_RAISE(errors, ENV_R_KEY_USES, "a key has 1 to %u bytes, not %zu",
                         ENV_NAMED_KEY_MAX, key_len);
    if (longest == 0 || key_len == longest)
        return ENV_OK;
    if (origin == ENV_NAMED_GENERATED || (key_len > longest && !has_kind(set, ENV_USE_KDF)))
        return ENV_RAISE(errors, ENV_R_KEY_USES, "the algorithm takes keys of %zu bytes, not %zu",
                         longest, key_len);
    return ENV_OK;
}

/* ---- in the file ---- */

void env_uses_to_clear(env_uses set, struct env_named_clear *clear)
{
    clear->use_count = 0;
    for (unsigned i = 0; i < USES && clear->use_count < ENV_NAMED_USES_MAX; i++) {
        if (has(set, i))
            (void)snprintf(clear->uses[clear->use_count++], sizeof(clear->uses[0]), "%s",
                           uses[i].name);
    }
}

env_uses env_uses_of(const struct env_named_clear *clear)
{
    env_uses set = 0;

    for (size_t i = 0; i < clear->use_count; i++) {
        unsigned number = env_use_number(clear->uses[i]);

        if (number != ENV_USE_UNKNOWN)
            set |= ENV_USE_BIT(number);
    }
    /* not made by our command: the rule applies to other writers too */
    if (env_uses_are_fields(set) ? count_of(set) > 1 : !clear->mixed && !modes_go_together(set))
        return 0;
    return set;
}
