/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside: the section of openssl.cnf, lists of words, pkcs11: URIs, labels, key bytes.
 * The first byte of an input chooses the reader, the rest is its text.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/config.h"
#include "envelope/base/config_list.h"
#include "envelope/base/dates.h"
#include "fuzz.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/versions.h"
#include "provider/common/selector_key.h"

enum { CONFIG, WORDS, OPEN_KEK, URI, SHOWN, QUERY, KEY_BYTES, VERSION, DAY, READERS };

static char raised[1024];

static void keep_text(void *arg, const char *file, int line, const char *func,
                      enum env_reason reason, const char *fmt, va_list ap)
{
    (void)arg;
    (void)file;
    (void)line;
    (void)func;
    (void)reason;
    (void)vsnprintf(raised, sizeof(raised), fmt, ap);
}

static const struct env_errors errors = {.raise = keep_text};

/* ---- the section ---- */

struct section {
    const char *text; /* "key=value" lines */
};

/* Answers as the core does: the value of the first line that has the key. */
static bool ask(void *arg, const char *key, char **value)
{
    const struct section *section = arg;
    size_t key_len = strlen(key);

    for (const char *line = section->text; line != NULL && *line != '\0';) {
        const char *end = strchrnul(line, '\n');

        if (strncmp(line, key, key_len) == 0 && line[key_len] == '=') {
            *value = OPENSSL_strndup(line + key_len + 1, (size_t)(end - line) - key_len - 1);
            return *value != NULL;
        }
        line = *end == '\n' ? end + 1 : NULL;
    }
    return true;
}

/* What is refused names the key that is at detail, and never shows the value. */
static void config(const char *text)
{
    struct env_config read = {0};
    struct section section = {text};

    raised[0] = '\0';
    FUZZ_DEMAND(env_config_read(&read, ask, &section));
    if (!env_ok(env_config_check(&read, &errors))) {
        bool named = false;

        for (size_t i = 0; env_config_key(i) != NULL; i++)
            named = named || strstr(raised, env_config_key(i)->name) != NULL;
        FUZZ_DEMAND(named);
    } else {
        FUZZ_DEMAND(read.unknown == NULL && raised[0] == '\0');
    }
    env_config_clear(&read);
    FUZZ_DEMAND(ERR_peek_error() == 0);
}

/* ---- words ---- */

static void words(const char *text)
{
    const char *at = text;
    const char *end = text + strlen(text);
    struct env_word word;

    while (env_word_next(&at, &word)) {
        char *decoded = malloc(word.len + 1);
        uint8_t bytes[ENV_KEK_ID_MAX];
        size_t n = 0;

        FUZZ_DEMAND(decoded != NULL && word.text >= text && at <= end && word.len > 0);
        FUZZ_DEMAND(word.text + word.len == at);
        if (env_word_decode(&word, decoded))
            FUZZ_DEMAND(strlen(decoded) > 0 && strlen(decoded) <= word.len);
        if (env_word_hex(&word, bytes, sizeof(bytes), &n))
            FUZZ_DEMAND(n > 0 && n <= sizeof(bytes) && 2 * n <= word.len);
        free(decoded);
    }
    FUZZ_DEMAND(at == end);
}

/* An id and a label against a list: they are allowed when one of the words is one of them. */
static void open_kek(struct fuzz_input in, const char *text)
{
    struct env_kek_id id = {.len = 1 + fuzz_byte(&in) % 4};
    char label[8] = "";
    const char *list = text + (strlen(text) < 6 ? strlen(text) : 6);

    for (size_t i = 0; i < id.len; i++)
        id.bytes[i] = fuzz_byte(&in);
    (void)snprintf(label, sizeof(label), "%.3s", list);
    (void)env_open_kek_allows(list, label, &id);
    FUZZ_DEMAND(env_open_kek_allows(NULL, label, &id));
    FUZZ_DEMAND(!env_open_kek_allows("", label, &id));
    if (label[0] != '\0' && strpbrk(label, " \t%") == NULL)
        FUZZ_DEMAND(env_open_kek_allows(label, label, &id));
}

/* ---- URIs ---- */

static void check_shown(const char *shown, size_t size)
{
    char dense[ENV_URI_TEXT];
    size_t n = 0;

    FUZZ_DEMAND(strlen(shown) < size && size <= sizeof(dense));
    for (const char *p = shown; *p != '\0'; p++)
        if (*p != ' ')
            dense[n++] = *p;
    dense[n] = '\0';
    FUZZ_DEMAND(strcasestr(dense, "pin-") == NULL);
    for (const char *p = shown; *p != '\0'; p++)
        FUZZ_DEMAND((unsigned char)*p >= 0x20 && *p != 0x7F);
}

/* A URI reads the same as what it is written as, where nothing of a PIN is left. */
static void uri(const char *text)
{
    struct env_error_detail detail;
    P11KitUri *parsed = NULL;
    P11KitUri *again = NULL;
    char *without;
    char *twice;

    if (!env_ok(env_uri_parse(text, "token", &parsed, &detail))) {
        FUZZ_DEMAND(strncmp(detail.text, "token: \"", 8) == 0 &&
                    strstr(detail.text, "pin-") == NULL);
        return;
    }
    without = env_uri_without_pin(parsed);
    FUZZ_DEMAND(without != NULL && env_ok(env_uri_parse(without, "token", &again, &detail)));
    FUZZ_DEMAND(p11_kit_uri_get_pin_value(again) == NULL);
    twice = env_uri_without_pin(again);
    FUZZ_DEMAND(twice != NULL && strcmp(without, twice) == 0);
    free(without);
    free(twice);
    env_uri_free(parsed);
    env_uri_free(again);
}

static void shown(struct fuzz_input in, const char *text)
{
    size_t size = 5 + fuzz_byte(&in) % (ENV_URI_TEXT - 4);
    char *out = malloc(size);

    FUZZ_DEMAND(out != NULL);
    env_uri_shown(out, size, text);
    check_shown(out, size);
    free(out);
}

static void query(const char *text)
{
    struct env_query found;
    struct env_error_detail detail;
    bool to_show = text[0] == '!';
    ENV_RESULT r = to_show ? env_query_to_show(&found, text + 1, &detail)
                           : env_query_from_text(&found, text, &detail);

    if (!env_ok(r)) {
        FUZZ_DEMAND(r.reason == ENV_R_CONFIG_BAD_URI || r.reason == ENV_R_KEK_NOT_FOUND);
        return;
    }
    FUZZ_DEMAND(found.label_len <= ENV_LABEL_MAX && found.id.len <= ENV_KEK_ID_MAX);
    FUZZ_DEMAND(found.uri != NULL || found.by_label);
    FUZZ_DEMAND(found.label[found.label_len] == '\0');
    if (found.uri != NULL) {
        check_shown(found.shown, sizeof(found.shown));
        FUZZ_DEMAND(found.uri_text != NULL && env_uri_is(found.uri_text));
    }
    env_query_clear(&found);
}

/* ---- key bytes ---- */

/* What is taken for a label is these very bytes, NUL-padded, and no control characters. */
static void key_bytes(const uint8_t *data, size_t size)
{
    char label[ENV_SELECTOR_KEY_LEN + 1];
    ENV_RESULT r = env_selector_from_key(data, size, label);
    size_t len = strlen(label);

    FUZZ_DEMAND(env_ok(r) || label[0] == '\0');
    FUZZ_DEMAND(env_ok(r) || r.reason == (size == ENV_SELECTOR_KEY_LEN ? ENV_R_KEY_IS_NO_SELECTOR
                                                                       : ENV_R_BAD_KEY_LENGTH));
    if (size <= ENV_SELECTOR_KEY_LEN) {
        r = env_selector_from_bytes(data, size, label);
        len = strlen(label);
    }
    if (!env_ok(r))
        return;
    FUZZ_DEMAND(len <= size && (len == 0 || memcmp(label, data, len) == 0));
    for (size_t i = 0; i < size; i++)
        FUZZ_DEMAND(i < len ? data[i] >= 0x20 && data[i] != 0x7F : data[i] == 0);
}

/* ---- versions and days ---- */

/* A label that is read as a version is the one that is written for it. */
static void version(const char *text)
{
    size_t prefix_len = strcspn(text, "/");
    char again[64];
    uint32_t number;

    prefix_len += text[prefix_len] == '/' ? 1 : 0;
    if (!env_version_read(text, strlen(text), text, prefix_len, &number))
        return;
    FUZZ_DEMAND(number >= 1 && number <= ENV_VERSION_MAX);
    (void)snprintf(again, sizeof(again), "%u", (unsigned)number);
    FUZZ_DEMAND(strcmp(text + prefix_len, again) == 0);
    FUZZ_DEMAND(!env_versions_named(text, strlen(text)));
}

/* The same of a day. */
static void day(const char *text)
{
    bool separated = strchr(text, '-') != NULL;
    char again[ENV_DATE_TEXT];
    char digits[9] = "";
    int64_t read;

    if (!env_date_read(text, strlen(text), separated, &read))
        return;
    env_date_digits(read, digits);
    FUZZ_DEMAND(read >= 0 && strcmp(text, separated ? env_date_text(read, again) : digits) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1)
        return 0;
    text = malloc(size);
    FUZZ_DEMAND(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % READERS) {
    case CONFIG:
        config(text);
        break;
    case WORDS:
        words(text);
        break;
    case OPEN_KEK:
        open_kek((struct fuzz_input){data + 1, size - 1}, text);
        break;
    case VERSION:
        version(text);
        break;
    case DAY:
        day(text);
        break;
    case URI:
        uri(text);
        break;
    case SHOWN:
        shown((struct fuzz_input){data + 1, size - 1}, text);
        break;
    case QUERY:
        query(text);
        break;
    default:
        key_bytes(data + 1, size - 1);
        break;
    }
    free(text);
    return 0;
}
