/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/json.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

void env_json_init(struct env_json *json, FILE *out)
{
    memset(json, 0, sizeof(*json));
    json->out = out;
}

/* ---- text ---- */

size_t env_utf8_char(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n;
    uint32_t code;

    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n > len)
        return 0;
    code = p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    /* the shortest form alone, no surrogates, nothing above U+10FFFF */
    if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10FFFF)) ||
        (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return n;
}

static bool is_utf8(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = env_utf8_char(text, len);

        if (n == 0)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

static void write_char(FILE *out, const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];

    if (n == 1 && (c == '"' || c == '\\'))
        (void)fprintf(out, "\\%c", c);
    else if (n == 1 && (c < 0x20 || c == 0x7F))
        (void)fprintf(out, "\\u%04x", c);
    else if (n == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0) /* C1: a terminal obeys them */
        (void)fprintf(out, "\\u%04x", (unsigned char)text[1]);
    else
        (void)fwrite(text, 1, n, out);
}

static void write_string(FILE *out, const char *text, size_t len)
{
    (void)fputc('"', out);
    while (len > 0) {
        size_t n = env_utf8_char(text, len);

        if (n == 0) {
            (void)fputs("\xEF\xBF\xBD", out);
            n = 1;
        } else {
            write_char(out, text, n);
        }
        text += n;
        len -= n;
    }
    (void)fputc('"', out);
}

/* ---- structure ---- */

static void write_name(struct env_json *json, const char *name)
{
    if (json->filled[json->depth])
        (void)fputc(',', json->out);
    json->filled[json->depth] = json->depth > 0;
    if (name != NULL) {
        write_string(json->out, name, strlen(name));
        (void)fputc(':', json->out);
    }
}

static void open_value(struct env_json *json, const char *name, char bracket)
{
    write_name(json, name);
    (void)fputc(bracket, json->out);
    if (json->depth < ENV_JSON_DEPTH)
        json->depth++;
    json->filled[json->depth] = false;
}

static void close_value(struct env_json *json, char bracket)
{
    (void)fputc(bracket, json->out);
    if (json->depth > 0 && --json->depth == 0)
        (void)fputc('\n', json->out);
}

void env_json_object(struct env_json *json, const char *name)
{
    open_value(json, name, '{');
}

void env_json_object_end(struct env_json *json)
{
    close_value(json, '}');
}

void env_json_array(struct env_json *json, const char *name)
{
    open_value(json, name, '[');
}

void env_json_array_end(struct env_json *json)
{
    close_value(json, ']');
}

/* ---- values ---- */

void env_json_bytes(struct env_json *json, const char *name, const char *value, size_t len)
{
    write_name(json, name);
    write_string(json->out, value, len);
}

void env_json_text(struct env_json *json, const char *name, const char *value)
{
    if (value != NULL) {
        env_json_bytes(json, name, value, strlen(value));
        return;
    }
    write_name(json, name);
    (void)fputs("null", json->out);
}

void env_json_number(struct env_json *json, const char *name, uint64_t value)
{
    write_name(json, name);
    (void)fprintf(json->out, "%" PRIu64, value);
}

void env_json_bool(struct env_json *json, const char *name, bool value)
{
    write_name(json, name);
    (void)fputs(value ? "true" : "false", json->out);
}

void env_json_hex(struct env_json *json, const char *name, const uint8_t *bytes, size_t len)
{
    write_name(json, name);
    (void)fputc('"', json->out);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(json->out, "%02x", bytes[i]);
    (void)fputc('"', json->out);
}

void env_json_path(struct env_json *json, const char *name, const char *path)
{
    size_t len = strlen(path);
    size_t room = 4 * ((len + 2) / 3) + 1;
    char base64_name[64];
    unsigned char *base64;

    env_json_bytes(json, name, path, len);
    if (is_utf8(path, len) || len > INT32_MAX / 2)
        return;
    base64 = OPENSSL_malloc(room);
    if (base64 == NULL)
        return;
    (void)EVP_EncodeBlock(base64, (const unsigned char *)path, (int)len);
    (void)snprintf(base64_name, sizeof(base64_name), "%s_base64", name);
    env_json_text(json, base64_name, (const char *)base64);
    OPENSSL_free(base64);
}
