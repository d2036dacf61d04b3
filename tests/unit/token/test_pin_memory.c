/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin-failure-memory: a PIN that one process found wrong is not tried by later ones, so that a
 * service that is restarted with a wrong PIN does not lock its token; and a right PIN always works.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "child.h"
#include "keymgmt/token/pin_folder.h"
#include "keymgmt/token/pin_memory.h"
#include "keyring_case.h"

#define TRIES 3u /* of the token; a TPM's and AWS CloudHSM's are not many more */
/* Nothing that a random name, serial number or hash has by chance. */
#define WRONG "not-it"

static char folder[700];

static void setup(void)
{
    keyring_setup_orders();
    (void)snprintf(folder, sizeof(folder), "%s/memory", softhsm_dir());
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    keyring_set(&keyring_config()->pin_failure_memory, folder);
    shim_lock_after(TRIES);
    ck_assert_uint_eq(env_pin_hash_rounds, 600000); /* what the files say */
    env_pin_hash_rounds = 1000;
}

static enum env_reason select_orders(void)
{
    return keyring_select_reason(keyring, "orders");
}

/* A process that starts with this PIN: what it gets of the KEK. */
static enum env_reason start(const char *pin)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        (void)setenv("TEST_PIN", pin, 1);
        keyring = keyring_new();
        /* a status has 8 bits */
        switch ((int)select_orders()) {
        case ENV_R_NONE:
            _exit(0);
        case ENV_R_PIN_WRONG:
            _exit(strstr(raised_text(), "cannot be used") != NULL ? 5 : 1);
        case ENV_R_PIN_REMEMBERED:
            _exit(strstr(raised_text(), folder) != NULL && strstr(raised_text(), pin) == NULL ? 2
                                                                                              : 9);
        case ENV_R_PIN_LOCKED:
            _exit(3);
        default:
            (void)fprintf(stderr, "%d: %s\n", (int)raised_reason(), raised_text());
            _exit(4);
        }
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    switch (WEXITSTATUS(status)) {
    case 0:
        return ENV_R_NONE;
    case 1:
        return ENV_R_PIN_WRONG;
    case 2:
        return ENV_R_PIN_REMEMBERED;
    case 3:
        return ENV_R_PIN_LOCKED;
    case 5: /* and it could not be remembered */
        return ENV_R_FILE_FAILED;
    default:
        ck_abort_msg("status %d", WEXITSTATUS(status));
    }
}

/* The one file there is, or "". */
static void find_file(char path[1024])
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    ck_assert_ptr_nonnull(dir);
    path[0] = '\0';
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_msg(path[0] == '\0', "two files: %s", entry->d_name);
        (void)snprintf(path, 1024, "%s/%s", folder, entry->d_name);
    }
    (void)closedir(dir);
}

START_TEST(without_it_a_service_that_is_started_anew_locks_its_token)
{
    keyring_set(&keyring_config()->pin_failure_memory, NULL);
    for (unsigned i = 0; i < TRIES; i++)
        ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_PIN_LOCKED);
}
END_TEST

START_TEST(a_wrong_pin_is_tried_once_by_all_processes)
{
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(start(WRONG), i == 0 ? ENV_R_PIN_WRONG : ENV_R_PIN_REMEMBERED);
    ck_assert_uint_eq(shim_wrong_pins(), 1);
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_REMEMBERED);
    ck_assert_uint_eq(shim_wrong_pins(), 1);
}
END_TEST

START_TEST(two_wrong_pins_are_both_remembered)
{
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    ck_assert_int_eq(start(WRONG "9"), ENV_R_PIN_WRONG);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(start(WRONG), ENV_R_PIN_REMEMBERED);
        ck_assert_int_eq(start(WRONG "9"), ENV_R_PIN_REMEMBERED);
    }
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    ck_assert_uint_eq(shim_wrong_pins(), 2);
}
END_TEST

static int start_wrong(void *arg)
{
    (void)arg;
    (void)setenv("TEST_PIN", WRONG, 1);
    keyring = keyring_new();
    switch ((int)select_orders()) {
    case ENV_R_PIN_WRONG:
    case ENV_R_PIN_REMEMBERED:
        return 0;
    default:
        return 1;
    }
}

/* A server and its workers: each has its turn, and the second already knows. */
START_TEST(processes_that_start_together_try_it_once)
{
    pid_t pids[8];

    shim_delay_us(2000);
    for (int i = 0; i < 8; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(start_wrong(NULL));
    }
    for (int i = 0; i < 8; i++) {
        int status;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_uint_eq(shim_wrong_pins(), 1);
}
END_TEST

START_TEST(each_token_has_a_memory_of_its_own)
{
    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.token = "second", .label = "orders", .id = "0304"});
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    keyring_set(&keyring_config()->token, "pkcs11:token=second");
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_REMEMBERED);
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    ck_assert_uint_eq(shim_wrong_pins(), 2);
}
END_TEST

START_TEST(a_file_has_a_hash_and_nobody_else_may_read_it)
{
    char path[1024];
    char text[ENV_PIN_MEMORY_FILE];
    struct stat st;
    FILE *file;
    size_t len;

    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    find_file(path);
    ck_assert_str_eq(path, ""); /* nothing is kept of a right one */
    ck_assert_int_eq(start(WRONG "31086"), ENV_R_PIN_WRONG);
    find_file(path);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    ck_assert_ptr_null(strstr(text, WRONG "31086"));
    ck_assert_ptr_null(strstr(text, "3937353331303836"));
    /* the same PIN has another hash after a memory was lost */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(start(WRONG "31086"), ENV_R_PIN_WRONG);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(text + len, 1, len, file), 0 == fseek(file, 0, SEEK_SET) ? len : 0);
    (void)fclose(file);
    ck_assert(memcmp(text, text + len, len) != 0);
}
END_TEST

/* A right PIN works, whatever happens to the folder; the error for a wrong one says that it is not
 * remembered. */
static void still_works(void)
{
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    ck_assert_int_eq(start(WRONG), ENV_R_FILE_FAILED);
}

START_TEST(a_folder_that_cannot_be_used_keeps_no_right_pin_from_working)
{
    ck_assert_int_eq(chmod(folder, 0770), 0);
    still_works();
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    still_works();
    (void)close(open(folder, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert_ptr_nonnull(env_pin_folder_unusable(folder));
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    ck_assert_uint_eq(shim_wrong_pins(), 2);
}
END_TEST

/* What is there under the file's name is passed over, and replaced by what the token refuses. */
START_TEST(a_file_that_is_none_is_replaced)
{
    static const char *const texts[] = {"", "envelope", "\n\n\n"};
    char path[1024];
    FILE *file;

    shim_lock_after(10);

    ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    find_file(path);
    for (size_t i = 0; i < 2; i++) {
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        (void)fputs(texts[i], file);
        ck_assert_int_eq(fclose(file), 0);
        ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
    }
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_WRONG);
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_REMEMBERED);
    /* a link is not followed: its maker could make us read or write any file */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("elsewhere", path), 0);
    ck_assert_int_eq(start(WRONG "8"), ENV_R_PIN_WRONG);
    ck_assert_int_eq(start(WRONG "8"), ENV_R_PIN_REMEMBERED);
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
}
END_TEST

/* What the shim says is not a wrong PIN is not remembered. */
START_TEST(other_failures_are_not_remembered)
{
    char path[1024];

    shim_fail(SHIM_LOGIN, CKR_DEVICE_ERROR, 1000);
    ck_assert(in_child(start_wrong, NULL) == false);
    shim_fail(SHIM_LOGIN, CKR_PIN_LOCKED, 1000);
    ck_assert_int_eq(start(WRONG), ENV_R_PIN_LOCKED);
    shim_fail(SHIM_LOGIN, CKR_OK, 0);
    find_file(path);
    ck_assert_str_eq(path, "");
    ck_assert_int_eq(start(SOFTHSM_PIN), ENV_R_NONE);
}
END_TEST

START_TEST(the_text_of_a_file_comes_back_or_not_at_all)
{
    struct env_pin_failures failures = {.count = ENV_PIN_MEMORY_MAX};
    struct env_pin_failures again;
    char text[ENV_PIN_MEMORY_FILE];
    size_t len;
    size_t good = 0;

    memset(failures.salt, 0x5A, sizeof(failures.salt));
    for (size_t i = 0; i < failures.count; i++)
        memset(failures.hashes[i], (int)(0xF0 + i), sizeof(failures.hashes[i]));
    len = env_pin_failures_write(&failures, text);
    ck_assert_uint_lt(len, sizeof(text));
    ck_assert(env_pin_failures_read(text, len, &again));
    ck_assert_uint_eq(again.count, failures.count);
    ck_assert_mem_eq(again.salt, failures.salt, sizeof(failures.salt));
    ck_assert_mem_eq(again.hashes, failures.hashes, sizeof(failures.hashes));
    for (size_t cut = 0; cut < len; cut++) /* whole lines may be cut off */
        good += env_pin_failures_read(text, cut, &again) ? 1 : 0;
    ck_assert_uint_eq(good, ENV_PIN_MEMORY_MAX);
    text[len] = text[len - 65];
    memcpy(text + len, text + len - 65, 65);
    ck_assert(!env_pin_failures_read(text, len + 65, &again)); /* one too many */
    text[len - 2] = 'G';
    ck_assert(!env_pin_failures_read(text, len, &again));
    ck_assert(!env_pin_failures_read("", 0, &again));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: PINs that were refused before");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, without_it_a_service_that_is_started_anew_locks_its_token);
    tcase_add_test(tc, a_wrong_pin_is_tried_once_by_all_processes);
    tcase_add_test(tc, two_wrong_pins_are_both_remembered);
    tcase_add_test(tc, processes_that_start_together_try_it_once);
    tcase_add_test(tc, each_token_has_a_memory_of_its_own);
    tcase_add_test(tc, a_file_has_a_hash_and_nobody_else_may_read_it);
    tcase_add_test(tc, a_folder_that_cannot_be_used_keeps_no_right_pin_from_working);
    tcase_add_test(tc, a_file_that_is_none_is_replaced);
    tcase_add_test(tc, other_failures_are_not_remembered);
    tcase_add_test(tc, the_text_of_a_file_comes_back_or_not_at_all);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
