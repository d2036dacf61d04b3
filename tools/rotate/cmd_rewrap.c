/* SPDX-License-Identifier: Apache-2.0 */
/* envelope rewrap: new headers for today's KEKs; bodies stay unchanged. */
#include "tools/rotate/cmd_rewrap.h"

#include "tools/rotate/rewrap_file.h"
#include "tools/rotate/rotate_tree.h"
#include "tools/rotate/tenant_keys.h"
#include "tools/rotate/tenant_line.h"

/* Checks which options are allowed with --tenant-keys. False: wrong, which was reported. */
static bool options_go_together(const struct tool_run *run)
{
    const struct tool_options *options = &run->options;

    if (!options->tenant_keys) {
        if (options->under != NULL)
            tool_complain(run, "--under goes with --tenant-keys");
        return options->under == NULL;
    }
    if (!options->list)
        tool_complain(run, "--tenant-keys goes with --list: tenant keys are rows of a table");
    else if (options->kek != NULL || options->trust_rsa || options->single)
        tool_complain(
            run, "--tenant-keys cannot be combined with --kek, --trust-rsa or --single: no KEK is "
                 "changed");
    return options->list && options->kek == NULL && !options->trust_rsa && !options->single;
}

static enum tool_status rewrap_tenant_keys(struct tool_run *run)
{
    struct tool_rotate_kind kind = {tool_rewrap_file, tool_tenant_key_line, "sealed anew", NULL};
    struct tool_tenant_keys *keys = NULL;
    struct tool_failure failure;
    enum tool_status status;
    ENV_RESULT r;

    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    r = tool_tenant_keys_open(run, run->options.under, TOOL_TENANT_KEYS_ALL, &keys);
    if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        tool_complain(run, "%s", failure.text);
        return TOOL_UNABLE;
    }
    kind.tenants = keys;
    status = tool_rotate_tree(run, &kind);
    tool_tenant_keys_free(keys);
    return status;
}

static enum tool_status run_rewrap(struct tool_run *run)
{
    static const struct tool_rotate_kind kind = {tool_rewrap_file, tool_rewrap_line, "re-wrapped",
                                                 NULL};

    if (!options_go_together(run))
        return TOOL_UNABLE;
    return run->options.tenant_keys ? rewrap_tenant_keys(run) : tool_rotate_tree(run, &kind);
}

static const struct tool_option options[] = {
    TOOL_FLAG("dry-run", dry_run, "report what would be done, and change nothing"),
    TOOL_TEXT("kek", kek, "TEXT",
              "a label or pkcs11: URI to wrap under (default: kek in the file)"),
    TOOL_TEXT("from", from, "TEXT", "a label, id or pkcs11: URI of a KEK that opens in this run"),
    TOOL_FLAG("trust-rsa", trust_rsa, "also named keys that only an RSA KEK opens"),
    TOOL_FLAG("single", single, "also named keys that only one token would open afterwards"),
    TOOL_FLAG("tenant-keys", tenant_keys,
              "with --list: tenant keys, sealed again under the newest version above them"),
    TOOL_TEXT("under", under, "NAME",
              "the named key above them (default: all made for tenant keys)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_rewrap = {
    .name = "rewrap",
    .operands = "PATH...",
    .summary = "Wraps the data keys of files and trees under today's KEKs, in place",
    .tables = tables,
    .needs_operands = true,
    .run = run_rewrap,
};
