/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/json.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "envelope/base/utf8.h"

void env_json_init(struct env_json *json, FILE *out)
{
    memset(json, 0, sizeof(*json));
    json->out = out;
}

/* ---- text ---- */

static void write_char(FILE *out, const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];

    if (n == 1 && (c == '"' || c == '\\'))
        (void)fprintf(out, "\\%c", c);
    else if (env_char_is_shown(text, n))
        (void)fwrite(text, 1, n, out);
    else
        (void)fprintf(out, "\\u%04x", (unsigned)env_utf8_code(text, n)); /* below U+10000, all */
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

bool env_json_base64(struct env_json *json, const char *name, const uint8_t *bytes, size_t len)
{
    unsigned char *base64 = len <= INT32_MAX / 2 ? OPENSSL_malloc(4 * ((len + 2) / 3) + 1) : NULL;

    if (base64 == NULL)
        return false;
    (void)EVP_EncodeBlock(base64, bytes, (int)len);
    env_json_text(json, name, (const char *)base64);
    OPENSSL_free(base64);
    return true;
}

void env_json_path(struct env_json *json, const char *name, const char *path)
{
    size_t len = strlen(path);
    char base64_name[64];

    env_json_bytes(json, name, path, len);
    if (env_utf8_is(path, len))
        return;
    (void)snprintf(base64_name, sizeof(base64_name), "%s_base64", name);
    (void)env_json_base64(json, base64_name, (const uint8_t *)path, len);
}

/* ---- reading ---- */

static bool is_next(const struct env_json_in *in, const char *any)
{
    return in->at < in->end && *in->at != '\0' && strchr(any, *in->at) != NULL;
}

static void skip_blanks(struct env_json_in *in)
{
    while (is_next(in, " \t\n\r"))
        in->at++;
}

bool env_json_take(struct env_json_in *in, char c)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

bool env_json_at_end(struct env_json_in *in)
{
    skip_blanks(in);
    return in->at == in->end;
}

static bool take_hex4(struct env_json_in *in, uint32_t *value)
{
    *value = 0;
    if (in->end - in->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = OPENSSL_hexchar2int((unsigned char)*in->at++);

        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static void put(const char *bytes, size_t n, char *out, size_t *len)
{
    if (out != NULL)
        memcpy(out + *len, bytes, n);
    *len += n;
}

static void put_code(uint32_t code, char *out, size_t *len)
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    char bytes[4];

    for (size_t i = n - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    bytes[0] = (char)(n == 1 ? code : (0xF00u >> n & 0xFF) | code);
    put(bytes, n, out, len);
}

/* After \u: four digits, and for a character above U+FFFF a second such escape. */
static bool take_unicode(struct env_json_in *in, char *out, size_t *len)
{
    uint32_t code;
    uint32_t low;

    if (!take_hex4(in, &code) || (code >= 0xDC00 && code < 0xE000))
        return false;
    if (code >= 0xD800 && code < 0xDC00) {
        if (in->end - in->at < 2 || in->at[0] != '\\' || in->at[1] != 'u')
            return false;
        in->at += 2;
        if (!take_hex4(in, &low) || low < 0xDC00 || low >= 0xE000)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
    }
    put_code(code, out, len);
    return true;
}

static bool take_escape(struct env_json_in *in, char *out, size_t *len)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (in->at == in->end)
        return false;
    if (*in->at == 'u') {
        in->at++;
        return take_unicode(in, out, len);
    }
    name = memchr(names, *in->at, sizeof(names) - 1);
    if (name == NULL)
        return false;
    in->at++;
    put(&meant[name - names], 1, out, len);
    return true;
}

/* Takes characters up to the closing quotation mark. */
static bool take_char(struct env_json_in *in, char *out, size_t *len)
{
    size_t n = env_utf8_char(in->at, (size_t)(in->end - in->at));

    if (*in->at == '\\') {
        in->at++;
        return take_escape(in, out, len);
    }
    if (n == 0 || (n == 1 && (unsigned char)*in->at < 0x20))
        return false;
    put(in->at, n, out, len);
    in->at += n;
    return true;
}

bool env_json_take_text(struct env_json_in *in, char *out, size_t *len)
{
    *len = 0;
    if (!env_json_take(in, '"'))
        return false;
    while (in->at < in->end && *in->at != '"') {
        if (!take_char(in, out, len))
            return false;
    }
    return env_json_take(in, '"');
}

/* ---- skipping values ---- */

static bool take_digits(struct env_json_in *in)
{
    const char *begin = in->at;

    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return in->at > begin;
}

static bool take_number(struct env_json_in *in)
{
    if (is_next(in, "-"))
        in->at++;
    if (is_next(in, "0"))
        in->at++;
    else if (!take_digits(in))
        return false;
    if (is_next(in, ".")) {
        in->at++;
        if (!take_digits(in))
            return false;
    }
    if (!is_next(in, "eE"))
        return true;
    in->at++;
    if (is_next(in, "+-"))
        in->at++;
    return take_digits(in);
}

static bool take_word(struct env_json_in *in)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(in->end - in->at) >= len && memcmp(in->at, words[i], len) == 0) {
            in->at += len;
            return true;
        }
    }
    return false;
}

static bool skip_value(struct env_json_in *in, unsigned depth);

static bool skip_members(struct env_json_in *in, bool named, char last, unsigned depth)
{
    size_t len;

    in->at++; /* the opening bracket */
    if (env_json_take(in, last))
        return true;
    do {
        if ((named && !(env_json_take_text(in, NULL, &len) && env_json_take(in, ':'))) ||
            !skip_value(in, depth + 1))
            return false;
    } while (env_json_take(in, ','));
    return env_json_take(in, last);
}

static bool skip_value(struct env_json_in *in, unsigned depth)
{
    size_t len;

    skip_blanks(in);
    if (in->at == in->end)
        return false;
    switch (*in->at) {
    case '{':
    case '[':
        return depth < ENV_JSON_DEPTH &&
               skip_members(in, *in->at == '{', *in->at == '{' ? '}' : ']', depth);
    case '"':
        return env_json_take_text(in, NULL, &len);
    case 't':
    case 'f':
    case 'n':
        return take_word(in);
    default:
        return take_number(in);
    }
}

bool env_json_skip(struct env_json_in *in)
{
    return skip_value(in, 0);
}
