/* SPDX-License-Identifier: Apache-2.0 */
#include "watched.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define CANARY 64u
#define CANARY_BYTE 0xA5

/* Worked out without the provider. */
static size_t allowance(const struct watched *w, size_t len)
{
    size_t plain = w->contract->segment - 32;

    if (!w->sealing || w->contract->segment == 0)
        return len + 32;
    return contract_allowance(w->contract, len, (w->done + len) / plain - w->done / plain);
}

/*
 * Calls with a buffer of `most` bytes: in turn one on the heap with nothing behind it, for ASan,
 * and one with canaries around it, for what ASan does not see (libcrypto's assembly). Bytes behind
 * those that the call says it wrote must not have changed.
 */
static void watched_call(struct watched *w, const unsigned char *in, size_t len, size_t most,
                         bool final)
{
    bool exact = (next_random(&w->state) >> 40 & 1) != 0;
    size_t before = exact ? 0 : CANARY;
    struct bytes buffer = bytes_new(before + most + before);
    int n = -1;
    int ok;

    memset(buffer.data, CANARY_BYTE, buffer.len);
    ok = final ? EVP_CipherFinal_ex(w->ctx, buffer.data + before, &n)
               : EVP_CipherUpdate(w->ctx, buffer.data + before, &n, in, (int)len);
    if (ok != 1) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("%s of %zu bytes after %zu failed", final ? "final" : "update", len, w->done);
    }
    ck_demand(n >= 0 && (size_t)n <= most, "%s of %zu after %zu wrote %d, allowed are %zu",
              final ? "final" : "update", len, w->done, n, most);
    bytes_append(&w->out, buffer.data + before, (size_t)n);
    memset(buffer.data + before, CANARY_BYTE, (size_t)n);
    ck_demand(bytes_are(buffer, CANARY_BYTE), "%s of %zu after %zu wrote beside its output",
              final ? "final" : "update", len, w->done);
    bytes_free(&buffer);
    w->done += len;
}

void watched_update(struct watched *w, const unsigned char *in, size_t len)
{
    /* a copy on the heap: reading past it is seen, and so is writing to it */
    struct bytes copy = bytes_of(in, len);

    watched_call(w, copy.data, len, allowance(w, len), false);
    ck_demand(len == 0 || memcmp(copy.data, in, len) == 0, "an update wrote to its input");
    bytes_free(&copy);
}

struct watched watch(OSSL_LIB_CTX *libctx, const struct contract *contract, int sealing, size_t len)
{
    return (struct watched){.ctx = caller_begin(libctx, contract->cipher, sealing),
                            .contract = contract,
                            .sealing = sealing,
                            .out = bytes_new(0),
                            .state = len + 1};
}

struct bytes watched_end(struct watched *w)
{
    watched_call(w, NULL, 0, w->contract->final_most, true);
    EVP_CIPHER_CTX_free(w->ctx);
    return w->out;
}
