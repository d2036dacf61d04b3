/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int noted[] = {SIGINT, SIGTERM, SIGHUP};
static const int errors_instead[] = {SIGPIPE, SIGXFSZ};

#define NOTED (sizeof(noted) / sizeof(noted[0]))
#define ERRORS (sizeof(errors_instead) / sizeof(errors_instead[0]))

static volatile sig_atomic_t seen;
static struct sigaction before[NOTED + ERRORS];

static void note(int number)
{
    seen = number;
}

void tool_interrupt_note(void)
{
    /* without SA_RESTART: a call that waits for a pipe must return */
    const struct sigaction noting = {.sa_handler = note};
    const struct sigaction ignoring = {.sa_handler = SIG_IGN};

    seen = 0;
    for (size_t i = 0; i < NOTED; i++) {
        (void)sigaction(noted[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(noted[i], &noting, NULL);
    }
    for (size_t i = 0; i < ERRORS; i++)
        (void)sigaction(errors_instead[i], &ignoring, &before[NOTED + i]);
}

bool tool_interrupt_seen(void)
{
    return seen != 0;
}

void tool_interrupt_no_reader(void)
{
    if (seen == 0)
        seen = SIGPIPE;
}

void tool_interrupt_end(void)
{
    for (size_t i = 0; i < NOTED; i++)
        (void)sigaction(noted[i], &before[i], NULL);
    for (size_t i = 0; i < ERRORS; i++)
        (void)sigaction(errors_instead[i], &before[NOTED + i], NULL);
    if (seen != 0)
        (void)raise(seen);
}
