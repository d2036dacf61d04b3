/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/base64.h"

#include <openssl/evp.h>
#include <string.h>

#include "envelope/format/header.h"

static const char not_base64[] = "not base64";
static const char more[] = "base64 of several messages, or with data after it: --list reads lists";

static bool is_blank(const struct tool_base64 *state, uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t' || (state->wide && c == 0);
}

static bool is_digit(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Whether the byte belongs to the byte order mark. */
static bool is_mark(struct tool_base64 *state, uint8_t c)
{
    static const uint8_t marks[][4] = {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"};
    const uint8_t *mark;

    if (state->begun)
        return false;
    for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        mark = marks[i];
        /* no two marks begin with the same byte: held has what was seen */
        if ((state->marks > 0 && mark[0] != state->held[0]) || mark[state->marks] != c)
            continue;
        state->held[0] = mark[0];
        state->marks++;
        state->wide = i > 0;
        state->begun = mark[state->marks] == 0;
        return true;
    }
    state->begun = true;
    return false;
}

static const char *take(struct tool_base64 *state, uint8_t c)
{
    bool padding = c == '=';

    if (state->ended)
        return more;
    if (!padding && !is_digit(c))
        return not_base64;
    /* at least two characters, and after padding only more padding */
    if (padding ? state->count < 2 : state->count == 3 && state->held[2] == '=')
        return not_base64;
    state->held[state->count++] = c;
    return NULL;
}

static size_t put(struct tool_base64 *state, uint8_t *out)
{
    size_t padding = (size_t)(state->held[3] == '=') + (state->held[2] == '=');
    uint8_t bytes[4];

    (void)EVP_DecodeBlock(bytes, state->held, 4);
    memcpy(out, bytes, 3 - padding);
    state->count = 0;
    state->ended = padding > 0;
    return 3 - padding;
}

const char *tool_base64_decode(struct tool_base64 *state, struct env_span text, uint8_t *out,
                               size_t *out_len)
{
    const char *why;

    *out_len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_mark(state, text.data[i]) || is_blank(state, text.data[i]))
            continue;
        why = take(state, text.data[i]);
        if (why != NULL)
            return why;
        if (state->count == 4)
            *out_len += put(state, out + *out_len);
    }
    return NULL;
}

const char *tool_base64_end(const struct tool_base64 *state)
{
    return state->count == 0 ? NULL : "base64 that ends too early";
}

bool tool_base64_is_message(struct env_span head)
{
    struct tool_base64 state = {0};
    uint8_t bytes[ENV_HEADER_PEEK + 3];
    size_t filled = 0;
    size_t len = 0;
    ENV_RESULT r;

    for (size_t i = 0; i < head.len && filled < ENV_HEADER_PEEK; i++) {
        if (tool_base64_decode(&state, (struct env_span){head.data + i, 1}, bytes + filled, &len) !=
            NULL)
            return false;
        filled += len;
    }
    r = env_header_length((struct env_span){bytes, filled}, &len);
    return filled >= ENV_HEADER_PEEK && r.reason != ENV_R_NOT_A_MESSAGE;
}
