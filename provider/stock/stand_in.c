/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/stand_in.h"

#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/named/stand_in.h"
#include "provider/common/named.h"
#include "provider/common/selector_key.h"

#define SELECTOR_PREFIX "kek:"
#define PREFIX_LEN (sizeof(SELECTOR_PREFIX) - 1)

static enum env_mark exact_mark(const unsigned char *bytes, size_t len)
{
    size_t without_nuls;

    if (env_stand_in_is((struct env_span){bytes, len}, &without_nuls))
        return ENV_MARK_STAND_IN;
    if (len >= PREFIX_LEN && memcmp(bytes, SELECTOR_PREFIX, PREFIX_LEN) == 0 &&
        env_selector_is_label(bytes + PREFIX_LEN, len - PREFIX_LEN, &without_nuls))
        return ENV_MARK_SELECTOR;
    return ENV_MARK_NONE;
}

/* The number of bytes without trailing line ends, blanks and NULs. */
static size_t without_blanks(const unsigned char *bytes, size_t len)
{
    while (len > 0 && memchr(" \t\r\n", bytes[len - 1], sizeof(" \t\r\n")) != NULL)
        len--;
    return len;
}

enum env_mark env_mark_of(const unsigned char *bytes, size_t len)
{
    enum env_mark mark;

    if (!env_mark_is_likely(bytes, len))
        return ENV_MARK_NONE;
    mark = exact_mark(bytes, len);
    if (mark != ENV_MARK_NONE)
        return mark;
    mark = exact_mark(bytes, without_blanks(bytes, len));
    return mark == ENV_MARK_STAND_IN ? ENV_MARK_BLANKS : mark;
}

enum env_mark env_mark_of_password(const unsigned char *bytes, size_t len)
{
    const struct env_span first = {bytes, ENV_STAND_IN_KDF_LEN};

    if (len < ENV_STAND_IN_KDF_LEN || !env_mark_is_likely(bytes, len) ||
        without_blanks(bytes, len) != ENV_STAND_IN_KDF_LEN || !env_stand_in_is_password(first))
        return ENV_MARK_NONE;
    return len == ENV_STAND_IN_KDF_LEN ? ENV_MARK_STAND_IN : ENV_MARK_BLANKS;
}

/* Makes a copy, so that the named key may be released. */
static ENV_RESULT copy_key(struct env_span named, size_t stand_in_len, size_t padded,
                           struct env_real_key *key)
{
    size_t len = padded != 0 ? padded : named.len;

    /* a stand-in without padding stands for a key without padding */
    if (named.len > len || (named.len < len && stand_in_len == len))
        return ENV_FAIL(ENV_R_NAMED_KEY_LENGTH);
    key->bytes = env_secret_alloc(len);
    if (key->bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    key->len = len;
    memcpy(key->bytes, named.data, named.len);
    return ENV_OK;
}

ENV_RESULT env_real_key_find(struct env_provctx *provctx, struct env_span stand_in,
                             const struct env_real_use *use, struct env_real_key *key)
{
    struct env_named_keys *keys;
    const struct env_named_wish wish = {env_use_number(use->algorithm), use->seals};
    const struct env_named_ref *ref = NULL;
    ENV_RESULT r;

    *key = (struct env_real_key){0};
    ENV_TRY(env_provctx_named_keys(provctx, &keys));
    (void)env_stand_in_is(stand_in, &stand_in.len);
    ENV_TRY(keys->vtable->by_stand_in(keys, stand_in, &wish, &ref));
    r = copy_key(ref->key, stand_in.len, use->padded, key);
    keys->vtable->release(keys, ref);
    return r;
}

void env_real_key_clear(struct env_real_key *key)
{
    env_secret_free(key->bytes, key->len);
    *key = (struct env_real_key){0};
}
