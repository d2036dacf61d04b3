/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the store, for its own files. Its lock is a leaf: while it is held, no other lock
 * of ours is taken, no file is read and no token is used.
 */
#ifndef ENVELOPE_STORE_INSIDE_H
#define ENVELOPE_STORE_INSIDE_H

#include <pthread.h>

#include "envelope/base/config.h"
#include "envelope/named/key_index.h"
#include "envelope/named/refusals.h"
#include "envelope/named/state_watch.h"

#define ENV_STORE_MILLISECONDS 1000

struct env_store {
    struct env_named_keys base;
    const struct env_config *config;
    const struct env_dek_context *context;
    struct env_state_watch *states;
    pthread_mutex_t lock;
    pthread_cond_t changed;      /* an opening or a check has ended */
    struct env_key_index *index; /* NULL: not read yet */
    int64_t looked_at;
    bool looking;          /* a thread is checking; the others continue with the present state */
    uint64_t state_number; /* of the state that was last applied */
    struct env_refusals refusals; /* protected by the lock */
};

/* ---- store_look.c ---- */

/*
 * Checks the folder and the state if that is due; afterwards there is an index. Raises KEYS_FOLDER
 * or STATE_FILE. The caller releases *seen, also after a failure; it may be NULL then.
 */
ENV_RESULT env_store_look(struct env_store *store, const struct env_state_seen **seen);

/* ---- store_open.c ---- */

/*
 * A reference to the entry's key, which is opened if necessary. One thread tries, and the others
 * wait for the first attempt. Raises KEY_AWAY while no new attempt is due. application: whose
 * stand-in asks, for the audit log, or NULL.
 */
ENV_RESULT env_store_open(struct env_store *store, struct env_key_entry *entry,
                          const char *application, struct env_open_key **out);

/* Opens it again because its file has changed; on failure the open key stays. */
void env_store_reopen(struct env_store *store, struct env_key_entry *entry);

/* Writes an audit line that does not come with a token call. */
void env_store_record(const struct env_store *store, enum env_audit_operation operation,
                      const char *named_key, const char *application, enum env_reason reason);

/*
 * Counts a nonce that the program uses with a key for GCM or the like. At 2^20 and at each doubling
 * the audit log gets a line. Reused contexts take further nonces without our knowledge, so the real
 * number may be higher.
 */
#define ENV_STORE_SEALS_TOLD (UINT64_C(1) << 20)
void env_store_count_seal(const struct env_store *store, const struct env_named_wish *wish,
                          struct env_open_key *key);

/* ---- store_refuse.c ---- */

/* Writes a line for a refusal, unless there are so many that they share one. */
void env_store_record_refusal(struct env_store *store, const char *named_key,
                              const char *application, enum env_reason reason);
/*
 * What a refusal's error adds, whatever its kind: "", or that there are key files that cannot be
 * read, one of which may have the missing key.
 */
#define ENV_STORE_BESIDES 96u
void env_store_besides(struct env_store *store, char text[ENV_STORE_BESIDES]);
/* Writes the lines that are left from minutes that are over. */
void env_store_record_rest(struct env_store *store);

/* ---- store_allow.c ---- */

/* Whether allow-keys has the key; exactly: by a word without *. */
bool env_store_allows(const char *allow_keys, const char *name, uint32_t number, bool exactly);

#endif
