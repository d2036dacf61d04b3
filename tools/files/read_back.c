/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/read_back.h"

#include <string.h>

#include "envelope/base/secret.h"
#include "tools/files/interrupt.h"

#define COMPARED 65536u /* bytes at a time */

struct reading {
    const struct tool_read_back *back;
    uint64_t sealed_at;
    uint64_t plain_at; /* offset in the plaintext */
    uint8_t *plain;    /* in secret memory */
};

static ENV_RESULT take(void *arg, uint8_t *to, size_t size, size_t *got)
{
    struct reading *reading = arg;
    const struct tool_read_back *back = reading->back;

    if (tool_interrupt_seen())
        return ENV_FAIL(ENV_R_STOPPED);
    ENV_TRY(tool_locked_file_read(back->sealed, (off_t)(back->sealed_from + reading->sealed_at), to,
                                  size, got));
    reading->sealed_at += *got;
    tool_progress_add(back->progress, 0, *got);
    return ENV_OK;
}

static ENV_RESULT compare(struct reading *reading, struct env_span opened)
{
    const struct tool_read_back *back = reading->back;

    while (opened.len > 0) {
        size_t wanted = opened.len < COMPARED ? opened.len : COMPARED;
        size_t got = 0;

        ENV_TRY(tool_locked_file_read(back->plain, (off_t)(back->plain_from + reading->plain_at),
                                      reading->plain, wanted, &got));
        if (got < wanted || memcmp(reading->plain, opened.data, wanted) != 0)
            return ENV_FAIL(ENV_R_READ_BACK_DIFFERS);
        reading->plain_at += wanted;
        opened.data += wanted;
        opened.len -= wanted;
    }
    return ENV_OK;
}

static ENV_RESULT give(void *arg, struct env_span bytes)
{
    struct reading *reading = arg;

    if (reading->back->plain_is_file)
        return compare(reading, bytes);
    reading->plain_at += bytes.len;
    return ENV_OK;
}

ENV_RESULT tool_read_back(const struct tool_read_back *back)
{
    struct reading reading = {.back = back, .plain = env_secret_alloc(COMPARED)};
    const struct tool_ends ends = {take, give, &reading};
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (reading.plain != NULL)
        r = tool_carry_open(back->carrier, &ends);
    env_secret_free(reading.plain, COMPARED);
    if (env_ok(r) && reading.plain_at != back->plain_len)
        r = ENV_FAIL(ENV_R_READ_BACK_DIFFERS);
    return r;
}
