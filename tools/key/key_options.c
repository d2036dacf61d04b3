/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_options.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/common/when.h"
#include "tools/key/key_bytes.h"

const struct tool_option tool_key_options_where[] = {
    TOOL_TEXT("directory", directory, "DIR",
              "the folder of the key files (default: keys-directory in the file)"),
    TOOL_TEXT("config", config, "FILE", "read FILE (default: OPENSSL_CONF, then OpenSSL's own)"),
    TOOL_TEXT("provider-section", provider_section, "NAME",
              "the section that configures the provider (default: found)"),
    TOOL_OPTIONS_END,
};

const struct tool_option tool_key_options_make[] = {
    TOOL_TEXT("for", uses, "USE", "the algorithm, or set of algorithms, that the key is for"),
    TOOL_TEXT("owner", owner, "TEXT", "who is responsible for the key: free text, in the clear"),
    TOOL_TEXT("not-after", not_after, "WHEN", "when its use ends: +365d, or a date (RFC 3339)"),
    TOOL_TEXT("seal-from", seal_from, "WHEN",
              "when it starts to seal: now (default), +24h, a date"),
    TOOL_FLAG("no-export", no_export, "export refuses the key, for as long as it exists"),
    TOOL_FLAG("single", single, "even if only one token will open it"),
    TOOL_FLAG("if-missing", if_missing, "an existing key is not an error, and stays unchanged"),
    TOOL_OPTIONS_END,
};

bool tool_key_option_bytes(const struct tool_run *run, size_t *bytes)
{
    const char *text = run->options.bytes;
    unsigned long value;
    char *end;

    *bytes = 0;
    if (text == NULL)
        return true;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < 1 ||
        value > TOOL_KEY_BYTES_MAX) {
        tool_complain(run, "--bytes takes a number from 1 to %u", TOOL_KEY_BYTES_MAX);
        return false;
    }
    *bytes = value;
    return true;
}

bool tool_key_option_when(const struct tool_run *run, const char *option, const char *text,
                          int64_t now, int64_t *out)
{
    if (tool_when_read(text, now, out))
        return true;
    tool_complain(run,
                  "--%s takes now, a time from now on (+24h, +365d) or a date "
                  "(2027-01-31 or 2027-01-31T12:00:00Z), not '%s'",
                  option, text);
    return false;
}

bool tool_key_operand(const struct tool_run *run, const char *operand,
                      char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number)
{
    if (env_named_name_read(operand, name, number))
        return true;
    tool_complain(
        run, "'%s' is not a name of a key: NAME or NAME@N, of 3 to 64 letters, digits, - and _",
        operand);
    return false;
}

bool tool_key_one_operand(const struct tool_run *run)
{
    if (run->options.operand_count == 1)
        return true;
    tool_complain(run, "one %s is needed, not %zu operands", run->command->operands,
                  run->options.operand_count);
    return false;
}
