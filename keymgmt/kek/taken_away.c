/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/taken_away.h"

#include <stdatomic.h>
#include <string.h>

#include "envelope/named/state_watch.h"
#include "keymgmt/kek/may_open.h"

/* What the lists say about a KEK; kept in the KEK until the state changes. */
enum { DISABLED = 1, OPENS_ONLY = 2 };

typedef bool fits_fn(void *arg, const struct env_kek_names *names);

/* Whether a list names it. The list is parsed for this call only. */
static ENV_RESULT list_has(const char *text, const char *key, fits_fn *fits, void *arg, bool *has,
                           struct env_error_detail *detail)
{
    const struct env_kek_list_text list = {.text = text, .key = key, .ids = true};
    struct env_kek_names *names = NULL;

    *has = false;
    if (text == NULL)
        return ENV_OK;
    ENV_TRY(env_kek_names_of(&list, &names, detail));
    *has = fits(arg, names);
    env_kek_names_free(names);
    return ENV_OK;
}

static ENV_RESULT judge(const struct env_config *config, const struct env_state *state,
                        fits_fn *fits, void *arg, int *taken, struct env_error_detail *detail)
{
    bool by_config;
    bool by_state;
    bool opens_only;

    ENV_TRY(list_has(config->disabled_kek, "disabled-kek", fits, arg, &by_config, detail));
    ENV_TRY(list_has(env_state_disabled_keks(state), "disabled-kek (state-file)", fits, arg,
                     &by_state, detail));
    ENV_TRY(list_has(env_state_open_only_keks(state), "open-only-kek (state-file)", fits, arg,
                     &opens_only, detail));
    *taken = (by_config || by_state ? DISABLED : 0) | (opens_only ? OPENS_ONLY : 0);
    return ENV_OK;
}

static ENV_RESULT tell(int taken, bool sealing, const char *where, struct env_error_detail *detail)
{
    if ((taken & DISABLED) != 0)
        return env_error_detail(detail, ENV_R_KEK_DISABLED, "%s", where);
    if (sealing && (taken & OPENS_ONLY) != 0)
        return env_error_detail(detail, ENV_R_KEK_OPENS_ONLY, "%s (state-file)", where);
    return ENV_OK;
}

/* seen is NULL without a state file. If the state file cannot be read, detail has the reason. */
static ENV_RESULT see(const struct env_token_set *token_set, const struct env_state_seen **seen,
                      struct env_error_detail *detail)
{
    struct env_state_watch *states = token_set->base.states;
    ENV_RESULT r;

    *seen = NULL;
    if (states == NULL || token_set->config->state_file == NULL)
        return ENV_OK;
    env_errors_mark(token_set->errors);
    r = env_state_watch_see(states, seen);
    env_errors_unmark(token_set->errors, true);
    return env_ok(r)
               ? r
               : env_error_detail(detail, r.reason, "state-file %s", token_set->config->state_file);
}

static bool kek_fits(void *arg, const struct env_kek_names *names)
{
    return env_may_open_is_named(arg, names);
}

ENV_RESULT env_kek_taken_away(struct env_token_kek *kek, bool sealing,
                              struct env_error_detail *detail)
{
    const struct env_token_set *token_set = kek->head.token_set;
    const struct env_state_seen *seen = NULL;
    uint64_t number;
    int taken = atomic_load(&kek->taken);
    ENV_RESULT r = ENV_OK;

    ENV_TRY(see(token_set, &seen, detail));
    number = seen != NULL ? seen->number + 1 : 1; /* 0 means not judged yet */
    if (atomic_load(&kek->taken_in) != number) {
        r = judge(token_set->config, seen != NULL ? seen->state : NULL, kek_fits, kek, &taken,
                  detail);
        if (env_ok(r)) {
            atomic_store(&kek->taken, taken);
            atomic_store(&kek->taken_in, number);
        }
    }
    if (seen != NULL)
        env_state_watch_let_go(token_set->base.states, seen);
    return env_ok(r) ? tell(taken, sealing, kek->where, detail) : r;
}

/* ---- from a file ---- */

struct file_kek {
    const char *text;
    const struct env_kek_id *id;
};

static bool file_fits(void *arg, const struct env_kek_names *names)
{
    const struct file_kek *kek = arg;

    for (size_t i = 0; i < names->count; i++) {
        const struct env_kek_name *name = &names->list[i];

        if ((name->file != NULL && strcmp(name->file, kek->text) == 0) ||
            (name->id.len > 0 && env_kek_id_equal(&name->id, kek->id)))
            return true;
    }
    return false;
}

ENV_RESULT env_file_kek_taken_away(struct env_token_set *token_set, const char *text,
                                   const struct env_kek_id *id, struct env_error_detail *detail)
{
    struct file_kek kek = {text, id};
    const struct env_state_seen *seen = NULL;
    int taken = 0;
    ENV_RESULT r;

    ENV_TRY(see(token_set, &seen, detail));
    r = judge(token_set->config, seen != NULL ? seen->state : NULL, file_fits, &kek, &taken,
              detail);
    if (seen != NULL)
        env_state_watch_let_go(token_set->base.states, seen);
    return env_ok(r) ? tell(taken, true, text, detail) : r;
}
