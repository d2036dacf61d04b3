/* SPDX-License-Identifier: Apache-2.0 */
/* A typed key: the terminal does not show it, and echoes again afterwards. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "caller.h"
#include "tools/key/key_bytes.h"
#include "tools/key/terminal.h"

static int keyboard; /* the user's end of the terminal */
static int terminal; /* as the program has it */
static int usual_stderr;

static void setup(void)
{
    keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(keyboard, 0);
    ck_assert_int_eq(grantpt(keyboard), 0);
    ck_assert_int_eq(unlockpt(keyboard), 0);
    terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(terminal, 0);
    usual_stderr = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(terminal, STDERR_FILENO), 0);
}

static void teardown(void)
{
    ck_assert_int_ge(dup2(usual_stderr, STDERR_FILENO), 0);
    (void)close(usual_stderr);
    (void)close(terminal);
    (void)close(keyboard);
}

static bool echoes(void)
{
    struct termios now;

    ck_assert_int_eq(tcgetattr(terminal, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

/* The contents of the screen so far. */
static const char *screen(void)
{
    static char text[4096];
    struct pollfd ready = {keyboard, POLLIN, 0};
    size_t len = 0;

    while (len < sizeof(text) - 1 && poll(&ready, 1, 100) == 1) {
        ssize_t n = read(keyboard, text + len, sizeof(text) - 1 - len);

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

/* Typed once the echo is off: before, it would be the shell that shows it. */
static pid_t types(const char *text)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    while (echoes())
        (void)poll(NULL, 0, 5);
    _exit(write(keyboard, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1);
}

static void reads(enum tool_key_form form, const char *typed, const char *wanted, size_t len)
{
    struct tool_key_bytes bytes;
    pid_t pid = types(typed);
    int status = -1;
    const char *shown;

    ck_assert_ptr_null(tool_key_bytes_read(terminal, form, &bytes));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(bytes.len, len);
    ck_assert_mem_eq(bytes.data, wanted, len);
    tool_key_bytes_clear(&bytes);
    ck_assert(echoes());
    shown = screen();
    ck_assert_ptr_nonnull(strstr(shown, "it is not shown"));
    ck_assert_ptr_null(strstr(shown, "c0ffee"));
    ck_assert_ptr_null(strstr(shown, "wP/u"));
}

START_TEST(what_is_typed_is_not_shown)
{
    ck_assert(echoes());
    reads(TOOL_KEY_HEX, "c0ffee\n", "\xc0\xff\xee", 3);
    reads(TOOL_KEY_BASE64, "wP/u\n", "\xc0\xff\xee", 3);
    reads(TOOL_KEY_RAW, "c0ffee\004\004", "c0ffee", 6);
}
END_TEST

START_TEST(a_pipe_has_no_prompt)
{
    struct tool_key_bytes bytes;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(write(ends[1], "c0ffee\n", 7), 7);
    (void)close(ends[1]);
    ck_assert_ptr_null(tool_key_bytes_read(ends[0], TOOL_KEY_HEX, &bytes));
    ck_assert_uint_eq(bytes.len, 3);
    tool_key_bytes_clear(&bytes);
    (void)close(ends[0]);
    ck_assert_str_eq(screen(), "");
}
END_TEST

/* The signals that a terminal sends: it is as before, and the process ends by the signal. */
START_TEST(a_signal_leaves_the_terminal_as_it_was)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    const int number = signals[_i];
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)signal(number, SIG_DFL); /* Check has a handler of its own */
        (void)tool_terminal_begin(terminal, "");
        for (;;)
            (void)pause();
    }
    while (echoes())
        (void)poll(NULL, 0, 5);
    ck_assert_int_eq(kill(pid, number), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == number);
    ck_assert(echoes());
}
END_TEST

START_TEST(a_stop_shows_and_going_on_hides)
{
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)setpgid(0, 0); /* a group without a shell is never stopped */
        (void)tool_terminal_begin(terminal, "");
        for (;;)
            (void)pause();
    }
    while (echoes())
        (void)poll(NULL, 0, 5);
    ck_assert_int_eq(kill(pid, SIGTSTP), 0);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    ck_assert(echoes());
    ck_assert_int_eq(kill(pid, SIGCONT), 0);
    while (echoes())
        (void)poll(NULL, 0, 5);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: terminal");
    TCase *tcase = tcase_create("terminal");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_typed_is_not_shown);
    tcase_add_test(tcase, a_pipe_has_no_prompt);
    tcase_add_loop_test(tcase, a_signal_leaves_the_terminal_as_it_was, 0, 4);
    tcase_add_test(tcase, a_stop_shows_and_going_on_hides);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
