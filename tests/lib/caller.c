/* SPDX-License-Identifier: Apache-2.0 */
#include "caller.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

struct bytes bytes_new(size_t len)
{
    struct bytes bytes = {calloc(len > 0 ? len : 1, 1), len, len};

    ck_demand(bytes.data != NULL, "memory");
    return bytes;
}

struct bytes bytes_of(const void *data, size_t len)
{
    struct bytes bytes = bytes_new(len);

    if (len > 0)
        memcpy(bytes.data, data, len);
    return bytes;
}

struct bytes bytes_plain(size_t len, uint64_t seed)
{
    struct bytes bytes = bytes_new(len);

    for (size_t i = 0; i < len;) {
        unsigned char byte = (unsigned char)(next_random(&seed) >> 32);

        if (byte != 0 && byte != 0xA5)
            bytes.data[i++] = byte;
    }
    return bytes;
}

void bytes_append(struct bytes *to, const void *data, size_t len)
{
    if (len == 0)
        return;
    if (to->capacity - to->len < len) {
        to->capacity = 2 * (to->len + len);
        to->data = realloc(to->data, to->capacity);
        ck_demand(to->data != NULL, "memory");
    }
    memcpy(to->data + to->len, data, len);
    to->len += len;
}

bool bytes_are(struct bytes bytes, unsigned char value)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != value)
            return false;
    }
    return true;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

/* xorshift64*: good enough to choose sizes, the same everywhere. */
uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state != 0 ? *state : 0x9E3779B97F4A7C15u;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Du;
}

size_t random_between(uint64_t *state, size_t low, size_t high)
{
    return low + (size_t)((next_random(state) >> 11) % (high - low + 1));
}

/* ---- messages ---- */

EVP_CIPHER_CTX *caller_begin(OSSL_LIB_CTX *libctx, const char *cipher, int sealing)
{
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(libctx, cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    ck_assert_ptr_nonnull(fetched);
    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, fetched, NULL, NULL, sealing, NULL), 1);
    EVP_CIPHER_free(fetched);
    return ctx;
}

void caller_update(EVP_CIPHER_CTX *ctx, const void *in, size_t len, struct bytes *out)
{
    size_t block = (size_t)EVP_CIPHER_CTX_get_block_size(ctx);
    struct bytes room = bytes_new(len + block);
    int n = -1;

    if (EVP_CipherUpdate(ctx, room.data, &n, in, (int)len) != 1) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("an update of %zu bytes failed", len);
    }
    ck_demand(n >= 0, "a length of %d", n);
    bytes_append(out, room.data, (size_t)n);
    bytes_free(&room);
}

void caller_final(EVP_CIPHER_CTX *ctx, struct bytes *out)
{
    struct bytes room = bytes_new((size_t)EVP_CIPHER_CTX_get_block_size(ctx));
    int n = -1;

    if (EVP_CipherFinal_ex(ctx, room.data, &n) != 1) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("final failed");
    }
    ck_demand(n >= 0, "a length of %d", n);
    bytes_append(out, room.data, (size_t)n);
    bytes_free(&room);
}

struct bytes caller_finish(EVP_CIPHER_CTX *ctx, struct bytes in, size_t step)
{
    struct bytes out = bytes_new(0);

    for (size_t done = 0; done < in.len; done += step)
        caller_update(ctx, in.data + done, in.len - done < step ? in.len - done : step, &out);
    caller_final(ctx, &out);
    return out;
}

static struct bytes whole(OSSL_LIB_CTX *libctx, struct bytes in, int sealing)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
    struct bytes out = caller_finish(ctx, in, LARGEST_UPDATE);

    EVP_CIPHER_CTX_free(ctx);
    return out;
}

struct bytes caller_seal(OSSL_LIB_CTX *libctx, struct bytes plain)
{
    return whole(libctx, plain, 1);
}

struct bytes caller_open(OSSL_LIB_CTX *libctx, struct bytes sealed)
{
    return whole(libctx, sealed, 0);
}

/* SEQUENCE with a length of two bytes or of one: read by hand, not by what is under test. */
size_t message_headers_len(struct bytes message)
{
    size_t len;

    ck_assert_uint_gt(message.len, 4);
    ck_assert_uint_eq(message.data[0], 0x30);
    if (message.data[1] == 0x82) {
        len = 4 + ((size_t)message.data[2] << 8 | message.data[3]);
    } else {
        ck_assert_uint_eq(message.data[1], 0x81);
        len = 3 + (size_t)message.data[2];
    }
    return len + 74;
}

/* ---- errors ---- */

int caller_reason(void)
{
    unsigned long error;
    int reason = ENV_R_NONE;

    /* oldest first; a provider's library number is handed out at run time, above the fixed ones */
    while ((error = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(error) >= ERR_LIB_USER)
            reason = ERR_GET_REASON(error);
    }
    return reason;
}

/* ---- running ---- */

int caller_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
