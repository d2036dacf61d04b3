/* SPDX-License-Identifier: Apache-2.0 */
#include "tamper.h"

#include <openssl/err.h>
#include <string.h>

#define UNTOUCHED 0xA5

struct attempt {
    EVP_CIPHER_CTX *ctx;
    size_t block; /* the cipher's block size, which is its segment length */
    struct bytes plain;
    size_t verified;
    size_t released; /* bytes that have come out */
};

/*
 * The buffer of a call that failed: wiped, untouched, or plaintext of segments that were verified
 * before the one that was not (plain has neither zeros nor UNTOUCHED in it).
 */
static void check_left_behind(const struct attempt *a, struct bytes buffer)
{
    for (size_t i = 0; i < buffer.len; i++) {
        size_t at = a->released + i;
        bool known = at < a->verified && buffer.data[i] == a->plain.data[at];

        ck_demand(known || buffer.data[i] == 0 || buffer.data[i] == UNTOUCHED,
                  "byte %zu behind the verified ones was left in the buffer", i);
    }
}

/* One update, or final when in is NULL. Returns the reason of its failure. */
static int attempt_call(struct attempt *a, const unsigned char *in, size_t len)
{
    struct bytes buffer = bytes_new(len + a->block);
    int n = -1;
    int reason = ENV_R_NONE;
    int ok;

    memset(buffer.data, UNTOUCHED, buffer.len);
    ok = in != NULL ? EVP_CipherUpdate(a->ctx, buffer.data, &n, in, (int)len)
                    : EVP_CipherFinal_ex(a->ctx, buffer.data, &n);
    if (ok == 1) {
        size_t released = a->released + (size_t)n;

        ck_demand(n >= 0 && released <= a->verified, "%zu bytes came out, %zu were verified",
                  released, a->verified);
        ck_demand(memcmp(buffer.data, a->plain.data + a->released, (size_t)n) == 0,
                  "what came out is not the plaintext");
        a->released = released;
    } else {
        reason = caller_reason();
        ck_demand(n == 0, "a failure gave a length of %d", n);
        ck_demand(reason != ENV_R_NONE, "a failure without a reason");
        check_left_behind(a, buffer);
    }
    bytes_free(&buffer);
    return reason;
}

int try_to_open_cut(OSSL_LIB_CTX *libctx, const char *cipher, struct bytes message, size_t first,
                    size_t step, struct bytes plain, size_t verified)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, cipher, 0);
    struct attempt a = {ctx, (size_t)EVP_CIPHER_CTX_get_block_size(ctx), plain, verified, 0};
    int reason = ENV_R_NONE;
    size_t len = first;

    ERR_clear_error();
    for (size_t done = 0; done < message.len && reason == ENV_R_NONE; done += len, len = step) {
        len = message.len - done < len ? message.len - done : len;
        reason = attempt_call(&a, message.data + done, len);
    }
    if (reason == ENV_R_NONE)
        reason = attempt_call(&a, NULL, 0);
    if (reason != ENV_R_NONE) {
        ck_demand(attempt_call(&a, plain.data, 1) == ENV_R_CONTEXT_FAILED, "update after failure");
        ck_demand(attempt_call(&a, NULL, 0) == ENV_R_CONTEXT_FAILED, "final after failure");
        /* in one piece there was room for all of every verified segment */
        ck_demand(first < message.len || a.released % (a.block - 32) == 0,
                  "%zu bytes came out, which is not whole segments", a.released);
    }
    EVP_CIPHER_CTX_free(ctx);
    return reason;
}

int try_to_open(OSSL_LIB_CTX *libctx, struct bytes message, size_t step, struct bytes plain,
                size_t verified)
{
    return try_to_open_cut(libctx, "ENVELOPE", message, step, step, plain, verified);
}
