/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of the ciphers to named keys: a stand-in or a name goes in, and a key with its
 * permitted uses comes out. Behind it is the store (store.h), which opens key files, or in tests a
 * fake. Several threads may use an object at the same time.
 *
 * Failures are raised, and say what to do. That a key is unknown, not allowed or for another use,
 * or that its stand-in was revoked, is one reason, KEY_REFUSED: only the audit log distinguishes
 * them.
 */
#ifndef ENVELOPE_NAMED_KEYS_H
#define ENVELOPE_NAMED_KEYS_H

#include "envelope/format/field.h"
#include "envelope/named/uses.h"

/* An open key. It stays unchanged and open until it is released. */
struct env_named_ref {
    struct env_span key; /* in secret memory; never NULL */
    const struct env_named_clear *clear;
    env_uses uses;
    uint8_t id[ENV_NAMED_ID_LEN];
    uint8_t field_id[ENV_NAMED_ID_LEN]; /* the id in fields */
    /*
     * For fields keys and tenant keys: what is derived once for all fields, in secret memory. NULL:
     * it is derived each time, which costs more than the field.
     */
    const struct env_field_key *field;
};

/* What a key is needed for. */
struct env_named_wish {
    unsigned use; /* from env_use_number */
    /*
     * For fields and tenant keys, the newest version that may seal is returned then. For AES-GCM
     * and the like under stock names, the use is counted.
     */
    bool seals;
};

struct env_named_keys; /* starts with its vtable pointer */

struct env_named_keys_vtable {
    void (*free)(struct env_named_keys *keys);
    /*
     * The key for key bytes in the form of a stand-in (env_stand_in_is or
     * env_stand_in_is_password). Under a stock name it is one NAME@N; for fields, the version that
     * the wish asks for.
     */
    ENV_RESULT(*by_stand_in)
    (struct env_named_keys *keys, struct env_span stand_in, const struct env_named_wish *wish,
     const struct env_named_ref **out);
    /* By NAME@N or NAME. NAME gives the newest version that may seal, or for opening the newest. */
    ENV_RESULT(*by_name)
    (struct env_named_keys *keys, const char *name, const struct env_named_wish *wish,
     const struct env_named_ref **out);
    /*
     * The version of NAME (without @N) whose id in fields is this one. ENV_FAIL(ENV_R_KEY_UNKNOWN),
     * not raised, if there is none.
     */
    ENV_RESULT(*by_field_id)
    (struct env_named_keys *keys, const char *name, const uint8_t id[ENV_NAMED_ID_LEN],
     const struct env_named_wish *wish, const struct env_named_ref **out);
    void (*release)(struct env_named_keys *keys, const struct env_named_ref *ref);
};

struct env_named_keys {
    const struct env_named_keys_vtable *vtable;
};

#endif
