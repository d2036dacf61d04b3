/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fork in the middle of messages: two processes must never go on sealing the same one (they would
 * use one DEK, and the same IVs drawn ahead). Opening goes on in both.
 */
#include <openssl/err.h>
#include <string.h>
#include <sys/mman.h>

#include "caller.h"
#include "child.h"
#include "fake_keyring.h"

#define PLAIN_LEN (5 * SEGMENT_PLAIN + 100)

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static unsigned char room[PLAIN_LEN + 2 * SEGMENT];
static int n;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(PLAIN_LEN, 50);
}

static void tear_down(void)
{
    bytes_free(&plain);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

typedef bool child_fn(int (*work)(void *arg), void *arg);

static bool is_plain(struct bytes opened)
{
    return opened.len == plain.len && memcmp(opened.data, plain.data, plain.len) == 0;
}

/* New messages, both ways, in whatever process this is. */
static bool new_messages_work(void)
{
    struct bytes sealed = caller_seal(libctx, plain);
    struct bytes opened = caller_open(libctx, sealed);
    bool ok = is_plain(opened);

    bytes_free(&sealed);
    bytes_free(&opened);
    return ok;
}

/* What a child may do with a sealing context whose message its parent began. */
static int may_not_go_on(void *arg)
{
    EVP_CIPHER_CTX *ctx = arg;

    ERR_clear_error();
    memset(room, 0xA5, sizeof(room));
    child_demand(EVP_CipherUpdate(ctx, room, &n, plain.data, 5000) == 0);
    child_demand(caller_reason() == ENV_R_FORKED_WHILE_SEALING);
    child_demand(n == 0);
    child_demand(bytes_are((struct bytes){room, sizeof(room), 0}, 0xA5));
    child_demand(EVP_CipherFinal_ex(ctx, room, &n) == 0);
    child_demand(caller_reason() == ENV_R_CONTEXT_FAILED);
    child_demand(new_messages_work());
    /* the context is good for messages of the child's own */
    child_demand(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL) == 1);
    child_demand(EVP_CipherUpdate(ctx, room, &n, plain.data, 10) == 1);
    child_demand(EVP_CipherFinal_ex(ctx, room, &n) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return 0;
}

static int may_not_end_it(void *arg)
{
    ERR_clear_error();
    child_demand(EVP_CipherFinal_ex(arg, room, &n) == 0);
    child_demand(caller_reason() == ENV_R_FORKED_WHILE_SEALING);
    return 0;
}

static int may_not_copy_it(void *arg)
{
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();

    ERR_clear_error();
    child_demand(EVP_CIPHER_CTX_copy(copy, arg) == 0);
    child_demand(caller_reason() == ENV_R_COPY_WHILE_SEALING);
    EVP_CIPHER_CTX_free(copy);
    return 0;
}

static int grandchild_may_not_either(void *arg)
{
    child_demand(in_child(may_not_end_it, arg));
    child_demand(in_raw_child(may_not_go_on, arg));
    return 0;
}

/* After the first bytes, within a segment, at its end, and with the IVs of a batch half used. */
START_TEST(sealing_goes_on_in_its_own_process_alone)
{
    static const size_t points[] = {1, 4095, 4096, 4097, 9000, 5 * SEGMENT_PLAIN, PLAIN_LEN};
    child_fn *const fork_with = _i == 0 ? in_child : in_raw_child;

    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
        struct bytes sealed = bytes_new(0);
        struct bytes opened;

        caller_update(ctx, plain.data, points[i], &sealed);
        ck_assert(fork_with(may_not_go_on, ctx));
        ck_assert(fork_with(may_not_end_it, ctx));
        ck_assert(fork_with(may_not_copy_it, ctx));
        ck_assert(fork_with(grandchild_may_not_either, ctx));
        /* the parent goes on, and what it makes opens */
        caller_update(ctx, plain.data + points[i], plain.len - points[i], &sealed);
        caller_final(ctx, &sealed);
        opened = caller_open(libctx, sealed);
        ck_assert(is_plain(opened));
        bytes_free(&sealed);
        bytes_free(&opened);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

/* Before there is a DEK there is nothing to share: each process makes its own. */
static unsigned char *shared; /* what a child sealed */

static int seal_to_shared(void *arg)
{
    EVP_CIPHER_CTX *ctx = arg;
    int last = 0;

    child_demand(EVP_CipherUpdate(ctx, shared, &n, plain.data, 1000) == 1);
    child_demand(EVP_CipherFinal_ex(ctx, shared + n, &last) == 1);
    return 0;
}

START_TEST(after_a_fork_both_processes_seal_messages_of_their_own)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    struct bytes first = bytes_of(plain.data, 1000);
    struct bytes mine;
    size_t headers;

    shared = mmap(NULL, sizeof(room), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    ck_assert(in_child(seal_to_shared, ctx));
    mine = caller_finish(ctx, first, 1000);
    headers = message_headers_len(mine);
    /* neither the MAC nor FLOE's IV, its tag and the first segment's IV are the same */
    for (size_t i = headers - 74 - 32; i < headers + 16; i += 8) {
        if (i >= headers - 74 && i < headers - 64)
            continue; /* FLOE's parameters */
        ck_assert(memcmp(mine.data + i, shared + i, 4) != 0 || (i >= headers && i < headers + 4));
    }
    bytes_free(&first);
    first = bytes_of(shared, mine.len);
    bytes_free(&mine);
    mine = caller_open(libctx, first);
    ck_assert_uint_eq(mine.len, 1000);
    ck_assert_mem_eq(mine.data, plain.data, 1000);
    ck_assert_int_eq(munmap(shared, sizeof(room)), 0);
    bytes_free(&first);
    bytes_free(&mine);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

/* ---- opening ---- */

struct opener {
    EVP_CIPHER_CTX *ctx;
    struct bytes sealed;
    struct bytes out;
    size_t done;
};

static bool goes_on(struct opener *o)
{
    caller_update(o->ctx, o->sealed.data + o->done, o->sealed.len - o->done, &o->out);
    caller_final(o->ctx, &o->out);
    return is_plain(o->out);
}

static int goes_on_in_child(void *arg)
{
    child_demand(goes_on(arg));
    child_demand(new_messages_work());
    return 0;
}

START_TEST(opening_goes_on_in_both_processes)
{
    child_fn *const fork_with = _i == 0 ? in_child : in_raw_child;
    struct bytes sealed = caller_seal(libctx, plain);

    for (size_t point = 0; point <= sealed.len; point += 1111) {
        struct opener o = {caller_begin(libctx, "ENVELOPE", 0), sealed, bytes_new(0), point};

        caller_update(o.ctx, sealed.data, point, &o.out);
        ck_assert(fork_with(goes_on_in_child, &o));
        ck_assert(goes_on(&o));
        bytes_free(&o.out);
        EVP_CIPHER_CTX_free(o.ctx);
    }
    bytes_free(&sealed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: fork in the middle of a message");
    TCase *tcase = tcase_create("fork");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, sealing_goes_on_in_its_own_process_alone, 0, 2);
    tcase_add_test(tcase, after_a_fork_both_processes_seal_messages_of_their_own);
    tcase_add_loop_test(tcase, opening_goes_on_in_both_processes, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
