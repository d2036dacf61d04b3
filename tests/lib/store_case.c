/* SPDX-License-Identifier: Apache-2.0 */
#include "store_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stopped_clock.h"

struct env_state_watch *store_states;
struct env_named_keys *store_keys;
const struct env_named_ref *store_ref;
char store_log_path[TEMPORARY_PATH];
char store_state_path[TEMPORARY_PATH];

void store_open(void)
{
    store_states = env_state_watch_new(named_config, named_context->keyring->audit,
                                       named_context->errors, NULL);
    store_keys = env_store_new(named_config, named_context, store_states);
    ck_assert(store_states != NULL && store_keys != NULL);
}

void store_close(void)
{
    store_keys->vtable->free(store_keys);
    env_state_watch_free(store_states);
}

static void set_up(void)
{
    char log[TEMPORARY_PATH + 8];

    clock_stop();
    named_set_up();
    (void)close(temporary_file(store_log_path));
    (void)close(temporary_file(store_state_path));
    (void)snprintf(log, sizeof(log), "file:%s", store_log_path);
    named_configure(&named_config->audit_log, log);
    named_configure(&named_config->allow_keys, "orders");
    store_ref = NULL;
    store_open();
}

static void tear_down(void)
{
    store_close();
    named_tear_down();
    ck_assert_int_eq(unlink(store_log_path), 0);
    ck_assert_int_eq(unlink(store_state_path), 0);
}

/* ---- asking ---- */

int store_told(ENV_RESULT r)
{
    int on_stack = caller_reason();

    if (r.raised)
        ck_assert_int_eq(on_stack, (int)r.reason);
    else
        ck_assert_int_eq(on_stack, ENV_R_NONE);
    return (int)r.reason;
}

struct env_named_wish store_wish(const char *use, bool seals)
{
    return (struct env_named_wish){env_use_number(use), seals};
}

void store_let_go(void)
{
    store_keys->vtable->release(store_keys, store_ref);
    store_ref = NULL;
}

int store_ask_for(const char *stand_in, const char *use, bool seals)
{
    const struct env_named_wish wish = store_wish(use, seals);

    store_let_go();
    return store_told(store_keys->vtable->by_stand_in(
        store_keys, (struct env_span){(const uint8_t *)stand_in, strlen(stand_in)}, &wish,
        &store_ref));
}

int store_ask(const struct named_made *made)
{
    return store_ask_for(made->stand_in, "AES-256-GCM", true);
}

int store_ask_by_name(const char *text, const char *use, bool seals)
{
    const struct env_named_wish wish = store_wish(use, seals);

    store_let_go();
    return store_told(store_keys->vtable->by_name(store_keys, text, &wish, &store_ref));
}

void store_gives(const struct named_made *made)
{
    ck_assert_ptr_nonnull(store_ref);
    ck_assert_uint_eq(store_ref->key.len, made->key_len);
    ck_assert_mem_eq(store_ref->key.data, made->key, made->key_len);
}

/* Lines of the audit log that have all three; NULL: whichever. */
unsigned store_log_lines(const char *operation, const char *named_key, const char *rest)
{
    FILE *in = fopen(store_log_path, "r");
    char *line = NULL;
    size_t size = 0;
    unsigned count = 0;
    char wanted[3][128];

    (void)snprintf(wanted[0], sizeof(wanted[0]), "\"operation\":\"%s\"", operation);
    (void)snprintf(wanted[1], sizeof(wanted[1]), "\"named_key\":\"%s\"",
                   named_key != NULL ? named_key : "");
    (void)snprintf(wanted[2], sizeof(wanted[2]), "%s", rest != NULL ? rest : "");
    ck_assert_ptr_nonnull(in);
    while (getline(&line, &size, in) > 0) {
        if (strstr(line, wanted[0]) != NULL &&
            (named_key == NULL || strstr(line, wanted[1]) != NULL) &&
            strstr(line, wanted[2]) != NULL)
            count++;
        ck_assert_ptr_null(strstr(line, "key:")); /* never a stand-in */
    }
    free(line);
    (void)fclose(in);
    return count;
}

unsigned store_refusals(const char *named_key, int reason)
{
    char rest[32];

    (void)snprintf(rest, sizeof(rest), "\"reason\":%d,", reason);
    return store_log_lines("open", named_key, rest);
}

void store_refresh(void)
{
    clock_move(61 * SECOND);
}

void store_write_state(const char *text)
{
    FILE *out = fopen(store_state_path, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    temporary_close(out, store_state_path);
}

void store_with_state(const char *text)
{
    store_write_state(text);
    named_configure(&named_config->state_file, store_state_path);
}

TCase *store_tests(Suite *suite, const char *title)
{
    TCase *tcase = tcase_create(title);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}
