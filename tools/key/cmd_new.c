/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key new and import: makes a key that from now on exists only in sealed form. */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/format/random.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_tell.h"

/* The key to make. */
struct making {
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    bool first;      /* NAME@1 was given */
    uint32_t number; /* 1, or the number after the destroyed versions */
    char full_name[ENV_NAMED_FULL_NAME];
    bool imports;
    env_uses uses;
    size_t key_len;
    int64_t seal_from;
    int64_t not_after;
};

/* ---- an existing key ---- */

/*
 * Whether its uses are those requested. The uses of an import may depend on the key's length
 * (pgcrypto), and the key has not been read, so any possible length is accepted.
 */
static bool is_for_this(const struct making *making, env_uses uses)
{
    static const size_t lengths[] = {16, 24, 32};
    const struct tool_options *options = &making->place.run->options;
    const struct env_errors *errors = &making->place.errors;
    bool is = uses == making->uses;
    env_uses those;

    env_errors_mark(errors);
    for (size_t i = 0; making->imports && !is && i < sizeof(lengths) / sizeof(lengths[0]); i++)
        is = env_ok(env_uses_for(errors, options->uses, lengths[i], options->mixed, &those)) &&
             those == uses;
    env_errors_unmark(errors, true);
    return is;
}

/* Whether it has the length of --bytes. */
static ENV_RESULT is_as_long(const struct making *making, const struct env_key_file *file)
{
    bool is = true;

    if (making->place.run->options.bytes != NULL)
        ENV_TRY(env_key_file_key_has_length(file, making->key_len, &is));
    return is ? ENV_OK
              : ENV_RAISE(&making->place.errors, ENV_R_KEY_OTHER_LENGTH, "not %zu bytes",
                          making->key_len);
}

/* With --if-missing an existing key stays unchanged. A key with other uses is a failure. */
static void take_existing(struct making *making)
{
    struct tool_key_place *place = &making->place;
    struct env_key_file *file = NULL;
    uint32_t number = 0;
    ENV_RESULT r = tool_key_newest(place, making->name, &number);

    if (env_ok(r))
        r = env_key_file_read(&place->errors, place->crypto, place->folder, making->name, number,
                              &file);
    if (env_ok(r) && !is_for_this(making, file->uses))
        r = ENV_RAISE(&place->errors, ENV_R_KEY_EXISTS,
                      "it is for another use (envelope key list %s)", making->name);
    if (env_ok(r))
        r = is_as_long(making, file);
    if (env_ok(r))
        tool_key_tell(place, file, false, "already exists");
    else
        tool_key_place_fails(place, making->name, r);
    env_key_file_free(file);
}

/* Whether there is a version of the name; *r: why that could not be found out. */
static bool exists(const struct making *making, ENV_RESULT *r)
{
    struct tool_key_versions versions;

    *r = tool_key_versions(&making->place, making->name, &versions);
    OPENSSL_free(versions.numbers);
    if (r->reason != ENV_R_KEY_UNKNOWN)
        return env_ok(*r);
    tool_key_forget(r);
    return false;
}

/* ---- a new one ---- */

static ENV_RESULT choose_number(struct making *making)
{
    const struct tool_key_place *place = &making->place;

    ENV_TRY(tool_key_next(place, making->name, &making->number));
    if (making->first && making->number > 1)
        return ENV_RAISE(&place->errors, ENV_R_KEY_NUMBER_USED, "%s makes %s@%u", making->name,
                         making->name, (unsigned)making->number);
    env_named_full_name(making->name, making->number, making->full_name);
    return ENV_OK;
}

static ENV_RESULT fill_key(struct making *making, struct env_named_sealed *sealed,
                           const struct tool_key_bytes *bytes)
{
    sealed->number = making->number;
    memcpy(sealed->name, making->name, sizeof(sealed->name));
    sealed->key_len = making->key_len;
    if (!making->imports)
        return env_random_private(making->place.crypto, sealed->key, sealed->key_len);
    if (bytes->data == NULL)
        return ENV_FAIL(ENV_R_INTERNAL);
    memcpy(sealed->key, bytes->data, bytes->len);
    return ENV_OK;
}

static void fill_clear(const struct making *making, struct env_named_clear *clear)
{
    const struct tool_options *options = &making->place.run->options;
    const char *owner = options->owner != NULL ? options->owner : "";

    env_uses_to_clear(making->uses, clear);
    clear->mixed = options->mixed;
    clear->no_export = options->no_export;
    clear->origin = making->imports ? ENV_NAMED_IMPORTED : ENV_NAMED_GENERATED;
    memcpy(clear->owner, owner, strlen(owner));
    clear->created = making->place.now;
    clear->seal_from = making->seal_from;
    clear->not_after = making->not_after;
}

static ENV_RESULT seal(struct making *making, enum env_audit_operation operation,
                       const struct tool_key_bytes *bytes)
{
    const struct tool_options *options = &making->place.run->options;
    struct tool_key_parts *parts;
    ENV_RESULT r;

    ENV_TRY(env_uses_fit(&making->place.errors, making->uses, making->key_len,
                         making->imports ? ENV_NAMED_IMPORTED : ENV_NAMED_GENERATED,
                         options->mixed));
    ENV_TRY(tool_key_two_places(&making->place, options->single));
    parts = tool_key_parts_new();
    r = parts != NULL ? fill_key(making, &parts->sealed, bytes) : ENV_FAIL(ENV_R_NO_MEMORY);
    if (env_ok(r)) {
        fill_clear(making, &parts->clear);
        r = tool_key_make(&making->place, operation, parts);
    }
    tool_key_parts_free(parts);
    return r;
}

static ENV_RESULT make(struct making *making, const struct tool_key_bytes *bytes)
{
    enum env_audit_operation operation = making->imports ? ENV_AUDIT_IMPORT : ENV_AUDIT_CREATE;

    return tool_key_place_audit_failure(&making->place, operation, making->full_name,
                                        seal(making, operation, bytes));
}

static void say_what_holds_it(const struct making *making)
{
    tool_key_place_say(
        &making->place,
        "  the key itself is still where it came from: in the program's configuration, its backups "
        "and old versions, and anywhere else it was kept");
    tool_key_place_say(&making->place,
                       "  envelope key stand-in %s --for-app APP makes the stand-in that goes into "
                       "the configuration instead",
                       making->full_name);
}

static void tell_made(struct making *making)
{
    struct tool_key_place *place = &making->place;
    struct env_key_file *file = NULL;
    ENV_RESULT r = env_key_file_read(&place->errors, place->crypto, place->folder, making->name,
                                     making->number, &file);

    place->changed = true;
    if (env_ok(r)) {
        tool_key_tell(place, file, true, making->imports ? "imported" : "made");
        if (making->imports)
            say_what_holds_it(making);
    } else {
        tool_key_place_fails(place, making->full_name, r);
    }
    env_key_file_free(file);
}

static void make_or_take(struct making *making, enum tool_key_form form)
{
    const struct tool_options *options = &making->place.run->options;
    struct tool_key_bytes bytes = {NULL, 0};
    const char *why;
    ENV_RESULT r = ENV_OK;

    if (exists(making, &r)) {
        if (!options->if_missing)
            tool_key_place_fails(&making->place, making->name, ENV_FAIL(ENV_R_KEY_EXISTS));
        else
            take_existing(making);
        return;
    }
    if (env_ok(r))
        r = choose_number(making);
    if (env_ok(r) && making->imports) {
        why = tool_key_bytes_read(STDIN_FILENO, form, &bytes);
        if (why != NULL) {
            tool_key_place_fails_with(&making->place, making->name, "the key: %s", why);
            return;
        }
        making->key_len = bytes.len;
    }
    if (env_ok(r) && making->imports)
        r = env_uses_for(&making->place.errors, options->uses, bytes.len, options->mixed,
                         &making->uses);
    if (env_ok(r))
        r = make(making, &bytes);
    tool_key_bytes_clear(&bytes);
    if (env_ok(r))
        tell_made(making);
    else if (r.reason == ENV_R_KEY_EXISTS && options->if_missing) /* another run made it just now */
        take_existing(making);
    else
        tool_key_place_fails(&making->place, making->name, r);
}

/* ---- options ---- */

static bool read_times(struct making *making)
{
    const struct tool_options *options = &making->place.run->options;
    const struct tool_run *run = making->place.run;
    int64_t now = making->place.now;

    making->seal_from = now;
    if (options->seal_from != NULL &&
        !tool_key_option_when(run, "seal-from", options->seal_from, now, &making->seal_from))
        return false;
    if (options->not_after != NULL &&
        !tool_key_option_when(run, "not-after", options->not_after, now, &making->not_after))
        return false;
    if (making->not_after == 0 || making->not_after > making->seal_from)
        return true;
    tool_complain(run, "--not-after is before the key would seal anything");
    return false;
}

/* The uses of an import are checked when its length is known. */
static bool read_uses(struct making *making)
{
    const struct tool_options *options = &making->place.run->options;
    struct tool_failure failure;
    ENV_RESULT r;

    if (options->uses == NULL) {
        tool_complain(making->place.run, "--for is missing: say what the key is for");
        return false;
    }
    if (!tool_key_option_bytes(making->place.run, &making->key_len))
        return false;
    r = env_uses_for(&making->place.errors, options->uses, making->key_len, options->mixed,
                     &making->uses);
    if (env_ok(r)) {
        if (making->key_len == 0)
            making->key_len = env_uses_key_len(making->uses);
        return true;
    }
    tool_failure_take(r, &failure);
    tool_complain(making->place.run, "--for %s: %s", options->uses, failure.text);
    return false;
}

static bool read_owner(const struct tool_run *run)
{
    if (run->options.owner == NULL || tool_key_text_is(run->options.owner, ENV_NAMED_TEXT_MAX))
        return true;
    tool_complain(run, "--owner takes UTF-8 without control characters, up to %u bytes",
                  ENV_NAMED_TEXT_MAX);
    return false;
}

static enum tool_status run_making(struct tool_run *run, bool imports)
{
    struct making making = {.imports = imports};
    enum tool_key_form form = TOOL_KEY_HEX;
    uint32_t number;

    if (!tool_key_one_operand(run) ||
        !tool_key_operand(run, run->options.operands[0], making.name, &number))
        return TOOL_UNABLE;
    if (number > 1) {
        tool_complain(run, "the first version of a key is NAME@1 (envelope key rotate makes the "
                           "next)");
        return TOOL_UNABLE;
    }
    if (!tool_key_form(run, TOOL_KEY_HEX, &form) || !read_owner(run) ||
        !tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &making.place))
        return TOOL_UNABLE;
    making.first = number == 1;
    if (!read_times(&making) || !read_uses(&making)) {
        tool_key_place_close(&making.place);
        return TOOL_UNABLE;
    }
    make_or_take(&making, form);
    return tool_key_place_end(&making.place);
}

static enum tool_status run_new(struct tool_run *run)
{
    return run_making(run, false);
}

static enum tool_status run_import(struct tool_run *run)
{
    return run_making(run, true);
}

static const struct tool_option new_options[] = {
    TOOL_TEXT("bytes", bytes, "N", "its length (default: the algorithm's)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option import_options[] = {
    TOOL_FLAG("mixed", mixed,
              "for several algorithms, even though that weakens authenticated ones"),
    TOOL_KEY_FORM_OPTIONS,
    TOOL_OPTIONS_END,
};

static const struct tool_option *const new_tables[] = {new_options, tool_key_options_make,
                                                       tool_key_options_where, NULL};
static const struct tool_option *const import_tables[] = {import_options, tool_key_options_make,
                                                          tool_key_options_where, NULL};

const struct tool_command tool_key_new = {
    .name = "key new",
    .operands = "NAME",
    .summary = "Makes a key that exists only in sealed form",
    .tables = new_tables,
    .needs_operands = true,
    .run = run_new,
};

const struct tool_command tool_key_import = {
    .name = "key import",
    .operands = "NAME",
    .summary = "Seals a key that a program uses today, from the standard input",
    .tables = import_tables,
    .needs_operands = true,
    .run = run_import,
};
