/* SPDX-License-Identifier: Apache-2.0 */
/* The store, for the files that it consists of. Its lock is a leaf: nothing of ours is taken under
 * it, no file is read and no token asked. */
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
    pthread_cond_t changed;      /* an opening or a look has ended */
    struct env_key_index *index; /* NULL: nobody has looked yet */
    int64_t looked_at;
    bool looking;          /* a thread does so, and the others continue with the present state */
    uint64_t state_number; /* of the state that was last acted on */
    struct env_refusals refusals; /* with the lock */
};

/* ---- store_look.c ---- */

/*
 * Checks folder and state when it is time to: afterwards there is an index. KEYS_FOLDER,
 * STATE_FILE, raised. The caller releases *seen, also after a failure; it may be NULL then.
 */
ENV_RESULT env_store_look(struct env_store *store, const struct env_state_seen **seen);

/* ---- store_open.c ---- */

/*
 * A reference of the entry's key, which is opened if it is not. One thread tries, the others wait
 * for the first try; KEY_AWAY, raised, while no new try is due. application: whose stand-in asks,
 * for the audit log, or NULL.
 */
ENV_RESULT env_store_open(struct env_store *store, struct env_key_entry *entry,
                          const char *application, struct env_open_key **out);

/* Opens it once more since its file has changed; if that fails, the open key stays. */
void env_store_reopen(struct env_store *store, struct env_key_entry *entry);

/* A line of the audit log that has no token call of its own. */
void env_store_record(const struct env_store *store, enum env_audit_operation operation,
                      const char *named_key, const char *application, enum env_reason reason);

/*
 * Counts a nonce that the program gives to a key of GCM or the like; at 2^20 and each doubling the
 * audit log has a line. Reused contexts take further nonces without our knowledge, so there may be
 * more.
 */
#define ENV_STORE_SEALS_TOLD (UINT64_C(1) << 20)
void env_store_count_seal(const struct env_store *store, const struct env_named_wish *wish,
                          struct env_open_key *key);

/* ---- store_refuse.c ---- */

/* A line for a refusal, unless there are so many that they share one. */
void env_store_record_refusal(struct env_store *store, const char *named_key,
                              const char *application, enum env_reason reason);
/*
 * What a refusal's error says besides, of whatever kind it is: "", or that there are key files here
 * that cannot be read, one of which may be what is missed.
 */
#define ENV_STORE_BESIDES 96u
void env_store_besides(struct env_store *store, char text[ENV_STORE_BESIDES]);
/* For those of minutes that are over that have none yet. */
void env_store_record_rest(struct env_store *store);

/* ---- store_allow.c ---- */

/* Whether allow-keys has the key; exactly: by a word without a *. */
bool env_store_allows(const char *allow_keys, const char *name, uint32_t number, bool exactly);

#endif
