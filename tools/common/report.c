/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/report.h"

#include <inttypes.h>
#include <string.h>

#include "envelope/base/json.h"

void tool_report_text(FILE *out, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        size_t n = env_utf8_char(text, len);
        unsigned char c = (unsigned char)*text;
        /* U+0080 to U+009F are control characters as well: C2 80 to C2 9F */
        bool control = n == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0;

        if (n == 0 || c < 0x20 || c == 0x7F || c == '\\' || control) {
            (void)fprintf(out, "\\x%02x", c);
            n = 1;
        } else {
            (void)fwrite(text, 1, n, out);
        }
        text += n;
        len -= n;
    }
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
