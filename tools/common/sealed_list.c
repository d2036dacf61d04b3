/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/sealed_list.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct tool_list {
    FILE *in;
    uint64_t number;
    char text[TOOL_LINE_MAX + 1];
    uint8_t bytes[TOOL_LINE_MAX / 4 * 3 + 4];
};

struct tool_list *tool_list_new(FILE *in)
{
    struct tool_list *list = malloc(sizeof(*list));

    if (list == NULL)
        return NULL;
    list->in = in;
    list->number = 0;
    return list;
}

void tool_list_free(struct tool_list *list)
{
    free(list);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank((*text)[*len - 1]))
        (*len)--;
    while (*len > 0 && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
}

/* libcrypto's decoder passes over a few things: what it read, written again, has to be the same. */
static bool written_again_is_same(const char *text, size_t text_len, const uint8_t *bytes,
                                  size_t len)
{
    uint8_t block[4 * 12 + 1];
    size_t at = 0;

    for (size_t i = 0; i < len; i += 36) {
        size_t n = len - i < 36 ? len - i : 36;
        size_t written = (size_t)EVP_EncodeBlock(block, bytes + i, (int)n);

        if (written > text_len - at || memcmp(block, text + at, written) != 0)
            return false;
        at += written;
    }
    return at == text_len;
}

const char *tool_list_decode(const char *text, size_t text_len, uint8_t *bytes, size_t *len)
{
    size_t padding = 0;
    int n;

    *len = 0;
    trim(&text, &text_len);
    if (text_len > TOOL_LINE_MAX)
        return "the line is too long";
    if (text_len == 0 || text_len % 4 != 0)
        return "not base64";
    while (padding < 2 && text[text_len - 1 - padding] == '=')
        padding++;
    n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_len);
    if (n < 0 || (size_t)n != text_len / 4 * 3 ||
        !written_again_is_same(text, text_len, bytes, (size_t)n - padding))
        return "not base64";
    *len = (size_t)n - padding;
    return NULL;
}

/* Reads a line; *too_long when more of it came than there is room for. False at the end. */
static bool read_line(struct tool_list *list, size_t *len, bool *too_long)
{
    int c = getc_unlocked(list->in);

    *len = 0;
    *too_long = false;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(list->in)) {
        if (*len < TOOL_LINE_MAX)
            list->text[(*len)++] = (char)c;
        else
            *too_long = true;
    }
    return true;
}

static void judge_line(struct tool_list *list, bool too_long, struct tool_line *line)
{
    const char *text = line->text;
    size_t len = line->text_len;

    trim(&text, &len);
    if (too_long) {
        line->state = TOOL_LINE_BAD;
        line->why = "the line is too long";
    } else if (len == 0) {
        line->state = TOOL_LINE_EMPTY;
    } else {
        line->why = tool_list_decode(text, len, list->bytes, &line->len);
        line->state = line->why == NULL ? TOOL_LINE_GOOD : TOOL_LINE_BAD;
    }
}

void tool_list_next(struct tool_list *list, struct tool_line *line)
{
    bool too_long;
    bool there = read_line(list, &line->text_len, &too_long);

    line->text = list->text;
    line->bytes = list->bytes;
    line->len = 0;
    line->why = NULL;
    line->number = list->number + 1;
    if (ferror(list->in) != 0) {
        line->state = TOOL_LINE_FAILED;
        line->why = strerrordesc_np(errno);
    } else if (!there) {
        line->state = TOOL_LINE_END;
    } else {
        list->number++;
        judge_line(list, too_long, line);
    }
}
