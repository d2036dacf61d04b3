/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/named_kek.h"

#include <string.h>

#include "envelope/base/config_list.h"
#include "tools/common/report.h"

#define PREFIX "id:"
#define PREFIX_LEN 3u

static bool read_reference(const char *hex, struct env_kek_id *id)
{
    const struct env_word word = {hex, strlen(hex)};

    return env_word_hex(&word, id->bytes, sizeof(id->bytes), &id->len);
}

/* ---- on the tokens ---- */

static ENV_RESULT find_label(struct tool_run *run, const char *text, struct env_kek_id *id)
{
    struct env_keyring *keyring = run->keys->dek.keyring;
    struct env_kek *kek = NULL;

    ENV_TRY(keyring->vtable->find(keyring, text, &kek));
    *id = *kek->vtable->id(kek);
    env_kek_free(kek);
    return id->len > 0 ? ENV_OK : ENV_FAIL(ENV_R_KEK_WITHOUT_ID);
}

struct look {
    const struct env_kek_id *wanted;
    bool found;
};

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    struct look *look = arg;
    struct env_kek_info info;

    kek->vtable->describe(kek, &info);
    look->found = look->found || env_kek_id_equal(&info.id, look->wanted);
    return ENV_OK;
}

static bool is_here(struct tool_run *run, const struct env_kek_id *id)
{
    struct env_keyring *keyring = run->keys->dek.keyring;
    struct look look = {id, false};
    struct tool_failure failure;
    ENV_RESULT r = keyring->vtable->list(keyring, NULL, take, &look);

    if (!env_ok(r))
        tool_failure_take(r, &failure); /* count what could be searched */
    return look.found;
}

/* ---- both ---- */

static bool is_ambiguous(struct tool_run *run, const char *option, const struct tool_named_kek *kek)
{
    char id[TOOL_REPORT_ID];

    if (kek->labelled.len == 0 || env_kek_id_equal(&kek->labelled, &kek->reference) ||
        !is_here(run, &kek->reference))
        return false;
    tool_complain(run,
                  "%s: '%s' is the label of the KEK %s and the reference of another: use "
                  "pkcs11:object=%s or id:%s",
                  option, kek->text, tool_report_id(&kek->labelled, id), kek->text, kek->text);
    return true;
}

bool tool_named_kek_find(struct tool_run *run, const char *option, const char *text,
                         struct tool_named_kek *out)
{
    struct tool_failure failure;
    ENV_RESULT r;

    memset(out, 0, sizeof(*out));
    out->text = text;
    if (strncmp(text, PREFIX, PREFIX_LEN) == 0 &&
        read_reference(text + PREFIX_LEN, &out->reference))
        return true;
    if (read_reference(text, &out->reference)) {
        if (!tool_run_open_keys(run, &out->unasked))
            return true;
    } else if (!tool_run_keys(run)) {
        return false;
    }
    r = find_label(run, text, &out->labelled);
    if (env_ok(r))
        return out->reference.len == 0 || !is_ambiguous(run, option, out);
    tool_failure_take(r, &failure);
    if (out->reference.len > 0 && r.reason != ENV_R_KEK_AMBIGUOUS) {
        if (r.reason != ENV_R_KEK_NOT_FOUND)
            out->unasked = failure;
        return true;
    }
    tool_complain(run, "%s: %s", option, failure.text);
    return false;
}
