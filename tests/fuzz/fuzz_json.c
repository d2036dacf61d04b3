/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of the audit log and of envelope(1): labels, tokens and paths are any bytes, and the
 * output is one line that a strict parser accepts, without a control character. Text in UTF-8
 * survives the round trip.
 */
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "envelope/base/json.h"
#include "fuzz.h"

/* ---- a strict parser (RFC 8259) ---- */

struct parser {
    const char *at;
    const char *end;
    uint8_t *text; /* of the string that was read last */
    size_t text_len;
};

static char next(struct parser *p)
{
    FUZZ_DEMAND(p->at < p->end);
    return *p->at++;
}

static void literal(struct parser *p, const char *text)
{
    for (; *text != '\0'; text++)
        FUZZ_DEMAND(next(p) == *text);
}

static unsigned hex4(struct parser *p)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0;

    for (int i = 0; i < 4; i++) {
        const char *digit = memchr(digits, next(p), 16);

        FUZZ_DEMAND(digit != NULL);
        value = value << 4 | (unsigned)(digit - digits);
    }
    return value;
}

/* What is escaped so is a control character: of one or, from U+0080 on, of two bytes. */
/* Of bidirectional text (UAX 9), and separators of lines and paragraphs. */
static bool is_hidden(unsigned code)
{
    return code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

static void escape(struct parser *p)
{
    char c = next(p);
    unsigned code;

    if (c == '"' || c == '\\') {
        p->text[p->text_len++] = (uint8_t)c;
        return;
    }
    FUZZ_DEMAND(c == 'u');
    code = hex4(p);
    FUZZ_DEMAND(code < 0x20 || (code >= 0x7F && code < 0xA0) || is_hidden(code));
    if (code >= 0x800) {
        p->text[p->text_len++] = (uint8_t)(0xE0 | code >> 12);
        p->text[p->text_len++] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        code = 0x80 | (code & 0x3F);
    } else if (code >= 0x80) {
        p->text[p->text_len++] = (uint8_t)(0xC0 | code >> 6);
        code = 0x80 | (code & 0x3F);
    }
    p->text[p->text_len++] = (uint8_t)code;
}

/* By the table of Unicode 15, 3-7, row by row. */
static size_t well_formed(const uint8_t *s, size_t len)
{
    static const struct {
        uint8_t first[2];
        uint8_t second[2];
        size_t len;
    } rows[] = {
        {{0x00, 0x7F}, {0}, 1},          {{0xC2, 0xDF}, {0x80, 0xBF}, 2},
        {{0xE0, 0xE0}, {0xA0, 0xBF}, 3}, {{0xE1, 0xEC}, {0x80, 0xBF}, 3},
        {{0xED, 0xED}, {0x80, 0x9F}, 3}, {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
        {{0xF0, 0xF0}, {0x90, 0xBF}, 4}, {{0xF1, 0xF3}, {0x80, 0xBF}, 4},
        {{0xF4, 0xF4}, {0x80, 0x8F}, 4},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool good = len >= rows[i].len && s[0] >= rows[i].first[0] && s[0] <= rows[i].first[1];

        for (size_t j = 1; good && j < rows[i].len; j++)
            good = j == 1 ? s[j] >= rows[i].second[0] && s[j] <= rows[i].second[1]
                          : s[j] >= 0x80 && s[j] <= 0xBF;
        if (good)
            return rows[i].len;
    }
    return 0;
}

static void string(struct parser *p)
{
    literal(p, "\"");
    for (p->text_len = 0; *p->at != '"';) {
        size_t n = well_formed((const uint8_t *)p->at, (size_t)(p->end - p->at));

        if (*p->at == '\\') {
            p->at++;
            escape(p);
            continue;
        }
        FUZZ_DEMAND(n > 0 && (uint8_t)*p->at >= 0x20 && *p->at != 0x7F);
        FUZZ_DEMAND(n != 2 || (uint8_t)p->at[0] != 0xC2 || (uint8_t)p->at[1] >= 0xA0);
        memcpy(p->text + p->text_len, p->at, n);
        p->text_len += n;
        p->at += n;
        FUZZ_DEMAND(p->at < p->end);
    }
    literal(p, "\"");
}

static void name(struct parser *p, const char *wanted)
{
    string(p);
    FUZZ_DEMAND(p->text_len == strlen(wanted) && memcmp(p->text, wanted, p->text_len) == 0);
    literal(p, ":");
}

/* ---- what is written ---- */

static bool is_utf8(const uint8_t *s, size_t len)
{
    while (len > 0) {
        size_t n = well_formed(s, len);

        if (n == 0)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

static void check_text(const struct parser *p, const uint8_t *data, size_t size)
{
    if (is_utf8(data, size))
        FUZZ_DEMAND(p->text_len == size && (size == 0 || memcmp(p->text, data, size) == 0));
    FUZZ_DEMAND(is_utf8(p->text, p->text_len));
}

/* The very bytes, where the text has not got them. */
static void check_base64(const struct parser *p, const uint8_t *data, size_t size)
{
    unsigned char *again = malloc(size * 2 + 8);

    FUZZ_DEMAND(again != NULL);
    FUZZ_DEMAND(EVP_EncodeBlock(again, data, (int)size) == (int)p->text_len &&
                memcmp(again, p->text, p->text_len) == 0);
    free(again);
}

static void read_back(struct parser *p, const uint8_t *data, size_t size, const char *path)
{
    literal(p, "{");
    name(p, "label");
    string(p);
    check_text(p, data, size);
    literal(p, ",\"list\":[{},{");
    name(p, "path");
    string(p);
    check_text(p, (const uint8_t *)path, strlen(path));
    if (!is_utf8((const uint8_t *)path, strlen(path))) {
        literal(p, ",");
        name(p, "path_base64");
        string(p);
        check_base64(p, (const uint8_t *)path, strlen(path));
    }
    literal(p, "},");
    string(p);
    literal(p, "],");
    string(p);
    literal(p, ":true}\n");
    FUZZ_DEMAND(p->at == p->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *path = malloc(size + 1);
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    struct env_json json;
    struct parser parser;

    FUZZ_DEMAND(path != NULL && out != NULL);
    memcpy(path, data, size);
    path[size] = '\0';
    env_json_init(&json, out);
    env_json_object(&json, NULL);
    env_json_bytes(&json, "label", (const char *)data, size);
    env_json_array(&json, "list");
    env_json_object(&json, NULL);
    env_json_object_end(&json);
    env_json_object(&json, NULL);
    env_json_path(&json, "path", path);
    env_json_object_end(&json);
    env_json_hex(&json, NULL, data, size);
    env_json_array_end(&json);
    env_json_bool(&json, path, true);
    env_json_object_end(&json);
    FUZZ_DEMAND(fclose(out) == 0);
    parser = (struct parser){line, line + len, malloc(len + 4), 0};
    FUZZ_DEMAND(parser.text != NULL);
    read_back(&parser, data, size, path);
    free(parser.text);
    free(line);
    free(path);
    return 0;
}
