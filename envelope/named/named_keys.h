/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that ciphers see of named keys: a stand-in or a name in, a key and what it may be used for
 * out. Behind it stands the store (store.h), which opens key files; in tests a fake one; later an
 * agent of the host. Every object may be used by several threads at once.
 *
 * A failure is raised, with what to do. That a key is unknown, not allowed, for something else, or
 * that its stand-in was revoked is one reason, KEY_REFUSED: the audit log tells them apart.
 */
#ifndef ENVELOPE_NAMED_KEYS_H
#define ENVELOPE_NAMED_KEYS_H

#include "envelope/format/field.h"
#include "envelope/named/uses.h"

/* An open key. It stays as it is, and open, until it is released. */
struct env_named_ref {
    struct env_span key; /* in secret memory; never NULL */
    const struct env_named_clear *clear;
    env_uses uses;
    uint8_t id[ENV_NAMED_ID_LEN];
    uint8_t field_id[ENV_NAMED_ID_LEN]; /* what fields call it */
    /* Of keys for fields and tenant keys: what is derived once for all fields, in secret memory.
     * NULL: it is derived each time, which costs more than the field. */
    const struct env_field_key *field;
};

/* What a key is wanted for. */
struct env_named_wish {
    unsigned use; /* env_use_number's */
    /* Of fields and tenant keys the newest version that may seal is given then. Of AES-GCM and the
     * like under stock names it is counted. */
    bool seals;
};

struct env_named_keys; /* starts with its vtable pointer */

struct env_named_keys_vtable {
    void (*free)(struct env_named_keys *keys);
    /*
     * The key that key bytes stand for, which have the form of a stand-in (env_stand_in_is, or
     * env_stand_in_is_password). Under a stock name that is NAME@N; for fields the version that the
     * wish asks for.
     */
    ENV_RESULT(*by_stand_in)
    (struct env_named_keys *keys, struct env_span stand_in, const struct env_named_wish *wish,
     const struct env_named_ref **out);
    /* NAME@N, or NAME: then the newest version that may seal, and for opening the newest. */
    ENV_RESULT(*by_name)
    (struct env_named_keys *keys, const char *name, const struct env_named_wish *wish,
     const struct env_named_ref **out);
    /*
     * The version of NAME (without @N) that fields call by this id. None has it:
     * ENV_FAIL(ENV_R_KEY_UNKNOWN), not raised.
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
