/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Signals that end or stop a process at a terminal. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct {
    int fd;
    bool hidden;
    struct termios usual;
    struct sigaction before[SIGNALS];
} terminal;

static void hide(void)
{
    struct termios quiet = terminal.usual;

    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    (void)tcsetattr(terminal.fd, TCSANOW, &quiet);
}

/*
 * Calls only what a handler may call: restores the terminal, lets the signal take effect, and
 * turns the echo off again if the process continues.
 */
static void on_signal(int number)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    struct sigaction ours;
    int error = errno;
    sigset_t this_one;

    (void)tcsetattr(terminal.fd, TCSANOW, &terminal.usual);
    (void)sigaction(number, &usual, &ours);
    (void)sigemptyset(&this_one);
    (void)sigaddset(&this_one, number);
    (void)raise(number);
    (void)pthread_sigmask(SIG_UNBLOCK, &this_one, NULL);
    (void)sigaction(number, &ours, NULL);
    hide();
    errno = error;
}

bool tool_terminal_begin(int fd, const char *prompt)
{
    struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (isatty(fd) == 0 || tcgetattr(fd, &terminal.usual) != 0)
        return false;
    terminal.fd = fd;
    terminal.hidden = true;
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaction(signals[i], NULL, &terminal.before[i]);
        if (terminal.before[i].sa_handler == SIG_DFL) /* leaves an ignored signal ignored (nohup) */
            (void)sigaction(signals[i], &ours, NULL);
    }
    hide();
    (void)!write(STDERR_FILENO, prompt, strlen(prompt));
    return true;
}

void tool_terminal_end(void)
{
    if (!terminal.hidden)
        return;
    (void)tcsetattr(terminal.fd, TCSANOW, &terminal.usual);
    for (size_t i = 0; i < SIGNALS; i++)
        (void)sigaction(signals[i], &terminal.before[i], NULL);
    (void)!write(STDERR_FILENO, "\n", 1);
    terminal.hidden = false;
}
