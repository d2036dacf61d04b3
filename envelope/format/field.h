/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value under a named key or a tenant key, for a column of a database:
 *
 *     01 || key id (8) || nonce (24) || ciphertext || tag (16)      XAES-256-GCM: 49 bytes more
 *     02 || key id (8) || SIV (16) || ciphertext                    AES-SIV: 25 bytes more
 *
 * with the application's context as associated data. docs/FORMAT.md has it all.
 */
#ifndef ENVELOPE_FIELD_H
#define ENVELOPE_FIELD_H

#include "envelope/format/siv.h"
#include "envelope/format/xaes.h"

#define ENV_FIELD_ID_LEN 8u
#define ENV_FIELD_CONTEXT_MAX 4096u

/* The first byte of a field. */
enum env_field_kind { ENV_FIELD_RANDOM = 1, ENV_FIELD_DETERMINISTIC = 2 };

/* The length before the ciphertext, and by how much a field is longer than its value. */
#define ENV_FIELD_HEAD_LEN (1u + ENV_FIELD_ID_LEN + ENV_XAES_NONCE_LEN)
#define ENV_FIELD_OVERHEAD (ENV_FIELD_HEAD_LEN + ENV_XAES_TAG_LEN)
#define ENV_FIELD_DETERMINISTIC_OVERHEAD (1u + ENV_FIELD_ID_LEN + ENV_SIV_LEN)

/* A field is opened in one update, whose length is an int. */
#define ENV_FIELD_VALUE_MAX (0x7fffffffu - ENV_FIELD_OVERHEAD)

/* What is derived from a named key or a tenant key. Lives in secret memory. */
struct env_field_key {
    uint8_t id[ENV_FIELD_ID_LEN];
    struct env_xaes_key random;
    struct env_siv_key deterministic;
};

ENV_RESULT env_field_key_set(const struct env_crypto *crypto, struct env_span key,
                             struct env_field_key *out);

size_t env_field_overhead(enum env_field_kind kind);

/*
 * The key id of a field of this kind; id points into the field. Fails with NOT_A_FIELD,
 * FIELD_OTHER_CIPHER or FIELD_TOO_SHORT.
 */
ENV_RESULT env_field_read_id(enum env_field_kind kind, struct env_span field, const uint8_t **id);

/*
 * Seals a value piece by piece: head is the part before the ciphertext. The caller supplies the GCM
 * context (env_gcm_once_take), which holds only this value until the end.
 */
ENV_RESULT env_field_seal_begin(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm,
                                const struct env_field_key *key, struct env_span context,
                                uint8_t head[ENV_FIELD_HEAD_LEN]);
/* The pieces and the tag: env_xaes_feed, env_xaes_seal_end. */

/* Seals a whole value. field must have room for it and the overhead, and must not overlap it. */
ENV_RESULT env_field_seal(const struct env_crypto *crypto, enum env_field_kind kind,
                          const struct env_field_key *key, struct env_span context,
                          struct env_span value, uint8_t *field);

/*
 * Opens a whole field whose id is the key's. value must be in secret memory, with room for the
 * field without its overhead; it is wiped on failure: FIELD_NOT_AUTHENTIC.
 */
ENV_RESULT env_field_open(const struct env_crypto *crypto, enum env_field_kind kind,
                          const struct env_field_key *key, struct env_span context,
                          struct env_span field, uint8_t *value);

/* ---- tenant keys: 32 random bytes, sealed as a field under a named key made for them ---- */

#define ENV_TENANT_KEY_LEN 32u
#define ENV_TENANT_SEALED_LEN (ENV_TENANT_KEY_LEN + ENV_FIELD_OVERHEAD)
#define ENV_TENANT_ID_MAX 255u
#define ENV_TENANT_CONTEXT "tenant key v1:" /* followed by the tenant's id */
#define ENV_TENANT_CONTEXT_MAX (sizeof(ENV_TENANT_CONTEXT) - 1 + ENV_TENANT_ID_MAX)

/* Whether a context means that the value is a tenant key; *tenant is the id then. */
bool env_tenant_context_is(struct env_span context, struct env_span *tenant);

/* Writes the context of a tenant's key. Returns its length. */
size_t env_tenant_context(struct env_span tenant, uint8_t out[ENV_TENANT_CONTEXT_MAX]);

/*
 * Makes a tenant's key from random bytes, under the named key above it. TENANT_INCOMPLETE: the
 * tenant has no id, or one that is too long.
 */
ENV_RESULT env_tenant_key_make(const struct env_crypto *crypto, const struct env_field_key *above,
                               struct env_span tenant, uint8_t sealed[ENV_TENANT_SEALED_LEN]);

/*
 * Opens one, and seals it under another version. Fails with TENANT_INCOMPLETE or TENANT_KEY_CLOSED.
 */
ENV_RESULT env_tenant_key_reseal(const struct env_crypto *crypto, const struct env_field_key *from,
                                 const struct env_field_key *to, struct env_span tenant,
                                 struct env_span sealed, uint8_t out[ENV_TENANT_SEALED_LEN]);

/*
 * Opens a tenant's key with what is derived from the named key above it, and returns what is
 * derived from the tenant's key. Fails with TENANT_KEY_CLOSED.
 */
ENV_RESULT env_tenant_key_open(const struct env_crypto *crypto, const struct env_field_key *above,
                               struct env_span tenant, struct env_span sealed,
                               struct env_field_key *out);

#endif
