/* SPDX-License-Identifier: Apache-2.0 */
/* A store of named keys in a folder of the test's own, which asks it, and an audit log. */
#ifndef ENVELOPE_TESTS_STORE_CASE_H
#define ENVELOPE_TESTS_STORE_CASE_H

#include "envelope/named/store.h"
#include "named_case.h"

#define SECOND 1000u

extern struct env_state_watch *store_states;
extern struct env_named_keys *store_keys;
extern const struct env_named_ref *store_ref; /* the last answer */
extern char store_log_path[TEMPORARY_PATH];
extern char store_state_path[TEMPORARY_PATH];

/* A case of tests, each with a store of its own that allows "orders". */
TCase *store_tests(Suite *suite, const char *title);

void store_open(void);
void store_close(void);

/* The reason of a result, which must be the one on the stack. */
int store_told(ENV_RESULT r);
struct env_named_wish store_wish(const char *use, bool seals);

/* Each lets the last answer go, and gives the reason. Without a use: to seal with AES-256-GCM. */
int store_ask_for(const char *stand_in, const char *use, bool seals);
int store_ask(const struct named_made *made);
int store_ask_by_name(const char *text, const char *use, bool seals);
void store_let_go(void);
/* The answer is this key. */
void store_gives(const struct named_made *made);

/* Lines of the audit log that have all three; NULL: whichever. None ever has a stand-in. */
unsigned store_log_lines(const char *operation, const char *named_key, const char *rest);
unsigned store_refusals(const char *named_key, int reason);

/* Time passes until the store looks at its folder again. */
void store_refresh(void);

void store_write_state(const char *text);
/* Writes it, and configures it. */
void store_with_state(const char *text);

#endif
