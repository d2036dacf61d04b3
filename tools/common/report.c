/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/report.h"

#include <inttypes.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "envelope/base/utf8.h"

void tool_report_text(FILE *out, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        size_t n = env_utf8_char(text, len);

        if (n == 0 || *text == '\\' || !env_char_is_shown(text, n)) {
            n = n > 0 ? n : 1;
            for (size_t i = 0; i < n; i++)
                (void)fprintf(out, "\\x%02x", (unsigned char)text[i]);
        } else {
            (void)fwrite(text, 1, n, out);
        }
        text += n;
        len -= n;
    }
}

void tool_report_key(FILE *out, const char *label, const char *token)
{
    (void)fputs(label[0] != '\0' ? "key '" : "a key without a label", out);
    tool_report_text(out, label);
    (void)fputs(label[0] != '\0' ? "' of token '" : " of token '", out);
    tool_report_text(out, token);
    (void)fputc('\'', out);
}

const char *tool_report_size(uint64_t bytes, char text[TOOL_REPORT_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        (void)snprintf(text, TOOL_REPORT_SIZE, "%" PRIu64 " byte%s", bytes, tool_report_s(bytes));
        return text;
    }
    while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(text, TOOL_REPORT_SIZE, "%.1f %s", value, units[unit]);
    return text;
}

const char *tool_report_id(const struct env_kek_id *id, char text[TOOL_REPORT_ID])
{
    text[0] = '\0';
    for (size_t i = 0; i < id->len && i < ENV_KEK_ID_MAX; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
    return text;
}

const char *tool_report_s(uint64_t count)
{
    return count == 1 ? "" : "s";
}
