/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages and sealed keys through EVP to opening.c, with fake KEKs of AES and of RSA. The
 * first bytes of an input choose the cipher, whether buffers are in place, how large the updates
 * are, and whether it is re-wrapped, or opened by an EVP_PKEY, instead; the rest is the
 * message.
 *
 * The output, in whatever pieces, is a beginning of the result of reference_opening.c, and all of
 * it if and only if that is complete. A failed call leaves nothing unverified in the buffer, and no
 * call writes more than the contract allows.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "envelope/message/dek_rewrap.h"
#include "fake_keyring.h"
#include "message_mutator.h"
#include "pkey_opening.h"
#include "reference_opening.h"

#define CONTROL 8u
#define RSA_KEK 3u /* the first of two, behind those of AES */
#define UNTOUCHED 0xA5

enum control { IS_64K = 1, IN_PLACE = 2, REWRAP = 4, BY_PKEY = 8, FOR_ALL = 16 };

#define GUARD                                                                                      \
    64u /* bytes that nothing may be written to, for what AddressSanitizer does not see            \
         */
#define BLOCK 4128u
#define BLOCK_64K 65568u

struct run {
    EVP_CIPHER_CTX *ctx;
    bool in_place;
    const struct reference *expected;
    size_t released;
};

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER *ciphers[2];
static EVP_CIPHER *rewrapper;
static EVP_CIPHER_CTX *contexts[2];
static const struct env_dek_context *dek_context;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    reference_prepare();
    fake_make_rsa(RSA_KEK, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-2048.pem");
    fake_make_rsa(RSA_KEK + 1, ENV_WRAP_RSA_OAEP_SHA1, "rsa/kek-2048.pem");
    libctx = fake_libctx_new();
    pkey_prepare(libctx);
    ciphers[0] = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ciphers[1] = EVP_CIPHER_fetch(libctx, "ENVELOPE-64K", NULL);
    rewrapper = EVP_CIPHER_fetch(libctx, "ENVELOPE-REWRAP", NULL);
    for (int i = 0; i < 2; i++)
        contexts[i] = EVP_CIPHER_CTX_new();
    dek_context = &((struct env_provctx *)OSSL_PROVIDER_get0_provider_ctx(
                        EVP_CIPHER_get0_provider(rewrapper)))
                       ->dek;
    return 0;
}

/* A call that failed left untouched bytes, zeros, its own input, or verified plaintext. */
static void check_left_behind(const struct run *run, const uint8_t *out, size_t room,
                              const uint8_t *in, size_t in_len)
{
    for (size_t i = 0; i < room; i++) {
        size_t at = run->released + i;

        FUZZ_DEMAND(out[i] == UNTOUCHED || out[i] == 0 ||
                    (run->in_place && i < in_len && out[i] == in[i]) ||
                    (at < run->expected->len && out[i] == run->expected->data[at]));
    }
}

/* One update, or final when in is NULL, with exactly the room that the contract asks for. */
static bool call(struct run *run, const uint8_t *in, size_t len, size_t room)
{
    bool in_place = run->in_place && in != NULL;
    uint8_t *buffer = malloc(room + GUARD);
    int n = -1;
    bool ok;

    FUZZ_DEMAND(buffer != NULL);
    memset(buffer, UNTOUCHED, room + GUARD);
    if (in_place)
        memcpy(buffer, in, len);
    ok = in != NULL ? EVP_CipherUpdate(run->ctx, buffer, &n, in_place ? buffer : in, (int)len) == 1
                    : EVP_CipherFinal_ex(run->ctx, buffer, &n) == 1;
    FUZZ_DEMAND(n >= 0 && (size_t)n <= room);
    for (size_t i = 0; i < GUARD; i++)
        FUZZ_DEMAND(buffer[room + i] == UNTOUCHED);
    if (ok) {
        FUZZ_DEMAND(run->released + (size_t)n <= run->expected->len);
        FUZZ_DEMAND(n == 0 || memcmp(buffer, run->expected->data + run->released, (size_t)n) == 0);
        run->released += (size_t)n;
    } else {
        FUZZ_DEMAND(n == 0);
        FUZZ_DEMAND(fake_last_reason() != 0 && fake_last_reason() != ENV_R_INTERNAL);
        check_left_behind(run, buffer, room, in, in != NULL ? len : 0);
    }
    free(buffer);
    return ok;
}

static size_t step_from(uint8_t control)
{
    if (control < 64)
        return control + 1u;
    if (control < 192)
        return (control - 63u) * 37u;
    return (control - 191u) * 500u;
}

static bool stream(struct run *run, const uint8_t control[CONTROL], bool is_64k, struct env_span in)
{
    size_t turn = 1;

    while (in.len > 0) {
        size_t step = is_64k ? in.len : step_from(control[turn]);

        step = step < in.len ? step : in.len;
        /* one update of ENVELOPE-64K may be small: then it has as much room as ENVELOPE's */
        if (!call(run, in.data, step, step + 32))
            return false;
        in.data += step;
        in.len -= step;
        turn = turn % (CONTROL - 1) + 1;
    }
    return call(run, NULL, 0, is_64k ? BLOCK_64K : BLOCK);
}

/* ---- re-wrapping ---- */

/* Everything through ENVELOPE-REWRAP; false when it fails. What came out is in *out. */
static bool rewrap(const uint8_t control[CONTROL], struct env_span in, uint8_t *out,
                   size_t *out_len)
{
    size_t turn = 1;
    bool ok = EVP_CipherInit_ex2(contexts[0], rewrapper, NULL, NULL, 1, NULL) == 1;

    FUZZ_DEMAND(ok);
    *out_len = 0;
    while (ok && in.len > 0) {
        size_t step = step_from(control[turn]) < in.len ? step_from(control[turn]) : in.len;
        int n = -1;

        ok = EVP_CipherUpdate(contexts[0], out + *out_len, &n, in.data, (int)step) == 1;
        FUZZ_DEMAND(n >= 0 && (size_t)n <= step + 32 && (ok || n == 0));
        *out_len += (size_t)n;
        in.data += step;
        in.len -= step;
        turn = turn % (CONTROL - 1) + 1;
    }
    if (ok) {
        int n = -1;

        ok = EVP_CipherFinal_ex(contexts[0], out + *out_len, &n) == 1;
        FUZZ_DEMAND(n >= 0 && n <= (int)BLOCK && (ok || n == 0));
        *out_len += (size_t)n;
    }
    FUZZ_DEMAND(ok || (fake_last_reason() != 0 && fake_last_reason() != ENV_R_INTERNAL));
    return ok;
}

/* The new header opens to the same DEK, the body is the same, and a bad header gives no output. */
static void check_rewrapped(struct env_span in, const uint8_t *out, size_t out_len, bool rewrapped)
{
    size_t old_headers = reference_headers_len(in.data, in.len);
    size_t new_headers = reference_headers_len(out, out_len);
    uint8_t old_dek[ENV_DEK_LEN];
    uint8_t new_dek[ENV_DEK_LEN];
    bool opens = reference_dek(in.data, in.len, old_dek);

    if (!rewrapped) {
        FUZZ_DEMAND(opens || out_len == 0);
        return;
    }
    if (!opens) { /* a sealed key has no body */
        FUZZ_DEMAND(reference_sealed_key(in.data, in.len, NULL, old_dek) &&
                    reference_sealed_key(out, out_len, NULL, new_dek));
        FUZZ_DEMAND(memcmp(old_dek, new_dek, ENV_DEK_LEN) == 0);
        return;
    }
    FUZZ_DEMAND(new_headers > 0 && reference_dek(out, out_len, new_dek));
    FUZZ_DEMAND(memcmp(old_dek, new_dek, ENV_DEK_LEN) == 0);
    FUZZ_DEMAND(in.len - old_headers == out_len - new_headers);
    FUZZ_DEMAND(
        memcmp(in.data + old_headers - 74, out + new_headers - 74, in.len - old_headers + 74) == 0);
}

/* Whether the header that in begins with needs no re-wrapping. */
static bool check_current(struct env_span in)
{
    static const struct env_selector todays;
    struct env_span der = {in.data, 0};
    struct env_header *header = NULL;
    bool current = false;

    if (!env_ok(env_header_length(
            (struct env_span){in.data, in.len < ENV_HEADER_PEEK ? in.len : ENV_HEADER_PEEK},
            &der.len)) ||
        der.len > in.len || !env_ok(env_dek_read_any_header(der, &header)))
        return false;
    FUZZ_DEMAND(env_ok(env_dek_is_current(dek_context, &todays, header, der, &current)));
    FUZZ_DEMAND(current == reference_is_current(der, fake_default_count));
    OPENSSL_free(header);
    return current;
}

static void rewrap_message(const uint8_t control[CONTROL], struct env_span in)
{
    struct reference expected = {.data = malloc(in.len + 1)};
    uint8_t *out = malloc(in.len + 3 * BLOCK);
    uint8_t dek[ENV_DEK_LEN];
    size_t out_len = 0;
    bool rewrapped;

    FUZZ_DEMAND(expected.data != NULL && out != NULL);
    reference_open(in.data, in.len, 0x100000, &expected);
    expected.whole = expected.whole || reference_sealed_key(in.data, in.len, NULL, dek);
    ERR_clear_error();
    fake_default_count = (control[0] & FOR_ALL) != 0 ? RSA_KEK + 2 : 1;
    (void)check_current(in);
    ERR_clear_error();
    rewrapped = rewrap(control, in, out, &out_len);
    FUZZ_DEMAND(!rewrapped || check_current((struct env_span){out, out_len}));
    fake_default_count = 1;
    FUZZ_DEMAND(rewrapped || !expected.whole);
    check_rewrapped(in, out, out_len, rewrapped);
    free(expected.data);
    free(out);
}

static void open_message(const uint8_t control[CONTROL], struct env_span in)
{
    bool is_64k = (control[0] & IS_64K) != 0;
    struct reference expected = {.data = malloc(in.len + 1)};
    struct run run = {
        .ctx = contexts[is_64k], .in_place = (control[0] & IN_PLACE) != 0, .expected = &expected};
    bool opened;

    FUZZ_DEMAND(expected.data != NULL);
    reference_open(in.data, in.len, is_64k ? BLOCK_64K : BLOCK, &expected);
    ERR_clear_error();
    FUZZ_DEMAND(EVP_CipherInit_ex2(run.ctx, ciphers[is_64k], NULL, NULL, 0, NULL) == 1);
    opened = stream(&run, control, is_64k, in);
    FUZZ_DEMAND(opened == expected.whole);
    FUZZ_DEMAND(!opened || run.released == expected.len);
    if (!opened) {
        FUZZ_DEMAND(!call(&run, NULL, 0, BLOCK));
        FUZZ_DEMAND(fake_last_reason() == ENV_R_CONTEXT_FAILED);
    }
    free(expected.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env_span message;

    if (size < CONTROL || size > 60000)
        return 0;
    message = (struct env_span){data + CONTROL, size - CONTROL};
    if ((data[0] & REWRAP) != 0)
        rewrap_message(data, message);
    else if ((data[0] & BY_PKEY) != 0)
        pkey_open((data[0] & IS_64K) != 0, data[1], message.data, message.len);
    else
        open_message(data, message);
    FUZZ_DEMAND(fake_references() == pkey_references());
    ERR_clear_error();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size <= CONTROL || max_size <= CONTROL || seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 == 1) { /* what is done with the message, and the sizes of the updates */
        (void)LLVMFuzzerMutate(data, CONTROL, CONTROL);
        return size;
    }
    return CONTROL + message_mutate(data + CONTROL, size - CONTROL, max_size - CONTROL, seed / 8);
}
