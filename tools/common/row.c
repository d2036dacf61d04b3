/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/row.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <string.h>

#include "envelope/base/error.h"
#include "envelope/base/json.h"
#include "envelope/message/stream.h"
#include "tools/common/base64.h"

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

/* ---- a line that is only base64 ---- */

/* libcrypto's decoder ignores some errors, so encoding the result again must give the same text. */
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

const char *tool_row_base64(const char *text, size_t text_len, uint8_t *bytes, size_t *len)
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

static const char *read_alone(const char *line, size_t len, struct tool_row *row)
{
    const char *text = line;

    trim(&text, &len);
    row->message_at = (size_t)(text - line);
    row->message_text_len = len;
    row->empty = len == 0;
    return row->empty ? NULL : tool_row_base64(text, len, row->message, &row->message_len);
}

/* The message in a row may contain line ends, as PostgreSQL's encode() makes them. */
static const char *decode_value(const char *text, size_t len, struct tool_row *row)
{
    struct tool_base64 state = {.begun = true};
    const char *why = tool_base64_decode(&state, (struct env_span){(const uint8_t *)text, len},
                                         row->message, &row->message_len);

    if (why == NULL)
        why = tool_base64_end(&state);
    return why == NULL && row->message_len == 0 ? "a row without a message" : why;
}

/* ---- JSON ---- */

static void pass_blanks(struct env_json_in *in)
{
    (void)env_json_at_end(in);
}

static bool take_null(struct env_json_in *in)
{
    pass_blanks(in);
    if (in->end - in->at < 4 || memcmp(in->at, "null", 4) != 0)
        return false;
    in->at += 4;
    return true;
}

static const char *read_id(struct env_json_in *in, struct tool_row *row)
{
    const char *begin;

    if (row->has_id)
        return "a row with two ids";
    if (take_null(in))
        return NULL;
    row->has_id = true;
    begin = in->at;
    if (in->at < in->end && *in->at == '"') {
        if (!env_json_take_text(in, row->id, &row->id_len))
            return "not JSON";
        return memchr(row->id, '\0', row->id_len) == NULL ? NULL : "an id with a NUL";
    }
    if (in->at == in->end || strchr("-0123456789", *in->at) == NULL || *in->at == '\0' ||
        !env_json_skip(in))
        return "an id that is neither text nor a number";
    row->id_len = (size_t)(in->at - begin);
    memcpy(row->id, begin, row->id_len);
    return NULL;
}

static const char *read_context(struct env_json_in *in, struct tool_row *row)
{
    if (row->has_context)
        return "a row with two contexts";
    if (take_null(in))
        return NULL;
    row->has_context = true;
    return env_json_take_text(in, (char *)row->context, &row->context_len)
               ? NULL
               : "a context that is not text";
}

/*
 * A string, or a number as written. Anything else, or a longer value, is ignored like other
 * members.
 */
static const char *read_tenant(struct env_json_in *in, char *text, struct tool_row *row)
{
    const char *begin;
    const char *value;

    pass_blanks(in);
    begin = in->at;
    if (in->at < in->end && *in->at == '"') {
        if (!env_json_take_text(in, text, &row->tenant_len))
            return "not JSON";
        value = text;
    } else {
        if (!env_json_skip(in))
            return "not JSON";
        value = begin;
        row->tenant_len =
            *begin == '-' || (*begin >= '0' && *begin <= '9') ? (size_t)(in->at - begin) : 0;
    }
    row->has_tenant = row->tenant_len > 0 && row->tenant_len <= sizeof(row->tenant);
    if (row->has_tenant)
        memcpy(row->tenant, value, row->tenant_len);
    return NULL;
}

static const char *read_message(struct env_json_in *in, const char *line, char *text,
                                struct tool_row *row)
{
    size_t text_len = 0;

    if (row->message_at > 0)
        return "a row with two messages";
    if (take_null(in)) {
        row->message_at = (size_t)(in->at - line);
        return NULL;
    }
    row->message_at = (size_t)(in->at - line) + 1;
    if (!env_json_take_text(in, text, &text_len))
        return "a message that is not text";
    row->message_text_len = (size_t)(in->at - line) - 1 - row->message_at;
    row->empty = false;
    return decode_value(text, text_len, row);
}

static const char *read_member(struct env_json_in *in, const char *line, char *room,
                               struct tool_row *row)
{
    size_t len = 0;

    if (!env_json_take_text(in, room, &len) || !env_json_take(in, ':'))
        return "not JSON";
    if (len == 2 && memcmp(room, "id", 2) == 0)
        return read_id(in, row);
    if (len == 7 && memcmp(room, "context", 7) == 0)
        return read_context(in, row);
    if (len == 6 && memcmp(room, "tenant", 6) == 0)
        return read_tenant(in, room, row);
    if (len == 7 && memcmp(room, "message", 7) == 0)
        return read_message(in, line, room, row);
    return env_json_skip(in) ? NULL : "not JSON";
}

static const char *read_json(const char *line, size_t len, struct tool_row *row)
{
    struct env_json_in in = {line, line + len};
    char *room = OPENSSL_malloc(len);
    const char *why = room != NULL ? NULL : "out of memory";

    row->empty = true;
    (void)env_json_take(&in, '{');
    while (why == NULL) {
        why = read_member(&in, line, room, row);
        if (why != NULL || !env_json_take(&in, ','))
            break;
    }
    if (why == NULL && (!env_json_take(&in, '}') || !env_json_at_end(&in)))
        why = "not JSON";
    if (why == NULL && row->message_at == 0)
        why = "a row without a message";
    OPENSSL_free(room);
    return why;
}

/* ---- TSV ---- */

struct field {
    const char *text;
    size_t len;
};

static bool is_octal(const struct field *field, size_t at)
{
    return at < field->len && field->text[at] >= '0' && field->text[at] <= '7';
}

/* Decodes the escape at *at, the character after the backslash, and advances. */
static uint8_t unescape(const struct field *field, size_t *at)
{
    static const char names[] = "bfnrtv";
    static const char meant[] = "\b\f\n\r\t\v";
    char c = field->text[(*at)++];
    const char *name = memchr(names, c, sizeof(names) - 1);
    unsigned value = 0;

    if (name != NULL)
        return (uint8_t)meant[name - names];
    if (c >= '0' && c <= '7') {
        value = (unsigned)(c - '0');
        for (int i = 0; i < 2 && is_octal(field, *at); i++)
            value = value << 3 | (unsigned)(field->text[(*at)++] - '0');
        return (uint8_t)value;
    }
    if (c == 'x' && *at < field->len && OPENSSL_hexchar2int((unsigned char)field->text[*at]) >= 0) {
        for (int i = 0; i < 2 && *at < field->len; i++) {
            int digit = OPENSSL_hexchar2int((unsigned char)field->text[*at]);

            if (digit < 0)
                break;
            value = value << 4 | (unsigned)digit;
            (*at)++;
        }
        return (uint8_t)value;
    }
    return (uint8_t)c;
}

/* False for \N, which means no value. */
static bool read_field(const struct field *field, uint8_t *out, size_t *len)
{
    *len = 0;
    if (field->len == 2 && memcmp(field->text, "\\N", 2) == 0)
        return false;
    for (size_t at = 0; at < field->len;) {
        char c = field->text[at++];

        out[(*len)++] = c == '\\' && at < field->len ? unescape(field, &at) : (uint8_t)c;
    }
    return true;
}

static const char *read_tsv(const char *line, const struct field fields[3], struct tool_row *row)
{
    uint8_t *text;
    size_t text_len = 0;
    const char *why;

    row->has_id = read_field(&fields[0], (uint8_t *)row->id, &row->id_len);
    if (memchr(row->id, '\0', row->id_len) != NULL)
        return "an id with a NUL";
    row->has_context = read_field(&fields[1], row->context, &row->context_len);
    row->message_at = (size_t)(fields[2].text - line);
    row->message_text_len = fields[2].len;
    text = OPENSSL_malloc(fields[2].len + 1);
    if (text == NULL)
        return "out of memory";
    row->empty = !read_field(&fields[2], text, &text_len);
    why = row->empty ? NULL : decode_value((const char *)text, text_len, row);
    OPENSSL_free(text);
    return why;
}

/* Whether the line has three fields. Blanks at its end are not part of the last one. */
static bool split(const char *line, size_t len, struct field fields[3])
{
    const char *end = line + len;
    size_t count = 0;

    for (const char *at = line; count < 3; at++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));

        fields[count].text = at;
        fields[count++].len = (size_t)((tab != NULL ? tab : end) - at);
        if (tab == NULL)
            break;
        at = tab;
        if (count == 3)
            return false;
    }
    while (count == 3 && fields[2].len > 0 && is_blank(fields[2].text[fields[2].len - 1]))
        fields[2].len--;
    return count == 3;
}

/* ---- any line ---- */

static const char *read_any(const char *line, size_t len, struct tool_row *row)
{
    struct field fields[3];
    const char *text = line;
    size_t text_len = len;

    memset(row, 0, offsetof(struct tool_row, tenant));
    if (len > TOOL_LINE_MAX)
        return "the line is too long";
    trim(&text, &text_len);
    if (text_len > 0 && *text == '{')
        return read_json(line, len, row);
    return split(line, len, fields) ? read_tsv(line, fields, row) : read_alone(line, len, row);
}

const char *tool_row_read(const char *line, size_t len, struct tool_row *row)
{
    const char *why = read_any(line, len, row);

    if (why == NULL && row->context_len > ENV_CONTEXT_MAX)
        why = env_reason_text(ENV_R_CONTEXT_TOO_LONG);
    return why;
}

ENV_RESULT tool_row_write(const char *line, size_t len, struct tool_row_place place,
                          struct env_span message, char **out, size_t *out_len)
{
    size_t behind = len - place.at - place.len;
    size_t text_len = 4 * ((message.len + 2) / 3);
    char *p;

    *out = NULL;
    *out_len = place.at + text_len + behind;
    if (*out_len > TOOL_LINE_MAX)
        return ENV_FAIL(ENV_R_LINE_TOO_LONG);
    *out = OPENSSL_malloc(*out_len + 1);
    if (*out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    p = *out;
    memcpy(p, line, place.at);
    p += place.at;
    p += EVP_EncodeBlock((unsigned char *)p, message.data, (int)message.len);
    memcpy(p, line + len - behind, behind);
    return ENV_OK;
}
