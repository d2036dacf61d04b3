/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/head.h"

#include <openssl/crypto.h>
#include <string.h>

#include "tools/common/base64.h"

#define SEGMENT 4096u /* plaintext of one segment */
/* Enough to recognise a header in base64: its beginning, after a byte order mark, in UTF-16. */
#define BASE64_PEEK 256u

_Static_assert(BASE64_PEEK <= TOOL_HEAD_ROOM && ENV_HEADER_PEEK <= BASE64_PEEK, "room for them");

/* Reads until this many bytes are available, or the input ends. */
static ENV_RESULT have(struct tool_head *head, struct tool_input *input, size_t wanted)
{
    size_t got = 1;

    while (head->len < wanted && got > 0) {
        ENV_TRY(tool_input_read(input, head->bytes + head->len, wanted - head->len, &got));
        head->len += got;
    }
    return ENV_OK;
}

/* Another program's AuthEnvelopedData begins like a header of ours. */
static bool is_header(struct env_span der)
{
    struct env_header *header = NULL;
    bool is = env_ok(env_dek_read_any_header(der, &header));

    OPENSSL_free(header);
    return is;
}

ENV_RESULT tool_head_fill(struct tool_head *head, struct tool_input *input, enum tool_head_is *is)
{
    size_t len = 0;
    ENV_RESULT r;

    *is = TOOL_HEAD_OTHER;
    ENV_TRY(have(head, input, ENV_HEADER_PEEK));
    r = env_header_length((struct env_span){head->bytes, head->len}, &len);
    if (env_ok(r)) {
        ENV_TRY(have(head, input, len));
        if (head->len >= len && is_header((struct env_span){head->bytes, len}))
            *is = TOOL_HEAD_SEALED;
        return ENV_OK;
    }
    ENV_TRY(have(head, input, BASE64_PEEK));
    if (tool_base64_is_message((struct env_span){head->bytes, head->len}))
        *is = TOOL_HEAD_BASE64;
    return ENV_OK;
}

static size_t take_head(struct tool_head *head, uint8_t *to, size_t size)
{
    size_t n = head->len - head->given;

    n = n < size ? n : size;
    memcpy(to, head->bytes + head->given, n);
    OPENSSL_cleanse(head->bytes + head->given, n);
    head->given += n;
    return n;
}

ENV_RESULT tool_head_read_some(struct tool_head *head, struct tool_input *input, uint8_t *to,
                               size_t size, size_t *got)
{
    *got = take_head(head, to, size);
    return *got > 0 ? ENV_OK : tool_input_read(input, to, size, got);
}

ENV_RESULT tool_head_read(struct tool_head *head, struct tool_input *input, uint8_t *to,
                          size_t size, size_t *got)
{
    size_t left;

    *got = take_head(head, to, size);
    left = size - *got;
    while (left > 0) {
        size_t n = 0;

        ENV_TRY(tool_input_read(input, to + *got, left, &n));
        *got += n;
        left = n > 0 && *got % SEGMENT != 0 ? SEGMENT - *got % SEGMENT : 0;
    }
    return ENV_OK;
}
