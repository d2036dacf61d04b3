/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing secret stays where it could be found. Each operation runs in a child that stops at
 * certain points; the parent, which alone computes what the secrets are, then looks through all of
 * the child's memory.
 *
 * - What a core dump would hold never has the DEK, a key derived from it, the PIN, or plaintext
 *   that was not released: one exception is libcrypto's AES context of a message half way.
 * - When the operation has ended, nor does any memory at all, left out of dumps or not.
 *
 * Registers are not looked at; a core dump has those too.
 */
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "envelope/base/reasons.h"
#include "kek_pkey.h"
#include "secrets.h"

/* ---- the child ---- */

static void stop(const char *stage, bool half_way, bool ended)
{
    board->stage = stage;
    board->half_way = half_way;
    board->ended = ended;
    board->arena = arena;
    (void)raise(SIGSTOP);
}

static int sealing(void *arg)
{
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE", 1);

    (void)arg;
    board->message_len = 0;
    child_demand(feed(ctx, board->plain, 2000, board->message, &board->message_len));
    stop("sealing: begun", true, false);
    child_demand(feed(ctx, board->plain + 2000, 5000, board->message, &board->message_len));
    stop("sealing: half way", true, false);
    child_demand(
        feed(ctx, board->plain + 7000, PLAIN_LEN - 7000, board->message, &board->message_len));
    child_demand(feed(ctx, NULL, 0, board->message, &board->message_len));
    stop("sealing: finished", false, true);
    EVP_CIPHER_CTX_free(ctx);
    stop("sealing: freed", false, true);
    return 0;
}

static int opening(void *arg)
{
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE", 0);
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    size_t n = 0;

    (void)arg;
    child_demand(feed(ctx, board->message, 100, board->opened, &n));
    stop("opening: in the header", false, false);
    child_demand(feed(ctx, board->message + 100, 6000, board->opened, &n));
    stop("opening: half way", true, false);
    child_demand(EVP_CIPHER_CTX_copy(copy, ctx) == 1);
    stop("opening: copied", true, false);
    EVP_CIPHER_CTX_free(copy);
    child_demand(feed(ctx, board->message + 6100, board->message_len - 6100, board->opened, &n));
    stop("opening: before final", true, false);
    child_demand(feed(ctx, NULL, 0, board->opened, &n) && n == PLAIN_LEN);
    stop("opening: finished", false, true);
    EVP_CIPHER_CTX_free(ctx);
    stop("opening: freed", false, true);
    return 0;
}

/* The second segment's tag is wrong: what was decrypted of it must not stay anywhere. */
static int failing(void *arg)
{
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE", 0);
    size_t n = 0;

    (void)arg;
    board->message[board->message_len - 2000] ^= 1;
    memset(board->opened, 0, sizeof(board->opened));
    child_demand(!feed(ctx, board->message, board->message_len, board->opened, &n) ||
                 !feed(ctx, NULL, 0, board->opened, &n));
    ERR_clear_error();
    board->message[board->message_len - 2000] ^= 1;
    stop("opening failed", false, true);
    EVP_CIPHER_CTX_free(ctx);
    return 0;
}

static int rewrapping(void *arg)
{
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE-REWRAP", 1);
    size_t n = 0;

    (void)arg;
    child_demand(feed(ctx, board->message, board->message_len, board->opened, &n));
    stop("re-wrapping: before final", false, false);
    child_demand(feed(ctx, NULL, 0, board->opened, &n));
    stop("re-wrapping: finished", false, true);
    EVP_CIPHER_CTX_free(ctx);
    stop("re-wrapping: freed", false, true);
    return 0;
}

static int sealed_keys(void *arg)
{
    EVP_PKEY *kek = kek_load(provider_ctx, "kek0");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(provider_ctx, kek, NULL);
    size_t secret_len = sizeof(board->secret);
    size_t again_len = sizeof(board->secret);

    (void)arg;
    board->sealed_key_len = sizeof(board->sealed_key);
    child_demand(EVP_PKEY_encapsulate_init(ctx, NULL) == 1);
    child_demand(EVP_PKEY_encapsulate(ctx, board->sealed_key, &board->sealed_key_len, board->secret,
                                      &secret_len) == 1);
    stop("encapsulating: done", false, true);
    child_demand(EVP_PKEY_decapsulate_init(ctx, NULL) == 1);
    child_demand(EVP_PKEY_decapsulate(ctx, board->opened, &again_len, board->sealed_key,
                                      board->sealed_key_len) == 1);
    child_demand(memcmp(board->opened, board->secret, sizeof(board->secret)) == 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(kek);
    stop("decapsulating: done", false, true);
    return 0;
}

static int short_messages(void *arg)
{
    EVP_PKEY *kek = kek_load(provider_ctx, "kek0");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(provider_ctx, kek, NULL);
    size_t n = ROOM;

    (void)arg;
    board->message_len = ROOM;
    child_demand(EVP_PKEY_encrypt_init(ctx) == 1);
    child_demand(
        EVP_PKEY_encrypt(ctx, board->message, &board->message_len, board->plain, PLAIN_LEN) == 1);
    stop("EVP_PKEY_encrypt: done", false, true);
    child_demand(EVP_PKEY_decrypt_init(ctx) == 1);
    child_demand(EVP_PKEY_decrypt(ctx, board->opened, &n, board->message, board->message_len) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(kek);
    stop("EVP_PKEY_decrypt: done", false, true);
    return 0;
}

static int key_wrap(void *arg)
{
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE-AES-256-WRAP", 1);
    size_t n = 0;
    size_t again = 0;

    (void)arg;
    child_demand(feed(ctx, board->secret, sizeof(board->secret), board->opened, &n) && n == 40);
    stop("key wrap: done", false, true);
    EVP_CIPHER_CTX_free(ctx);
    ctx = begin("ENVELOPE-AES-256-WRAP", 0);
    child_demand(feed(ctx, board->opened, 40, board->opened + 100, &again) && again == 32);
    EVP_CIPHER_CTX_free(ctx);
    stop("key unwrap: done", false, true);
    return 0;
}

static int generate(char *type, const char *label, const char *stage)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(provider_ctx, "ENVELOPE-KEK", NULL);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("label", (char *)(uintptr_t)label, 0),
        OSSL_PARAM_construct_utf8_string("type", type, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *kek = NULL;

    child_demand(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1);
    child_demand(EVP_PKEY_generate(ctx, &kek) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(kek);
    stop(stage, false, true);
    return 0;
}

static int generating(void *arg)
{
    char aes[] = "AES";
    char rsa[] = "RSA";

    (void)arg;
    child_demand(generate(aes, "an AES KEK", "generating an AES KEK: done") == 0);
    return generate(rsa, "an RSA KEK", "generating an RSA KEK: done");
}

/* The first operation of its process: the token refuses the PIN, which is another now. */
static int refused(void *arg)
{
    EVP_CIPHER_CTX *ctx;
    size_t n = 0;

    (void)arg;
    child_demand(in_child(secrets_forget_pin, NULL));
    ctx = begin("ENVELOPE", 1);
    child_demand(!feed(ctx, board->plain, 100, board->opened, &n));
    child_demand(ERR_GET_REASON(ERR_peek_last_error()) == ENV_R_PIN_WRONG);
    ERR_clear_error();
    EVP_CIPHER_CTX_free(ctx);
    stop("PIN refused", false, true);
    return 0;
}

/* ---- its parent ---- */

struct findings {
    unsigned bad;
    unsigned known; /* libcrypto's AES contexts */
    unsigned kept;  /* in memory that dumps leave out */
};

static bool is_inside(const struct arena *of, uintptr_t at)
{
    return at >= (uintptr_t)of->start && at < (uintptr_t)of->start + of->used;
}

static void judge(void *arg, const struct mapping *mapping, uintptr_t at,
                  const struct needle *needle)
{
    struct findings *findings = arg;

    if (at >= (uintptr_t)board && at < (uintptr_t)(board + 1))
        return;
    if (!mapping->dumped && !board->ended) {
        findings->kept++;
        return;
    }
    if (board->half_way && strcmp(needle->name, AES_KEY) == 0 && is_inside(&board->arena, at)) {
        findings->known++;
        return;
    }
    findings->bad++;
    fprintf(stderr, "%s: %s in %s at %p%s\n", board->stage, needle->name,
            is_inside(&board->arena, at) ? "the heap" : mapping->name, (void *)at,
            mapping->dumped ? "" : " (not in dumps)");
}

static void look_through(pid_t pid)
{
    static struct secrets secrets;
    struct findings findings = {0};
    size_t looked_through;

    secrets_compute(&secrets);
    looked_through = memory_search(pid, secrets.needles, secrets.count, judge, &findings);
    ck_assert_uint_gt(looked_through, 1u << 20);
    fprintf(stderr, "%s: %u in memory left out of dumps, %u in an AES context\n", board->stage,
            findings.kept, findings.known);
    ck_assert_msg(findings.bad == 0, "%s: %u secrets found", board->stage, findings.bad);
    /* no test of a search that finds nothing: half way there is something to be found */
    ck_assert(!board->half_way || findings.kept > 0);
}

/* Runs the work in a child and looks through its memory wherever it stops. */
static void watch_child(int (*work)(void *arg))
{
    (void)watch_stops(work, look_through);
}

START_TEST(sealing_leaves_no_secret)
{
    watch_child(sealing);
}
END_TEST

START_TEST(opening_leaves_no_secret)
{
    watch_child(opening);
}
END_TEST

START_TEST(a_failure_leaves_no_secret)
{
    watch_child(failing);
}
END_TEST

START_TEST(rewrapping_leaves_no_secret)
{
    watch_child(rewrapping);
}
END_TEST

START_TEST(sealed_keys_leave_no_secret)
{
    watch_child(sealed_keys);
}
END_TEST

START_TEST(short_messages_leave_no_secret)
{
    watch_child(short_messages);
}
END_TEST

START_TEST(key_wrap_leaves_no_secret)
{
    watch_child(key_wrap);
}
END_TEST

START_TEST(generating_leaves_no_secret)
{
    watch_child(generating);
}
END_TEST

START_TEST(a_refused_pin_leaves_no_secret)
{
    watch_child(refused);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets: none left in memory");
    TCase *tcase = tcase_create("fake KEKs");

    arena_install();
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, secrets_set_up, secrets_tear_down);
    tcase_add_test(tcase, sealing_leaves_no_secret);
    tcase_add_test(tcase, opening_leaves_no_secret);
    tcase_add_test(tcase, a_failure_leaves_no_secret);
    tcase_add_test(tcase, rewrapping_leaves_no_secret);
    tcase_add_test(tcase, sealed_keys_leave_no_secret);
    tcase_add_test(tcase, short_messages_leave_no_secret);
    tcase_add_test(tcase, key_wrap_leaves_no_secret);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("a token");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, secrets_set_up_token, secrets_tear_down_token);
    tcase_add_test(tcase, sealing_leaves_no_secret);
    tcase_add_test(tcase, opening_leaves_no_secret);
    tcase_add_test(tcase, rewrapping_leaves_no_secret);
    tcase_add_test(tcase, sealed_keys_leave_no_secret);
    tcase_add_test(tcase, short_messages_leave_no_secret);
    tcase_add_test(tcase, key_wrap_leaves_no_secret);
    tcase_add_test(tcase, generating_leaves_no_secret);
    tcase_add_test(tcase, a_refused_pin_leaves_no_secret);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
