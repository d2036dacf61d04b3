/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fields write: an update at most 32 bytes more than it gets, final at most 32, both together
 * no more than the input and a block; in place; never past these limits.
 */
#include <openssl/err.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_keyring.h"
#include "field_calls.h"

#define CANARY 0xA5
#define BLOCK 64u
#define STRICT 32u

static OSSL_LIB_CTX *libctx;
static struct bytes users, email;
static uint64_t state;

static void set_up(void)
{
    fake_reset();
    fake_field_reset();
    libctx = fake_field_libctx("");
    users = field_key_text(STAND_IN_USERS);
    email = field_key_text(STAND_IN_EMAIL);
    state = 20261201;
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    bytes_free(&users);
    bytes_free(&email);
}

static struct field_call usual(bool deterministic)
{
    return (struct field_call){.libctx = libctx,
                               .cipher = deterministic ? DETERMINISTIC : FIELD,
                               .key = deterministic ? email : users,
                               .context = "users.otp"};
}

/* One call into exactly as much room as a strict caller gives, with canaries behind it. */
static void watched_update(EVP_CIPHER_CTX *ctx, const unsigned char *in, size_t len,
                           struct bytes *out)
{
    struct bytes room = bytes_new(len + STRICT + 40);
    int n = -1;

    memset(room.data, CANARY, room.len);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, in, (int)len), 1);
    ck_demand(n >= 0 && (size_t)n <= len + STRICT, "%d bytes after %zu", n, len);
    ck_assert(
        bytes_are((struct bytes){.data = room.data + n, .len = room.len - (size_t)n}, CANARY));
    bytes_append(out, room.data, (size_t)n);
    bytes_free(&room);
}

static void watched_final(EVP_CIPHER_CTX *ctx, size_t most, struct bytes *out)
{
    unsigned char room[BLOCK + 40];
    int n = -1;

    memset(room, CANARY, sizeof(room));
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room, &n), 1);
    ck_demand(n >= 0 && (size_t)n <= most, "final writes %d bytes", n);
    ck_assert(bytes_are((struct bytes){.data = room + n, .len = sizeof(room) - (size_t)n}, CANARY));
    bytes_append(out, room, (size_t)n);
}

START_TEST(random_updates_keep_the_contract)
{
    struct field_call call = usual(false);

    for (int i = 0; i < 400; i++) {
        struct bytes value = bytes_plain(random_between(&state, 0, 900), 1), field = {0};
        EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

        for (size_t done = 0; done < value.len;) {
            size_t n = random_between(&state, 1, i % 3 == 0 ? 3 : 300);

            n = n < value.len - done ? n : value.len - done;
            watched_update(ctx, value.data + done, n, &field);
            done += n;
            ck_assert_uint_ge(field.len, done);
        }
        watched_final(ctx, value.len > 0 ? STRICT : BLOCK, &field);
        ck_assert_uint_eq(field.len, value.len + 49);
        field_opens(&call, field, value);
        EVP_CIPHER_CTX_free(ctx);
        bytes_free(&value);
        bytes_free(&field);
    }
}
END_TEST

START_TEST(one_update_keeps_the_contract)
{
    struct field_call call = usual(_i == 1);

    for (size_t len = 1; len < 5000; len += len < 200 ? 1 : 397) {
        struct bytes value = bytes_plain(len, 2), field = {0}, opened = {0};
        EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

        watched_update(ctx, value.data, len, &field);
        watched_final(ctx, STRICT, &field);
        ck_assert_uint_eq(field.len, len + (_i == 1 ? 25 : 49));
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
        watched_update(ctx, field.data, field.len, &opened);
        watched_final(ctx, 0, &opened);
        ck_assert_uint_eq(opened.len, len);
        ck_assert_mem_eq(opened.data, value.data, len);
        EVP_CIPHER_CTX_free(ctx);
        bytes_free(&value);
        bytes_free(&field);
        bytes_free(&opened);
    }
}
END_TEST

/* The output before, at and behind the input, in one buffer. */
START_TEST(overlapping_buffers_work)
{
    struct field_call call = usual(_i == 1);
    const size_t lengths[] = {1, 31, 32, 33, 64, 100, 4096};

    for (size_t l = 0; l < 7; l++) {
        for (int shift = -40; shift <= 40; shift++) {
            const size_t len = lengths[l];
            struct bytes value = bytes_plain(len, 3), buffer = bytes_new(2 * len + 300);
            unsigned char *in = buffer.data + 100, *out = in + shift;
            EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
            struct bytes field = {0};
            int n = 0;

            memcpy(in, value.data, len);
            ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, (int)len), 1);
            bytes_append(&field, out, (size_t)n);
            watched_final(ctx, STRICT, &field);
            field_opens(&call, field, value);
            memcpy(buffer.data + 100, field.data, field.len);
            ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
            ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, (int)field.len), 1);
            ck_assert_int_eq(n, (int)len);
            ck_assert_mem_eq(out, value.data, len);
            EVP_CIPHER_CTX_free(ctx);
            bytes_free(&field);
            bytes_free(&value);
            bytes_free(&buffer);
        }
    }
}
END_TEST

/* ---- pieces ---- */

START_TEST(a_second_update_is_refused_where_one_is_all)
{
    struct field_call sealing = usual(true), opening = usual(false);
    struct bytes value = bytes_plain(5000, 4), field = field_seal(&opening, value), out = {0}, part;
    EVP_CIPHER_CTX *ctx = field_begin(&sealing, 1);
    unsigned char room[8192];
    int n = 7;

    /* what a caller has by then opens nowhere */
    watched_update(ctx, value.data, 4096, &out);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, value.data + 4096, 904), ENV_R_FIELD_SECOND_UPDATE);
    ck_assert_int_eq(n, 0);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
    field_refused(&sealing, out, ENV_R_FIELD_NOT_AUTHENTIC);
    EVP_CIPHER_CTX_free(ctx);
    /* a field in pieces: the first alone does not verify */
    ctx = field_begin(&opening, 0);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, field.data, 4096), ENV_R_FIELD_NOT_AUTHENTIC);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, field.data + 4096, 904), ENV_R_CONTEXT_FAILED);
    EVP_CIPHER_CTX_free(ctx);
    /* and one with something behind it */
    ctx = field_begin(&opening, 0);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, field.data, (int)field.len), 1);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, field.data, 1), ENV_R_FIELD_SECOND_UPDATE);
    EVP_CIPHER_CTX_free(ctx);
    part = (struct bytes){.data = value.data, .len = 0};
    ck_refused(field_run(&sealing, 1, part, &part), ENV_R_FIELD_NO_UPDATE);
    bytes_free(&part);
    bytes_free(&value);
    bytes_free(&field);
    bytes_free(&out);
}
END_TEST

START_TEST(updates_of_nothing_are_no_updates)
{
    struct field_call call = usual(false), equal = usual(true);
    struct bytes value = bytes_plain(20, 5), empty = {0}, field = {0}, opened = {0};
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

    watched_update(ctx, value.data, 0, &field);
    ck_assert_uint_eq(field.len, 0);
    watched_final(ctx, BLOCK, &field);
    ck_assert_uint_eq(field.len, 49);
    field_opens(&call, field, empty);
    bytes_free(&field);
    ck_assert_int_eq(field_init(ctx, &equal, 1), 1);
    watched_update(ctx, value.data, 0, &field);
    watched_update(ctx, value.data, 20, &field);
    watched_update(ctx, value.data, 0, &field);
    watched_final(ctx, STRICT, &field);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
    watched_update(ctx, field.data, 0, &opened);
    watched_update(ctx, field.data, field.len, &opened);
    watched_update(ctx, field.data, 0, &opened);
    watched_final(ctx, 0, &opened);
    ck_assert_mem_eq(opened.data, value.data, 20);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&value);
    bytes_free(&field);
    bytes_free(&opened);
}
END_TEST

START_TEST(input_without_output_is_refused)
{
    struct field_call call = usual(_i == 1);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
    unsigned char in[16] = {1};
    int n = 7;

    ck_refused(EVP_CipherUpdate(ctx, NULL, &n, in, 16), ENV_R_NO_OUTPUT_BUFFER);
    ck_assert_int_eq(n, 0);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

/* ---- life cycle ---- */

START_TEST(a_kept_context_begins_anew_with_init_and_no_key)
{
    struct field_call call = usual(_i == 1);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
    struct bytes value = bytes_plain(40, 6);

    for (int i = 0; i < 5; i++) {
        struct bytes field = {0}, opened = {0};

        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
        watched_update(ctx, value.data, value.len, &field);
        watched_final(ctx, STRICT, &field);
        field_opens(&call, field, value);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
        watched_update(ctx, field.data, field.len, &opened);
        watched_final(ctx, 0, &opened);
        ck_assert_mem_eq(opened.data, value.data, value.len);
        bytes_free(&field);
        bytes_free(&opened);
    }
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&value);
}
END_TEST

START_TEST(a_value_that_ended_or_failed_goes_on_only_after_init)
{
    struct field_call call = usual(_i == 1);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
    unsigned char in[100] = {1}, room[200];
    int n = 0, sealed;

    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, in, 20), 1);
    sealed = n;
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room + sealed, &n), 1);
    sealed += n;
    ck_refused(EVP_CipherUpdate(ctx, in, &n, in, 20), ENV_R_MESSAGE_FINISHED);
    ck_refused(EVP_CipherFinal_ex(ctx, in, &n), ENV_R_CONTEXT_FAILED);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
    room[sealed - 1] ^= 1;
    ck_refused(EVP_CipherUpdate(ctx, in, &n, room, sealed), ENV_R_FIELD_NOT_AUTHENTIC);
    room[sealed - 1] ^= 1;
    ck_refused(EVP_CipherUpdate(ctx, in, &n, room, sealed), ENV_R_CONTEXT_FAILED);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, in, &n, room, sealed), 1);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(parameters_are_fixed_while_a_value_is_sealed)
{
    struct field_call call = usual(false);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
    const OSSL_PARAM params[] = {OSSL_PARAM_octet_string("context", (void *)(uintptr_t) "d", 1),
                                 OSSL_PARAM_END};
    unsigned char in[20] = {1}, room[80];
    int n = 0;

    ck_assert_int_eq(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, in, 20), 1);
    ck_refused(EVP_CIPHER_CTX_set_params(ctx, params), ENV_R_PARAMETER_TOO_LATE);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room, &n), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(a_value_that_is_being_sealed_is_not_copied)
{
    struct field_call call = usual(false);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1), *copy = EVP_CIPHER_CTX_new();
    struct bytes value = bytes_plain(20, 7), field = {0};
    unsigned char room[80];
    int n = 0;

    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1); /* nothing has begun */
    watched_update(copy, value.data, value.len, &field);
    watched_final(copy, STRICT, &field);
    field_opens(&call, field, value);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, value.data, 20), 1);
    ck_refused(EVP_CIPHER_CTX_copy(copy, ctx), ENV_R_COPY_WHILE_SEALING);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room, &n), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_CTX_free(copy);
    bytes_free(&value);
    bytes_free(&field);
}
END_TEST

START_TEST(copies_have_their_own_key_bytes_and_parameters)
{
    struct bytes form = field_key_form(STAND_IN_USERS, (struct bytes){0}, NULL, "users.otp");
    struct field_call by_form = {.libctx = libctx, .cipher = FIELD, .key = form};
    struct field_call calls[] = {usual(false), by_form};
    struct bytes value = bytes_plain(20, 8);

    for (size_t i = 0; i < 2; i++) {
        EVP_CIPHER_CTX *ctx = field_begin(&calls[i], 1), *copy = EVP_CIPHER_CTX_new();
        struct bytes field = {0};

        ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
        EVP_CIPHER_CTX_free(ctx);
        watched_update(copy, value.data, value.len, &field);
        watched_final(copy, STRICT, &field);
        field_opens(&calls[0], field, value);
        EVP_CIPHER_CTX_free(copy);
        bytes_free(&field);
    }
    bytes_free(&value);
    bytes_free(&form);
}
END_TEST

START_TEST(a_forked_child_does_not_go_on_and_draws_other_nonces)
{
    struct field_call call = usual(false);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);
    struct bytes value = bytes_plain(20, 9), field;
    unsigned char room[80], nonce[24];
    int n = 0, pipes[2], status = 0;
    pid_t child;

    field = field_seal(&call, value); /* random bytes are drawn ahead by now */
    bytes_free(&field);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, value.data, 20), 1);
    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ERR_clear_error();
        if (EVP_CipherFinal_ex(ctx, room, &n) != 0 || caller_reason() != ENV_R_FORKED_WHILE_SEALING)
            _exit(1);
        field = field_seal(&call, value);
        _exit(write(pipes[1], field.data + 9, 24) == 24 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq((int)read(pipes[0], nonce, 24), 24);
    for (int i = 0; i < 100; i++) {
        field = field_seal(&call, value);
        ck_assert_mem_ne(field.data + 9, nonce, 24);
        bytes_free(&field);
    }
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room, &n), 1);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&value);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}
END_TEST

START_TEST(numbers_are_as_the_manual_says)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, _i == 1 ? DETERMINISTIC : FIELD, NULL);
    struct field_call call = usual(_i == 1);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

    ck_assert_int_eq(EVP_CIPHER_get_key_length(cipher), 32);
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(cipher), 0);
    ck_assert_int_eq(EVP_CIPHER_get_block_size(cipher), 64);
    ck_assert_int_eq(EVP_CIPHER_get_mode(cipher), 0);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, 16), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), 16);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, 4608), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), 4608);
    ck_refused(EVP_CIPHER_CTX_set_key_length(ctx, 4609), ENV_R_FIELD_KEY_LENGTH);
    ck_refused(EVP_CIPHER_CTX_set_key_length(ctx, 15), ENV_R_FIELD_KEY_LENGTH);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: what fields write");
    TCase *tcase = tcase_create("contract");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, random_updates_keep_the_contract);
    tcase_add_loop_test(tcase, one_update_keeps_the_contract, 0, 2);
    tcase_add_loop_test(tcase, overlapping_buffers_work, 0, 2);
    tcase_add_test(tcase, a_second_update_is_refused_where_one_is_all);
    tcase_add_test(tcase, updates_of_nothing_are_no_updates);
    tcase_add_loop_test(tcase, input_without_output_is_refused, 0, 2);
    tcase_add_loop_test(tcase, a_kept_context_begins_anew_with_init_and_no_key, 0, 2);
    tcase_add_loop_test(tcase, a_value_that_ended_or_failed_goes_on_only_after_init, 0, 2);
    tcase_add_test(tcase, parameters_are_fixed_while_a_value_is_sealed);
    tcase_add_test(tcase, a_value_that_is_being_sealed_is_not_copied);
    tcase_add_test(tcase, copies_have_their_own_key_bytes_and_parameters);
    tcase_add_test(tcase, a_forked_child_does_not_go_on_and_draws_other_nonces);
    tcase_add_loop_test(tcase, numbers_are_as_the_manual_says, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
