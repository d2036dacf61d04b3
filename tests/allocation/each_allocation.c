/* SPDX-License-Identifier: Apache-2.0 */
#include "each_allocation.h"

#include <openssl/err.h>
#include <string.h>

#include "envelope/format/header.h"
#include "failing_alloc.h"

#define RUNS_MAX 20000u
#define FIRST_RUNS 10u

OSSL_LIB_CTX *lib;
EVP_CIPHER *cipher;
EVP_CIPHER_CTX *ctx;
unsigned char out[ROOM];
size_t out_len;

/* ---- the runs ---- */

/* Reasons of ours that can be the want of memory: in a fetch or in an operation of libcrypto. */
static bool speaks_of_memory(int reason)
{
    return reason == ENV_R_NO_MEMORY || reason == ENV_R_NO_AES_GCM ||
           reason == ENV_R_CRYPTO_FAILED || reason == ENV_R_RANDOM_FAILED ||
           reason == ENV_R_AUDIT_FAILED;
}

/* What libcrypto says by itself, before it has called us or after, is its own business. */
static void check_errors(const struct operation *op, unsigned nth)
{
    unsigned long error = ERR_peek_error();

    ck_assert_msg(error != 0 || op->silent, "%s without allocation %u: no error", op->name, nth);
    while ((error = ERR_get_error()) != 0) {
        ck_assert_msg(ERR_GET_LIB(error) < ERR_LIB_USER || speaks_of_memory(ERR_GET_REASON(error)),
                      "%s without allocation %u: reason %d", op->name, nth, ERR_GET_REASON(error));
    }
}

/*
 * `first` says that it is the first operation of a provider: libcrypto fetches for it, and where it
 * had no memory to keep an algorithm it does not ask that algorithm's provider again. That was seen
 * of AES-GCM (3.0) and of what its random generator is made from (3.5).
 */
static void run_again(const struct operation *op, unsigned nth, bool first)
{
    int reason = 0;
    bool ok;

    ERR_clear_error();
    ok = op->run();
    if (!ok)
        reason = caller_reason();
    if (!ok && first && (reason == ENV_R_NO_AES_GCM || reason == ENV_R_RANDOM_FAILED))
        return;
    ck_assert_msg(ok, "%s does not work after the failure of allocation %u: reason %d", op->name,
                  nth, reason);
    op->check();
}

/* One run with the nth allocation failing; false when there was no such allocation. */
static bool run_without(const struct operation *op, unsigned nth, bool and_on, bool first)
{
    unsigned count;
    bool ok;

    op->prepare();
    ERR_clear_error();
    failing_alloc_arm(nth, and_on);
    ok = op->run();
    count = failing_alloc_disarm();
    if (ok)
        op->check();
    else if (count >= nth)
        check_errors(op, nth);
    else
        ck_abort_msg("%s fails", op->name);
    run_again(op, nth, first);
    op->clean();
    ck_assert_msg(fake_references() == 0, "%s keeps a KEK without allocation %u", op->name, nth);
    return count >= nth;
}

void run_all(const struct operation *op)
{
    for (int and_on = 0; and_on <= 1; and_on++) {
        unsigned nth = 1;

        while (run_without(op, nth, and_on != 0, false))
            ck_assert_uint_lt(++nth, RUNS_MAX);
        fprintf(stderr, "%s: %u allocations%s\n", op->name, nth - 1,
                and_on ? ", each with all that follow" : "");
    }
}

void run_first(const struct operation *op, unsigned part, unsigned parts)
{
    unsigned count;

    op->prepare();
    failing_alloc_arm(0, false);
    ck_assert(op->run());
    count = failing_alloc_disarm();
    op->clean();
    for (unsigned i = 0; i < FIRST_RUNS; i++) {
        unsigned nth = 1 + (i * parts + part) * count / (FIRST_RUNS * parts);

        (void)run_without(op, nth, false, true);
        (void)run_without(op, nth, true, true);
    }
    fprintf(stderr, "%s: %u allocations, %u of them\n", op->name, count, FIRST_RUNS);
}

/* ---- what many operations do ---- */

void fetch_cipher(const char *name)
{
    cipher = EVP_CIPHER_fetch(lib, name, NULL);
    ctx = EVP_CIPHER_CTX_new();
    ck_assert(cipher != NULL && ctx != NULL);
}

void free_cipher(void)
{
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    ctx = NULL;
    cipher = NULL;
}

bool run_cipher(int encrypting, struct bytes in)
{
    size_t done = 0;
    int n = 0;
    bool ok = EVP_CIPHER_CTX_reset(ctx) == 1 &&
              EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypting, NULL) == 1;

    out_len = 0;
    while (ok && done < in.len) {
        size_t step = in.len - done < 2000 ? in.len - done : 2000;
        bool in_place = done % 4000 == 0; /* that puts the input aside */

        if (in_place)
            memcpy(out + out_len, in.data + done, step);
        ok = EVP_CipherUpdate(ctx, out + out_len, &n, in_place ? out + out_len : in.data + done,
                              (int)step) == 1;
        out_len += ok ? (size_t)n : 0;
        done += step;
    }
    ok = ok && EVP_CipherFinal_ex(ctx, out + out_len, &n) == 1;
    out_len += ok ? (size_t)n : 0;
    return ok;
}

static size_t recipients_of(struct bytes message)
{
    struct env_header *header = OPENSSL_malloc(sizeof(*header));
    size_t len = 0;
    size_t count;

    ck_assert(env_ok(env_header_length((struct env_span){message.data, message.len}, &len)));
    ck_assert(env_ok(env_header_decode((struct env_span){message.data, len}, header)));
    count = header->count;
    OPENSSL_free(header);
    return count;
}

void each_opens(size_t keks, struct bytes plain)
{
    struct bytes message = bytes_of(out, out_len);

    ck_assert_uint_eq(recipients_of(message), keks);
    for (size_t present = 0; present < keks; present++) {
        struct bytes opened;
        bool was_absent[FAKE_KEKS];

        for (size_t i = 0; i < FAKE_KEKS; i++) {
            was_absent[i] = fake_keks[i].absent;
            fake_keks[i].absent = i != present;
        }
        opened = caller_open(lib, message);
        ck_assert_uint_eq(opened.len, plain.len);
        ck_assert_mem_eq(opened.data, plain.data, plain.len);
        bytes_free(&opened);
        for (size_t i = 0; i < FAKE_KEKS; i++)
            fake_keks[i].absent = was_absent[i];
    }
    bytes_free(&message);
}
