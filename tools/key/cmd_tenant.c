/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key tenant: makes a tenant key, which is stored in a program's row and not in a file. */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_place.h"
#include "tools/key/key_tell.h"
#include "tools/rotate/tenant_keys.h"

struct tenant_making {
    struct tool_key_place place;
    const char *tenant;
    const char *under;
    char full_name[ENV_NAMED_FULL_NAME]; /* of the sealing key; NAME until the version is known */
    enum tool_key_form form;
};

static bool write_out(const struct tenant_making *making,
                      const uint8_t sealed[ENV_TENANT_SEALED_LEN])
{
    char text[TOOL_KEY_TEXT];
    struct env_json *json;

    if (!making->place.run->options.json)
        return tool_key_bytes_write(STDOUT_FILENO, making->form, sealed, ENV_TENANT_SEALED_LEN);
    if (!tool_key_bytes_text(making->form, sealed, ENV_TENANT_SEALED_LEN, text))
        return false;
    json = tool_key_place_json(&making->place, making->full_name, false);
    env_json_text(json, "tenant", making->tenant);
    env_json_text(json, "message", text);
    env_json_object_end(json);
    return true;
}

static ENV_RESULT make_sealed(struct tenant_making *making, uint8_t sealed[ENV_TENANT_SEALED_LEN])
{
    const struct env_span tenant = {(const uint8_t *)making->tenant, strlen(making->tenant)};
    struct tool_tenant_keys *keys = NULL;
    const struct tool_above *above;
    ENV_RESULT r;

    ENV_TRY(
        tool_tenant_keys_open(making->place.run, making->under, TOOL_TENANT_KEYS_SEALING, &keys));
    above = tool_tenant_keys_sealing(keys, making->under);
    if (above != NULL) {
        env_named_full_name(above->name, above->number, making->full_name);
        r = env_tenant_key_make(making->place.crypto, &above->key, tenant, sealed);
    } else {
        r = ENV_FAIL(ENV_R_INTERNAL);
    }
    tool_tenant_keys_free(keys);
    return r;
}

/* Outputs nothing that could not be recorded in the audit log. */
static void make_and_give_out(struct tenant_making *making)
{
    struct tool_key_place *place = &making->place;
    uint8_t sealed[ENV_TENANT_SEALED_LEN];
    ENV_RESULT r = make_sealed(making, sealed);

    r = tool_key_place_audit(place, ENV_AUDIT_TENANT_KEY, making->full_name, r);
    if (env_ok(r) && !write_out(making, sealed))
        r = ENV_RAISE(&place->errors, ENV_R_FILE_FAILED, "write: %m");
    if (!env_ok(r))
        tool_key_place_fails(place, making->full_name, r);
}

/* False: failed, which was reported. */
static bool read_under(struct tool_run *run, struct tenant_making *making)
{
    uint32_t number = 0;

    if (run->options.under == NULL) {
        tool_complain(run, "--under is missing: the named key that was made --for tenant-keys");
        return false;
    }
    if (!tool_key_operand(run, run->options.under, making->full_name, &number))
        return false;
    if (number == 0)
        return true;
    tool_complain(run, "--under takes NAME alone: the newest version seals");
    return false;
}

static enum tool_status run_tenant(struct tool_run *run)
{
    struct tenant_making making = {.under = run->options.under};

    if (!tool_key_one_operand(run))
        return TOOL_UNABLE;
    making.tenant = run->options.operands[0];
    if (!tool_key_text_is(making.tenant, ENV_TENANT_ID_MAX)) {
        tool_complain(run, "ID takes UTF-8 without control characters, of 1 to %u bytes",
                      ENV_TENANT_ID_MAX);
        return TOOL_UNABLE;
    }
    if (!read_under(run, &making) ||
        !tool_key_form(run, run->options.json ? TOOL_KEY_BASE64 : TOOL_KEY_RAW, &making.form) ||
        !tool_key_output_is_wanted(run))
        return TOOL_UNABLE;
    if (run->options.json && making.form == TOOL_KEY_RAW) {
        tool_complain(run, "--json has the key as --hex or --base64");
        return TOOL_UNABLE;
    }
    if (!tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &making.place))
        return TOOL_UNABLE;
    make_and_give_out(&making);
    return tool_key_place_end(&making.place);
}

static const struct tool_option options[] = {
    TOOL_TEXT("under", under, "NAME", "the named key that was made --for tenant-keys"),
    TOOL_KEY_FORM_OPTIONS,
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_tenant = {
    .name = "key tenant",
    .operands = "ID",
    .summary = "Makes a tenant's key under a named key, for a row of a table",
    .tables = tables,
    .needs_operands = true,
    .run = run_tenant,
};
