/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_bytes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "tools/key/terminal.h"

/* The most to read: one byte more than the longest key, so that a longer one is noticed. */
#define TEXT_MAX (2 * TOOL_KEY_BYTES_MAX + 1)
#define TEXT_ROOM (TEXT_MAX + 8)

bool tool_key_form(const struct tool_run *run, enum tool_key_form usual, enum tool_key_form *out)
{
    const struct tool_options *options = &run->options;

    if (options->hex + options->base64 + options->raw > 1) {
        tool_complain(run, "--hex, --base64 and --raw cannot be combined");
        return false;
    }
    *out = options->hex      ? TOOL_KEY_HEX
           : options->base64 ? TOOL_KEY_BASE64
           : options->raw    ? TOOL_KEY_RAW
                             : usual;
    return true;
}

/*
 * Reads everything, up to one byte more than allowed; a typed line is everything. NULL, or what
 * went wrong.
 */
static const char *read_all(int fd, char *text, size_t most, bool line, size_t *len)
{
    *len = 0;
    while (*len <= most) {
        ssize_t n = TEMP_FAILURE_RETRY(read(fd, text + *len, most + 1 - *len));

        if (n < 0)
            return strerrordesc_np(errno);
        *len += (size_t)n;
        if (n == 0 || (line && text[*len - 1] == '\n'))
            return NULL;
    }
    return "it is longer than 1024 bytes";
}

static const char *decode_hex(const char *text, size_t len, struct tool_key_bytes *out)
{
    if (len % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != len)
        return "it is not hex (see --base64 and --raw)";
    if (OPENSSL_hexstr2buf_ex(out->data, TOOL_KEY_BYTES_MAX, &out->len, text, '\0') != 1)
        return "it is not hex (see --base64 and --raw)";
    return NULL;
}

/*
 * libcrypto ignores bytes that are not base64 at the ends, so encoding the result again must give
 * the same text.
 */
static const char *decode_base64(const char *text, size_t len, char *again,
                                 struct tool_key_bytes *out)
{
    static const char *const bad = "it is not base64 (RFC 4648, with its padding)";
    size_t padding = 0;
    int n;

    if (len == 0 || len % 4 != 0 || len / 4 * 3 > TOOL_KEY_BYTES_MAX + 2)
        return bad;
    while (padding < 2 && text[len - 1 - padding] == '=')
        padding++;
    n = EVP_DecodeBlock((unsigned char *)again, (const unsigned char *)text, (int)len);
    if (n < 0 || (size_t)n != len / 4 * 3 || (size_t)n - padding > TOOL_KEY_BYTES_MAX)
        return bad;
    out->len = (size_t)n - padding;
    memcpy(out->data, again, out->len);
    n = EVP_EncodeBlock((unsigned char *)again, out->data, (int)out->len);
    return (size_t)n == len && memcmp(again, text, len) == 0 ? NULL : bad;
}

static const char *decode(char *text, size_t len, char *again, enum tool_key_form form,
                          struct tool_key_bytes *out)
{
    if (form != TOOL_KEY_RAW && len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    if (len == 0)
        return "the standard input is empty";
    if (form == TOOL_KEY_HEX)
        return decode_hex(text, len, out);
    if (form == TOOL_KEY_BASE64)
        return decode_base64(text, len, again, out);
    memcpy(out->data, text, len);
    out->len = len;
    return NULL;
}

static const char *prompt_of(enum tool_key_form form)
{
    static const char *const prompts[] = {
        [TOOL_KEY_HEX] = "In hex, then Enter (it is not shown): ",
        [TOOL_KEY_BASE64] = "In base64, then Enter (it is not shown): ",
        [TOOL_KEY_RAW] = "As it is, then Ctrl-D twice (it is not shown): ",
    };

    return prompts[form];
}

const char *tool_key_bytes_read(int fd, enum tool_key_form form, struct tool_key_bytes *out)
{
    const size_t most = form == TOOL_KEY_RAW ? TOOL_KEY_BYTES_MAX : TEXT_MAX;
    char *text = env_secret_alloc(TEXT_ROOM);
    char *again = env_secret_alloc(TEXT_ROOM);
    const char *why = "out of memory";
    size_t len = 0;
    bool typed;

    out->len = 0;
    out->data = env_secret_alloc(TOOL_KEY_BYTES_MAX);
    if (text != NULL && again != NULL && out->data != NULL) {
        typed = tool_terminal_begin(fd, prompt_of(form));
        why = read_all(fd, text, most, typed && form != TOOL_KEY_RAW, &len);
        tool_terminal_end();
        if (why == NULL)
            why = decode(text, len, again, form, out);
    }
    env_secret_free(text, TEXT_ROOM);
    env_secret_free(again, TEXT_ROOM);
    if (why != NULL)
        tool_key_bytes_clear(out);
    return why;
}

void tool_key_bytes_clear(struct tool_key_bytes *bytes)
{
    env_secret_free(bytes->data, TOOL_KEY_BYTES_MAX);
    *bytes = (struct tool_key_bytes){NULL, 0};
}

bool tool_key_bytes_text(enum tool_key_form form, const uint8_t *data, size_t len,
                         char text[TOOL_KEY_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    if (len > TOOL_KEY_BYTES_MAX)
        return false;
    switch (form) {
    case TOOL_KEY_HEX:
        for (size_t i = 0; i < len; i++) {
            text[2 * i] = digits[data[i] >> 4];
            text[2 * i + 1] = digits[data[i] & 15];
        }
        text[2 * len] = '\0';
        return true;
    case TOOL_KEY_BASE64:
        return EVP_EncodeBlock((unsigned char *)text, data, (int)len) >= 0;
    case TOOL_KEY_RAW:
    default:
        return false;
    }
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(write(fd, data, len));

        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool tool_key_bytes_write(int fd, enum tool_key_form form, const uint8_t *data, size_t len)
{
    char *text;
    size_t text_len;
    bool ok;

    if (form == TOOL_KEY_RAW)
        return write_all(fd, data, len);
    text = env_secret_alloc(TOOL_KEY_TEXT);
    if (text == NULL || !tool_key_bytes_text(form, data, len, text)) {
        env_secret_free(text, TOOL_KEY_TEXT);
        return false;
    }
    text_len = strlen(text);
    text[text_len] = '\n';
    ok = write_all(fd, (const uint8_t *)text, text_len + 1);
    env_secret_free(text, TOOL_KEY_TEXT);
    return ok;
}

#define OUTPUT_ROOM 4096u

bool tool_key_output_begin(struct tool_key_output *output)
{
    output->buffer = env_secret_alloc(OUTPUT_ROOM);
    return output->buffer != NULL && setvbuf(stdout, output->buffer, _IOFBF, OUTPUT_ROOM) == 0;
}

enum tool_status tool_key_output_end(struct tool_key_output *output, enum tool_status status)
{
    if (fflush(stdout) != 0)
        status = TOOL_UNABLE;
    (void)setvbuf(stdout, NULL, _IONBF, 0);
    env_secret_free(output->buffer, OUTPUT_ROOM);
    output->buffer = NULL;
    return status;
}
