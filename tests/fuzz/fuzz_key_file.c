/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key file, by the input's first byte: as a whole, its clear parameters or its sealed part. The
 * result is within all bounds, and gives the same bytes when it is written again.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/named_key.h"
#include "envelope/named/key_file.h"
#include "fuzz.h"

static const struct env_errors errors = {.raise = fuzz_ignore_error};
static struct env_crypto *crypto;
static struct env_named_sealed *sealed;
static uint8_t *again;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = env_crypto_new(NULL, NULL);
    sealed = env_secret_alloc(sizeof(*sealed));
    again = env_secret_alloc(ENV_NAMED_SEALED_MAX);
    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    FUZZ_DEMAND(sealed != NULL && again != NULL);
    return 0;
}

static bool is_terminated(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

static void check_clear(const struct env_named_clear *clear)
{
    FUZZ_DEMAND(is_terminated(clear->name, sizeof(clear->name)) &&
                env_named_name_is(clear->name, strlen(clear->name)));
    FUZZ_DEMAND(clear->number >= 1 && clear->number <= ENV_NAMED_NUMBER_MAX);
    FUZZ_DEMAND(clear->use_count >= 1 && clear->use_count <= ENV_NAMED_USES_MAX);
    FUZZ_DEMAND(clear->stand_in_count <= ENV_NAMED_STAND_INS_MAX);
    FUZZ_DEMAND(is_terminated(clear->owner, sizeof(clear->owner)));
    for (size_t i = 0; i < clear->use_count; i++)
        FUZZ_DEMAND(is_terminated(clear->uses[i], sizeof(clear->uses[i])));
    for (size_t i = 0; i < clear->stand_in_count; i++)
        FUZZ_DEMAND(is_terminated(clear->stand_ins[i].application,
                                  sizeof(clear->stand_ins[i].application)));
    (void)env_uses_of(clear);
}

static void fuzz_clear(struct env_span der)
{
    struct env_named_clear clear;
    uint8_t *written = NULL;
    size_t len = 0;

    if (!env_ok(env_named_clear_decode(der, &clear)))
        return;
    check_clear(&clear);
    FUZZ_DEMAND(env_ok(env_named_clear_encode(&clear, &written, &len)));
    FUZZ_DEMAND(len == der.len && memcmp(written, der.data, len) == 0);
    OPENSSL_free(written);
}

static void fuzz_sealed(struct env_span der)
{
    size_t len = 0;

    if (!env_ok(env_named_sealed_decode(der, sealed))) {
        FUZZ_DEMAND(sealed->key_len == 0 && sealed->key[0] == 0);
        return;
    }
    FUZZ_DEMAND(sealed->key_len >= 1 && sealed->key_len <= ENV_NAMED_KEY_MAX);
    FUZZ_DEMAND(sealed->stand_in_count <= ENV_NAMED_STAND_INS_MAX);
    FUZZ_DEMAND(env_ok(env_named_sealed_encode(sealed, again, &len)));
    FUZZ_DEMAND(len == der.len && memcmp(again, der.data, len) == 0);
    OPENSSL_cleanse(sealed, sizeof(*sealed));
}

static void fuzz_file(struct env_span bytes)
{
    struct env_key_file *file = NULL;

    if (!env_ok(env_key_file_parse(&errors, crypto, "input", bytes, &file)))
        return;
    check_clear(&file->clear);
    FUZZ_DEMAND(file->len == bytes.len && memcmp(file->bytes, bytes.data, bytes.len) == 0);
    FUZZ_DEMAND(file->header_der.len + file->floe.len == file->len);
    FUZZ_DEMAND(file->header->content == ENV_CONTENT_NAMED_KEY);
    (void)env_key_file_has_aes(file);
    env_key_file_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    switch (fuzz_byte(&in) % 3) {
    case 0:
        fuzz_file((struct env_span){in.data, in.len});
        break;
    case 1:
        fuzz_clear((struct env_span){in.data, in.len});
        break;
    default:
        fuzz_sealed((struct env_span){in.data, in.len});
        break;
    }
    return 0;
}
