/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of seal and open: names, streams in pieces, outputs that another program interferes
 * with, and reading back wrong contents. With fake KEKs.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "fake_keyring.h"
#include "provider/common/provctx.h"
#include "temporary.h"
#include "tools/files/byte_io.h"
#include "tools/files/head.h"
#include "tools/files/interrupt.h"
#include "tools/files/output.h"
#include "tools/files/output_name.h"
#include "tools/files/read_back.h"

static OSSL_LIB_CTX *libctx;
static struct env_errors errors;
static struct tool_keys keys;
static struct tool_carrier *carrier;
static char folder[TEMPORARY_PATH];

static void set_up(void)
{
    EVP_CIPHER *cipher;

    fake_reset();
    libctx = fake_libctx_new();
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ck_assert_ptr_nonnull(cipher);
    errors = tool_errors();
    memset(&keys, 0, sizeof(keys));
    keys.dek =
        ((struct env_provctx *)OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)))
            ->dek;
    keys.dek.errors = &errors;
    EVP_CIPHER_free(cipher);
    ck_assert(env_ok(env_crypto_ready(keys.dek.crypto)));
    ck_assert(env_ok(tool_carrier_new(&keys, NULL, (struct env_span){NULL, 0}, &carrier)));
    temporary_directory(folder);
    ck_assert_int_eq(chdir(folder), 0);
}

static void tear_down(void)
{
    char command[TEMPORARY_PATH + 16];

    tool_carrier_free(carrier);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
    ck_assert_int_eq(chdir("/"), 0);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void write_file(const char *name, struct bytes bytes)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    temporary_close(file, name);
}

static void is_reason(ENV_RESULT r, enum env_reason reason)
{
    ck_assert_int_eq(r.reason, reason);
    ERR_clear_error();
}

/* ---- names ---- */

START_TEST(names_of_outputs)
{
    static const struct {
        const char *path;
        const char *suffix;
        bool sealing;
        const char *name; /* NULL: none */
    } cases[] = {
        {"a", ".sealed", true, "a.sealed"},
        {"x/a", ".sealed", true, "x/a.sealed"},
        {"a.sealed", ".sealed", false, "a"},
        {"x.sealed/a.sealed", ".sealed", false, "x.sealed/a"},
        {"a.sealed.sealed", ".sealed", false, "a.sealed"},
        {"a", ".sealed", false, NULL},
        {".sealed", ".sealed", false, NULL},
        {"x/.sealed", ".sealed", false, NULL},
        {"x.sealed/a", ".sealed", false, NULL},
        {"a.Sealed", ".sealed", false, NULL},
        {"a.box", ".box", false, "a"},
        {"/dev/null", ".sealed", true, NULL},
    };
    char name[PATH_MAX];
    char longest[PATH_MAX];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ENV_RESULT r =
            tool_output_name(&errors, cases[i].path, cases[i].suffix, cases[i].sealing, name);

        ck_assert_msg(env_ok(r) == (cases[i].name != NULL), "%s", cases[i].path);
        if (env_ok(r))
            ck_assert_str_eq(name, cases[i].name);
        else
            is_reason(r, ENV_R_OUTPUT_UNNAMED);
    }
    memset(longest, 'a', sizeof(longest));
    longest[PATH_MAX - 7] = '\0';
    is_reason(tool_output_name(&errors, longest, ".sealed", true, name), ENV_R_OUTPUT_UNNAMED);
}
END_TEST

/* ---- streams in pieces ---- */

struct feeder {
    int to;
    struct bytes bytes;
    size_t step;
};

static void *feed(void *arg)
{
    struct feeder *feeder = arg;

    for (size_t done = 0; done < feeder->bytes.len;) {
        size_t n =
            feeder->bytes.len - done < feeder->step ? feeder->bytes.len - done : feeder->step;

        ck_assert_int_eq(write(feeder->to, feeder->bytes.data + done, n), (ssize_t)n);
        done += n;
    }
    ck_assert_int_eq(close(feeder->to), 0);
    return NULL;
}

/* A pipe that gives these bytes; what is read of it does not block by itself. */
static void begin_pipe(struct tool_input *input, struct feeder *feeder, pthread_t *thread)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    memset(input, 0, sizeof(*input));
    input->file =
        (struct tool_locked_file){.errors = &errors, .dir = -1, .name = input->name, .fd = ends[0]};
    feeder->to = ends[1];
    ck_assert_int_eq(pthread_create(thread, NULL, feed, feeder), 0);
}

static void check_stream(struct bytes bytes, size_t step, enum tool_head_is wanted)
{
    struct tool_head *head = calloc(1, sizeof(*head));
    struct feeder feeder = {.bytes = bytes, .step = step};
    struct bytes got = bytes_new(0);
    struct bytes piece = bytes_new(16384);
    struct tool_input input;
    enum tool_head_is is;
    pthread_t thread;
    size_t n = 0;

    ck_assert_ptr_nonnull(head);
    begin_pipe(&input, &feeder, &thread);
    ck_assert(env_ok(tool_head_fill(head, &input, &is)));
    ck_assert_int_eq(is, wanted);
    do {
        ck_assert_uint_eq(got.len % 4096, 0); /* only the last piece ends within a segment */
        ck_assert(env_ok(tool_head_read(head, &input, piece.data, piece.len, &n)));
        bytes_append(&got, piece.data, n);
    } while (n > 0 && got.len < bytes.len);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(got.len, bytes.len);
    ck_assert_int_eq(memcmp(got.data, bytes.data, bytes.len), 0);
    tool_input_close(&input);
    for (size_t i = 0; i < sizeof(head->bytes); i++) /* it is plaintext */
        ck_demand(head->bytes[i] == 0, "the head is kept");
    bytes_free(&piece);
    bytes_free(&got);
    free(head);
}

START_TEST(the_head_of_a_stream_shows_what_it_is_however_it_comes)
{
    static const size_t steps[] = {1, 31, 4095, 4096, 60000};
    static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 4096, 20481};

    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        struct bytes plain = bytes_plain(5000, 1);
        struct bytes sealed = caller_seal(libctx, plain);

        check_stream(sealed, steps[s], TOOL_HEAD_SEALED);
        sealed.len = 60; /* not even the header */
        check_stream(sealed, steps[s], TOOL_HEAD_OTHER);
        sealed.data[60] ^= 1;
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            struct bytes other = bytes_plain(lengths[i], i);

            check_stream(other, steps[s], TOOL_HEAD_OTHER);
            bytes_free(&other);
        }
        bytes_free(&sealed);
        bytes_free(&plain);
    }
}
END_TEST

START_TEST(writing_where_nobody_reads_ends_as_the_signal_does)
{
    const struct env_span byte = {(const uint8_t *)"x", 1};
    int ends[2];

    errors = tool_errors();
    tool_interrupt_note();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert(env_ok(tool_write_all(&errors, ends[1], byte)));
    ck_assert(!tool_interrupt_seen());
    ck_assert_int_eq(close(ends[0]), 0);
    is_reason(tool_write_all(&errors, ends[1], byte), ENV_R_FILE_FAILED);
    ck_assert(tool_interrupt_seen());
    is_reason(tool_write_all(&errors, ends[1], byte), ENV_R_STOPPED);
    tool_interrupt_end(); /* raises it */
    ck_abort_msg("it did not stop");
}
END_TEST

START_TEST(a_signal_that_was_ignored_stays_so)
{
    (void)signal(SIGHUP, SIG_IGN);
    tool_interrupt_note();
    ck_assert_int_eq(raise(SIGHUP), 0);
    ck_assert(!tool_interrupt_seen());
    ck_assert_int_eq(raise(SIGTERM), 0);
    ck_assert(tool_interrupt_seen());
    tool_interrupt_end();
    ck_abort_msg("it did not stop");
}
END_TEST

/* ---- a message on its way ---- */

struct way {
    struct bytes from;
    size_t at;
    size_t step;
    size_t fail_at; /* of what is taken; SIZE_MAX: never */
    struct bytes to;
    size_t most; /* of what is given, then it fails */
};

static ENV_RESULT take(void *arg, uint8_t *to, size_t size, size_t *got)
{
    struct way *way = arg;
    size_t left = way->from.len - way->at;

    if (way->at >= way->fail_at)
        return ENV_FAIL(ENV_R_FILE_FAILED);
    *got = left < way->step ? left : way->step;
    *got = *got < size ? *got : size;
    memcpy(to, way->from.data + way->at, *got);
    way->at += *got;
    return ENV_OK;
}

static ENV_RESULT give(void *arg, struct env_span bytes)
{
    struct way *way = arg;

    if (way->to.len + bytes.len > way->most)
        return ENV_FAIL(ENV_R_FILE_LOCKED);
    bytes_append(&way->to, bytes.data, bytes.len);
    return ENV_OK;
}

static ENV_RESULT carry(bool sealing, struct way *way)
{
    const struct tool_ends ends = {take, give, way};

    way->at = 0;
    return sealing ? tool_carry_seal(carrier, &ends) : tool_carry_open(carrier, &ends);
}

START_TEST(pieces_of_any_size_are_sealed_and_opened)
{
    static const size_t steps[] = {1, 4095, 4096, 65536, 131071, SIZE_MAX};
    struct bytes plain = bytes_plain(300001, 9);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct way there = {.from = plain,
                            .step = steps[i],
                            .fail_at = SIZE_MAX,
                            .most = SIZE_MAX,
                            .to = bytes_new(0)};
        struct way back = there;

        back.to = bytes_new(0);
        ck_assert(env_ok(carry(true, &there)));
        back.from = there.to;
        ck_assert(env_ok(carry(false, &back)));
        ck_assert_uint_eq(back.to.len, plain.len);
        ck_assert_int_eq(memcmp(back.to.data, plain.data, plain.len), 0);
        bytes_free(&there.to);
        bytes_free(&back.to);
    }
    bytes_free(&plain);
}
END_TEST

START_TEST(what_fails_on_the_way_ends_it_and_the_next_message_goes_its_own)
{
    struct bytes plain = bytes_plain(300001, 9);
    struct bytes sealed = caller_seal(libctx, plain);
    struct way way = {.step = 50000, .fail_at = SIZE_MAX, .most = SIZE_MAX, .to = bytes_new(0)};

    for (int sealing = 0; sealing < 2; sealing++) {
        way.from = sealing ? plain : sealed;
        way.fail_at = 150000;
        is_reason(carry(sealing, &way), ENV_R_FILE_FAILED);
        way.fail_at = SIZE_MAX;
        way.to.len = 0;
        way.most = 100000;
        is_reason(carry(sealing, &way), ENV_R_FILE_LOCKED);
        way.most = SIZE_MAX;
        way.to.len = 0;
        ck_assert(env_ok(carry(sealing, &way)));
    }
    fake_keks[0].fail_wrap = true;
    is_reason(carry(true, &way), ENV_R_WRAP_FAILED);
    bytes_free(&way.to);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

/* ---- reading back ---- */

static ENV_RESULT read_back(struct bytes sealed, struct bytes plain, bool is_file,
                            uint64_t plain_len)
{
    struct tool_progress progress = {0};
    struct tool_locked_file files[2] = {{.errors = &errors, .dir = -1, .name = "s"},
                                        {.errors = &errors, .dir = -1, .name = "p"}};
    const struct tool_read_back back = {.errors = &errors,
                                        .carrier = carrier,
                                        .progress = &progress,
                                        .sealed = &files[0],
                                        .plain = &files[1],
                                        .plain_is_file = is_file,
                                        .plain_len = plain_len};
    ENV_RESULT r;

    write_file("s", sealed);
    write_file("p", plain);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_ge(files[i].fd = open(files[i].name, O_RDONLY | O_CLOEXEC), 0);
    r = tool_read_back(&back);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(close(files[i].fd), 0);
    return r;
}

START_TEST(what_is_read_back_is_all_of_it_or_is_refused)
{
    struct bytes plain = bytes_plain(300001, 9);
    struct bytes sealed = caller_seal(libctx, plain);
    struct bytes other = bytes_of(plain.data, plain.len);

    ck_assert(env_ok(read_back(sealed, plain, true, plain.len)));
    ck_assert(env_ok(read_back(sealed, plain, false, plain.len)));
    /* another length than what was sealed */
    is_reason(read_back(sealed, plain, true, plain.len + 1), ENV_R_READ_BACK_DIFFERS);
    is_reason(read_back(sealed, plain, false, plain.len - 1), ENV_R_READ_BACK_DIFFERS);
    /* another byte, whichever it is */
    for (size_t at = 0; at < plain.len; at += 100000) {
        other.data[at] ^= 1;
        is_reason(read_back(sealed, other, true, plain.len), ENV_R_READ_BACK_DIFFERS);
        other.data[at] ^= 1;
    }
    other.data[plain.len - 1] ^= 1;
    is_reason(read_back(sealed, other, true, plain.len), ENV_R_READ_BACK_DIFFERS);
    other.len--; /* the source has become shorter */
    is_reason(read_back(sealed, other, true, plain.len), ENV_R_READ_BACK_DIFFERS);
    /* what is on the disk is not what was written */
    sealed.data[sealed.len - 1] ^= 1;
    is_reason(read_back(sealed, plain, true, plain.len), ENV_R_BAD_SEGMENT);
    sealed.len -= 5000;
    is_reason(read_back(sealed, plain, true, plain.len), ENV_R_TRUNCATED);
    bytes_free(&other);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

/* ---- outputs ---- */

static ENV_RESULT begin_output(const char *path, bool force, struct tool_output *output)
{
    struct tool_input input = {.file = {.errors = &errors, .dir = -1, .fd = -1}};

    return tool_output_begin(&errors, path, force, &input, output);
}

static ENV_RESULT finish_output(struct tool_output *output)
{
    struct tool_input input = {.file = {.errors = &errors, .dir = -1, .fd = -1}};

    ENV_TRY(tool_output_complete(output, &input));
    return tool_output_place(output, &input);
}

START_TEST(an_output_is_there_when_it_is_placed_and_not_before)
{
    struct tool_output output;

    ck_assert(env_ok(begin_output("out", false, &output)));
    ck_assert_int_eq(access("out", F_OK), -1);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), 0);
    ck_assert(env_ok(tool_output_append(&output, (struct env_span){(const uint8_t *)"abc", 3})));
    tool_output_end(&output);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), -1);
    ck_assert(env_ok(begin_output("out", false, &output)));
    ck_assert(env_ok(finish_output(&output)));
    tool_output_end(&output);
    ck_assert_int_eq(access("out", F_OK), 0);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), -1);
    is_reason(begin_output("out", false, &output), ENV_R_OUTPUT_EXISTS);
    tool_output_end(&output);
    ck_assert(env_ok(begin_output("out", true, &output)));
    ck_assert(env_ok(finish_output(&output)));
    tool_output_end(&output);
}
END_TEST

START_TEST(what_came_under_the_name_meanwhile_stays)
{
    struct tool_output output;
    struct bytes theirs = bytes_of("theirs", 6);

    ck_assert(env_ok(begin_output("out", false, &output)));
    write_file("out", theirs);
    is_reason(finish_output(&output), ENV_R_OUTPUT_EXISTS);
    tool_output_end(&output);
    ck_assert_int_eq(unlink("out"), 0);
    /* with force too, unless it is a file */
    ck_assert(env_ok(begin_output("out", true, &output)));
    ck_assert_int_eq(mkdir("out", 0700), 0);
    is_reason(finish_output(&output), ENV_R_FILE_UNSAFE);
    tool_output_end(&output);
    ck_assert_int_eq(rmdir("out"), 0);
    ck_assert(env_ok(begin_output("out", true, &output)));
    ck_assert_int_eq(symlink("elsewhere", "out"), 0);
    is_reason(finish_output(&output), ENV_R_FILE_UNSAFE);
    tool_output_end(&output);
    bytes_free(&theirs);
}
END_TEST

START_TEST(a_part_that_is_another_s_is_left_alone)
{
    struct tool_output first;
    struct tool_output second;
    struct bytes theirs = bytes_of("theirs", 6);

    ck_assert(env_ok(begin_output("out", false, &first)));
    is_reason(begin_output("out", false, &second), ENV_R_FILE_LOCKED);
    tool_output_end(&second);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), 0);
    /* the part is taken away under its maker's hands, and another has the name */
    ck_assert_int_eq(unlink(".out.envelope-part"), 0);
    write_file(".out.envelope-part", theirs);
    tool_output_end(&first);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), 0);
    /* nobody has a lock on that: it is what a killed run left */
    ck_assert(env_ok(begin_output("out", false, &second)));
    ck_assert(env_ok(finish_output(&second)));
    tool_output_end(&second);
    ck_assert_int_eq(access(".out.envelope-part", F_OK), -1);
    bytes_free(&theirs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool: files");
    TCase *tcase = tcase_create("files");
    TCase *signals = tcase_create("signals"); /* what is killed clears nothing up */

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, names_of_outputs);
    tcase_add_test(tcase, the_head_of_a_stream_shows_what_it_is_however_it_comes);
    tcase_add_test(tcase, pieces_of_any_size_are_sealed_and_opened);
    tcase_add_test(tcase, what_fails_on_the_way_ends_it_and_the_next_message_goes_its_own);
    tcase_add_test(tcase, what_is_read_back_is_all_of_it_or_is_refused);
    tcase_add_test(tcase, an_output_is_there_when_it_is_placed_and_not_before);
    tcase_add_test(tcase, what_came_under_the_name_meanwhile_stays);
    tcase_add_test(tcase, a_part_that_is_another_s_is_left_alone);
    tcase_add_test_raise_signal(signals, writing_where_nobody_reads_ends_as_the_signal_does,
                                SIGPIPE);
    tcase_add_test_raise_signal(signals, a_signal_that_was_ignored_stays_so, SIGTERM);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, signals);
    return caller_run(suite);
}
