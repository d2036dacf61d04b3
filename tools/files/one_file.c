/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/one_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "tools/files/head.h"
#include "tools/files/input.h"
#include "tools/files/interrupt.h"
#include "tools/files/output.h"
#include "tools/files/read_back.h"

struct work {
    struct tool_one_file *one;
    struct tool_input input;
    struct tool_output output;
    struct tool_head head;
};

/* ---- the message on its way ---- */

static ENV_RESULT take(void *arg, uint8_t *to, size_t size, size_t *got)
{
    struct work *work = arg;
    struct tool_one_file *one = work->one;

    ENV_TRY(one->sealing ? tool_head_read(&work->head, &work->input, to, size, got)
                         : tool_head_read_some(&work->head, &work->input, to, size, got));
    *(one->sealing ? &one->plain_len : &one->sealed_len) += *got;
    tool_progress_add(one->progress, 0, *got);
    return ENV_OK;
}

static ENV_RESULT give(void *arg, struct env_span bytes)
{
    struct work *work = arg;
    struct tool_one_file *one = work->one;

    *(one->sealing ? &one->sealed_len : &one->plain_len) += bytes.len;
    return tool_output_append(&work->output, bytes);
}

static ENV_RESULT carry(struct work *work)
{
    const struct tool_ends ends = {take, give, work};

    return work->one->sealing ? tool_carry_seal(work->one->carrier, &ends)
                              : tool_carry_open(work->one->carrier, &ends);
}

/* ---- checking and placing the output ---- */

/* Opens what was written, and compares it with the source. */
static ENV_RESULT read_back(struct work *work)
{
    struct tool_one_file *one = work->one;
    const struct tool_input *input = &work->input;
    struct tool_read_back back = {
        .errors = one->errors,
        .carrier = one->carrier,
        .progress = one->progress,
        .sealed = one->sealing ? &work->output.file : &input->file,
        .plain = one->sealing ? &input->file : &work->output.file,
        .plain_is_file = one->sealing ? input->regular : true,
        .plain_from = one->sealing ? input->from : 0,
        .sealed_from = one->sealing ? 0 : input->from,
        .plain_len = one->plain_len,
    };

    if (work->output.stream || (one->sealing ? !one->read_back : !one->remove_source))
        return ENV_OK;
    if (one->remove_source) /* read from the disk, as far as the kernel can be asked to do that */
        (void)posix_fadvise(work->output.file.fd, 0, 0, POSIX_FADV_DONTNEED);
    one->reading_back = true;
    ENV_TRY(tool_read_back(&back));
    one->reading_back = false;
    one->was_read_back = true;
    return ENV_OK;
}

/* The beginning of the input shows what it is; it is kept and processed later. */
static ENV_RESULT judge_head(struct work *work)
{
    const struct tool_one_file *one = work->one;
    enum tool_head_is is = TOOL_HEAD_OTHER;

    ENV_TRY(tool_head_fill(&work->head, &work->input, &is));
    if (one->sealing && !one->again && is != TOOL_HEAD_OTHER)
        return ENV_FAIL(ENV_R_ALREADY_SEALED);
    return one->sealing || is != TOOL_HEAD_BASE64 ? ENV_OK : ENV_FAIL(ENV_R_MESSAGE_IN_BASE64);
}

static ENV_RESULT run(struct work *work)
{
    struct tool_one_file *one = work->one;

    ENV_TRY(tool_input_open(one->errors, one->path, &work->input));
    if (one->remove_source)
        ENV_TRY(tool_input_removable(&work->input));
    ENV_TRY(tool_output_begin(one->errors, one->output, one->force, &work->input, &work->output));
    ENV_TRY(judge_head(work));
    ENV_TRY(carry(work));
    ENV_TRY(tool_output_complete(&work->output, &work->input));
    ENV_TRY(tool_input_unchanged(&work->input));
    ENV_TRY(read_back(work));
    ENV_TRY(tool_input_unchanged(&work->input));
    if (tool_interrupt_seen())
        return ENV_FAIL(ENV_R_STOPPED);
    ENV_TRY(tool_output_place(&work->output, &work->input));
    if (!one->remove_source)
        return ENV_OK;
    ENV_TRY(tool_input_remove(&work->input));
    one->removed = true;
    return ENV_OK;
}

ENV_RESULT tool_one_file(struct tool_one_file *one)
{
    struct work *work = OPENSSL_zalloc(sizeof(*work));
    ENV_RESULT r;

    if (work == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    work->one = one;
    work->input.file.fd = work->input.file.dir = -1;
    work->output.file.fd = work->output.file.dir = -1;
    r = run(work);
    one->placed = work->output.placed;
    tool_output_end(&work->output);
    tool_input_close(&work->input);
    OPENSSL_clear_free(work, sizeof(*work)); /* the head contains plaintext */
    return r;
}
