/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/from_kek.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/file_name.h"
#include "envelope/base/uri_text.h"
#include "keymgmt/wrap/public_file.h"
#include "tools/common/report.h"

struct look {
    struct env_rsa_source source;
    const char *label;        /* NULL: every key counts, because a URI selected them */
    struct env_kek_id wanted; /* the id that the text spells; len 0: none */
    bool found;
};

/* Compares with its CKA_ID, or with the reference from an RSA key's public half. */
static bool has_id(const struct look *look, const struct env_kek_info *info)
{
    struct env_kek_id own;

    if (look->wanted.len == 0)
        return false;
    if (env_kek_id_equal(&info->id, &look->wanted))
        return true;
    return info->type == ENV_KEK_RSA &&
           env_rsa_reference(&look->source, (struct env_span){info->modulus, info->modulus_len},
                             (struct env_span){info->exponent, info->exponent_len}, &own) &&
           env_kek_id_equal(&own, &look->wanted);
}

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    struct look *look = arg;
    struct env_kek_info info;

    kek->vtable->describe(kek, &info);
    look->found = look->found || look->label == NULL || strcmp(info.label, look->label) == 0 ||
                  has_id(look, &info);
    return ENV_OK;
}

static bool is_readable(struct tool_run *run, const struct env_rsa_source *source, const char *text)
{
    struct env_error_detail detail = {0};
    struct env_public_file file;
    struct env_kek_id id;
    char *path = NULL;
    ENV_RESULT r = env_public_file_name(text, &path, &id, &detail);

    if (env_ok(r))
        r = path != NULL ? env_public_file_read(source, path, &file, &detail)
                         : ENV_FAIL(ENV_R_NO_MEMORY);
    OPENSSL_free(path);
    if (!env_ok(r))
        tool_complain(run, "--from: %s: %s", env_reason_text(r.reason), detail.text);
    return env_ok(r);
}

bool tool_from_kek_is_there(struct tool_run *run)
{
    const char *text = run->options.from;
    struct env_keyring *keyring = run->keys->dek.keyring;
    const struct env_word word = {text, strlen(text)};
    bool uri = env_uri_is(text);
    struct look look = {.source = {run->keys->libctx, run->keys->settings.config.propquery},
                        .label = uri ? NULL : text};
    struct tool_failure failure;
    ENV_RESULT r;

    if (env_file_name_is(text))
        return is_readable(run, &look.source, text);
    if (!env_word_id(&word, look.wanted.bytes, sizeof(look.wanted.bytes), &look.wanted.len))
        look.wanted.len = 0;
    r = keyring->vtable->list(keyring, uri ? text : NULL, take, &look);
    if (!env_ok(r)) {
        tool_failure_take(r, &failure); /* what could be searched counts */
        return true;
    }
    if (look.found)
        return true;
    if (uri) /* it may contain a PIN */
        tool_complain(run, "--from: no key on the configured tokens matches the URI");
    else
        tool_complain(run, "--from: no key on the configured tokens has this label or id: %s",
                      text);
    return false;
}
