/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields. The first byte of an input chooses the cipher and what is done, the rest is either a
 * whole field, which does not open, or changes to a field that was sealed here, which opens if and
 * only if nothing was changed.
 */
#include <string.h>

#include "envelope/format/field.h"
#include "fuzz.h"

#define MOST 300u

static struct env_crypto *crypto;
static struct env_field_key key;
/* Of fields as they stand: libFuzzer learns the others, from what is compared here. */
static struct env_field_key never_used;
static const struct env_span context = {(const uint8_t *)"table.column", 12};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t bytes[32] = {0x17};

    (void)argc;
    (void)argv;
    crypto = env_crypto_new(NULL, NULL);
    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    FUZZ_DEMAND(env_ok(env_field_key_set(crypto, (struct env_span){bytes, sizeof(bytes)}, &key)));
    FUZZ_DEMAND(env_ok(
        env_field_key_set(crypto, (struct env_span){bytes + 1, sizeof(bytes) - 1}, &never_used)));
    return 0;
}

/* Opens bytes that end where they end; value is as it was sealed, or NULL: it must not open. */
static void open_it(const struct env_field_key *with, enum env_field_kind kind,
                    const uint8_t *bytes, size_t len, const uint8_t *value)
{
    uint8_t *field = malloc(len > 0 ? len : 1);
    uint8_t *out = calloc(len > 0 ? len : 1, 1);
    const uint8_t *id = NULL;
    ENV_RESULT r;

    FUZZ_DEMAND(field != NULL && out != NULL);
    if (len > 0)
        memcpy(field, bytes, len);
    r = env_field_read_id(kind, (struct env_span){field, len}, &id);
    if (env_ok(r)) {
        FUZZ_DEMAND(id == field + 1 && len >= env_field_overhead(kind));
        r = env_field_open(crypto, kind, with, context, (struct env_span){field, len}, out);
    }
    /* the id is looked up elsewhere; to the cipher it is associated data */
    FUZZ_DEMAND(env_ok(r) == (value != NULL));
    for (size_t i = 0; value == NULL && i < len; i++)
        FUZZ_DEMAND(out[i] == 0);
    if (value != NULL)
        FUZZ_DEMAND(memcmp(out, value, len - env_field_overhead(kind)) == 0);
    free(field);
    free(out);
}

static void change(enum env_field_kind kind, struct fuzz_input *in)
{
    uint8_t value[MOST], field[MOST + ENV_FIELD_OVERHEAD + 1] = {0}, whole[sizeof(field)];
    size_t len = fuzz_byte(in);
    size_t sealed = len + env_field_overhead(kind);
    size_t given;

    for (size_t i = 0; i < len; i++)
        value[i] = (uint8_t)(i ^ fuzz_byte(in));
    FUZZ_DEMAND(
        env_ok(env_field_seal(crypto, kind, &key, context, (struct env_span){value, len}, field)));
    memcpy(whole, field, sizeof(whole));
    given = sealed;
    while (in->len > 0) {
        size_t at = ((size_t)fuzz_byte(in) << 8 | fuzz_byte(in)) % (sealed + 1);
        uint8_t with = fuzz_byte(in);

        if ((with & 0x80) != 0)
            given = at + (with & 1u);
        else
            field[at] ^= with;
    }
    /* the id does not count: it is the key's in associated data, whatever the field says */
    memcpy(field + 1, whole + 1, ENV_FIELD_ID_LEN);
    open_it(&key, kind, field, given,
            given == sealed && memcmp(field, whole, sealed) == 0 ? value : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t what = fuzz_byte(&in);
    enum env_field_kind kind = (what & 1) != 0 ? ENV_FIELD_DETERMINISTIC : ENV_FIELD_RANDOM;

    if ((what & 2) != 0)
        change(kind, &in);
    else
        open_it(&never_used, kind, in.data, in.len, NULL);
    return 0;
}
