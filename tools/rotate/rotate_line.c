/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rotate_line.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The blanks before and behind the base64 stay. */
static ENV_RESULT encode_line(const struct tool_item *item, struct env_span bytes, char **line,
                              size_t *line_len)
{
    size_t before = 0;
    size_t behind = 0;
    size_t base64_len = 4 * ((bytes.len + 2) / 3);
    char *p;

    while (before < item->text_len && is_blank(item->text[before]))
        before++;
    while (behind < item->text_len - before && is_blank(item->text[item->text_len - 1 - behind]))
        behind++;
    if (before + base64_len + behind > TOOL_LINE_MAX)
        return ENV_FAIL(ENV_R_LINE_TOO_LONG);
    *line = OPENSSL_malloc(before + base64_len + 1 + behind);
    if (*line == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    p = *line;
    memcpy(p, item->text, before);
    p += before;
    p += EVP_EncodeBlock((unsigned char *)p, bytes.data, (int)bytes.len);
    memcpy(p, item->text + item->text_len - behind, behind);
    *line_len = (size_t)(p - *line) + behind;
    return ENV_OK;
}

static ENV_RESULT join(const struct tool_item *item, struct env_span header, size_t old_len,
                       char **line, size_t *line_len)
{
    size_t rest = item->len - old_len;
    uint8_t *bytes = OPENSSL_malloc(header.len + rest);
    ENV_RESULT r;

    if (bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    memcpy(bytes, header.data, header.len);
    memcpy(bytes + header.len, item->bytes + old_len, rest);
    r = encode_line(item, (struct env_span){bytes, header.len + rest}, line, line_len);
    OPENSSL_free(bytes);
    return r;
}

ENV_RESULT tool_rewrap_line(const struct tool_rotation *rotation, const struct tool_item *item,
                            char **line, size_t *line_len)
{
    struct env_span header = {NULL, 0};
    uint8_t *new_der = NULL;
    size_t old_len = 0;
    ENV_RESULT r = ENV_OK;

    *line = NULL;
    ENV_TRY(env_header_length((struct env_span){item->bytes, item->len}, &old_len));
    if (old_len > item->len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(tool_new_header(rotation, (struct env_span){item->bytes, old_len}, item->len, &new_der,
                            &header.len));
    if (new_der == NULL)
        return ENV_OK;
    header.data = new_der;
    r = join(item, header, old_len, line, line_len);
    OPENSSL_free(new_der);
    return r;
}
