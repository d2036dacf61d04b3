/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of re-wrapping between all kinds of KEKs, of sealing to several of which some are
 * optional, and of audit records: see each_allocation.h. The output is opened with each requested
 * KEK.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "each_allocation.h"
#include "failing_alloc.h"

#define MESSAGE_LEN 5000u

static struct bytes plain;
static struct bytes sealed;
static size_t keks; /* that the output is for */

static void set_up(void)
{
    fake_reset();
    plain = bytes_plain(MESSAGE_LEN, 2);
    lib = fake_libctx_new();
}

static void tear_down(void)
{
    fake_libctx_free(lib);
    lib = NULL;
    bytes_free(&plain);
    bytes_free(&sealed);
    ck_assert_int_eq(fake_references(), 0);
}

static void all_open_it(void)
{
    each_opens(keks, plain);
}

static bool seal(void)
{
    return run_cipher(1, plain);
}

static void fetch(void)
{
    fetch_cipher("ENVELOPE");
}

/* ---- re-wrapping ---- */

static void fetch_rewrap(void)
{
    fetch_cipher("ENVELOPE-REWRAP");
}

static bool rewrap(void)
{
    return run_cipher(1, sealed);
}

/* From the first `from` KEKs to the `to` behind them. */
static void rewrap_all(const char *name, size_t from, size_t to)
{
    const struct operation op = {name, fetch_rewrap, rewrap, all_open_it, free_cipher, false};

    fake_default_count = from;
    sealed = caller_seal(lib, plain);
    fake_switch_to(from, to);
    keks = to;
    run_all(&op);
}

START_TEST(rewrapping_aes_to_aes_survives_each_failing_allocation)
{
    rewrap_all("AES to AES", 1, 1);
}
END_TEST

START_TEST(rewrapping_aes_to_rsa_survives_each_failing_allocation)
{
    fake_make_rsa(1, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    rewrap_all("AES to RSA", 1, 1);
}
END_TEST

START_TEST(rewrapping_rsa_to_aes_survives_each_failing_allocation)
{
    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA1, "rsa/kek-3072.pem");
    rewrap_all("RSA to AES", 1, 1);
}
END_TEST

START_TEST(rewrapping_several_to_several_survives_each_failing_allocation)
{
    fake_make_rsa(1, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    fake_make_rsa(3, ENV_WRAP_RSA_OAEP_SHA256, "rsa/other-3072.pem");
    rewrap_all("two to four", 2, 4);
}
END_TEST

/* Whoever of the optional KEKs is out of reach opens nothing, and every other does. */
static void some_open_it(void)
{
    struct fake_kek away = fake_keks[keks];

    ck_assert(away.fail_wrap);
    each_opens(keks, plain);
}

START_TEST(optional_keks_survive_each_failing_allocation)
{
    const struct operation all = {"all optional", fetch, seal, all_open_it, free_cipher, false};
    const struct operation one = {"one away", fetch, seal, some_open_it, free_cipher, false};

    fake_make_rsa(1, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    for (size_t i = 1; i < 4; i++)
        fake_keks[i].optional = true;
    fake_default_count = 4;
    keks = 4;
    run_all(&all);
    fake_keks[3].fail_wrap = true;
    keks = 3;
    run_all(&one);
}
END_TEST

START_TEST(opening_with_the_last_survives_each_failing_allocation)
{
    /* of an RSA recipient, where the first is not here */
    const struct operation op = {"re-wrapping by RSA", fetch_rewrap, rewrap,
                                 all_open_it,          free_cipher,  false};

    fake_make_rsa(1, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    fake_default_count = 2;
    sealed = caller_seal(lib, plain);
    fake_keks[0].absent = true;
    fake_switch_to(2, 1);
    keks = 1;
    run_all(&op);
}
END_TEST

/* ---- the audit log ---- */

static char path[4200];
static size_t lines_before;

static size_t lines_of_success(void)
{
    FILE *log = fopen(path, "r");
    char line[4096];
    size_t lines = 0;

    ck_assert_ptr_nonnull(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        ck_assert_msg(line[0] == '{' && strcmp(line + strlen(line) - 2, "}\n") == 0, "%s", line);
        lines += strstr(line, "\"result\":\"ok\"") != NULL &&
                 strstr(line, "\"message\":\"") != NULL && strstr(line, "\"kek\":\"") != NULL;
    }
    (void)fclose(log);
    return lines;
}

static void fetch_and_count(void)
{
    fetch();
    lines_before = lines_of_success();
}

/* What passes was recorded, with the message and the KEK. */
static void is_recorded(void)
{
    size_t lines = lines_of_success();

    ck_assert_uint_ge(lines, lines_before + keks);
    lines_before = lines;
}

static void is_recorded_and_opens(void)
{
    is_recorded();
    all_open_it();
    lines_before = lines_of_success();
}

static bool open_it(void)
{
    return run_cipher(0, sealed);
}

static void is_recorded_and_plain(void)
{
    is_recorded();
    ck_assert_uint_eq(out_len, plain.len);
    ck_assert_mem_eq(out, plain.data, plain.len);
}

START_TEST(required_records_are_written_or_the_operation_fails)
{
    const struct operation sealing = {"sealing, recorded",   fetch_and_count, seal,
                                      is_recorded_and_opens, free_cipher,     false};
    const struct operation opening = {"opening, recorded",   fetch_and_count, open_it,
                                      is_recorded_and_plain, free_cipher,     false};
    char lines[8192];
    char here[4096];

    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    (void)snprintf(path, sizeof(path), "%s/audit-log.%d", here, (int)getpid());
    (void)snprintf(lines, sizeof(lines), "audit-log = \"file:%s\"\naudit-required = yes\n", path);
    fake_libctx_free(lib);
    lib = fake_libctx_new_configured(lines, true);
    fake_default_count = 2;
    keks = 2;
    sealed = caller_seal(lib, plain);
    run_all(&sealing);
    keks = 1;
    run_all(&opening);
    ck_assert_int_eq(unlink(path), 0);
    OSSL_LIB_CTX_free(lib);
    lib = fake_libctx_new();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: re-wrapping");
    TCase *tcase = tcase_create("failures");

    failing_alloc_install();
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, rewrapping_aes_to_aes_survives_each_failing_allocation);
    tcase_add_test(tcase, rewrapping_aes_to_rsa_survives_each_failing_allocation);
    tcase_add_test(tcase, rewrapping_rsa_to_aes_survives_each_failing_allocation);
    tcase_add_test(tcase, rewrapping_several_to_several_survives_each_failing_allocation);
    tcase_add_test(tcase, opening_with_the_last_survives_each_failing_allocation);
    tcase_add_test(tcase, optional_keks_survive_each_failing_allocation);
    tcase_add_test(tcase, required_records_are_written_or_the_operation_fails);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
