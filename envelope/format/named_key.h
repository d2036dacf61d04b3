/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of a key file: the clear parameters, which are in its header, and the sealed part.
 * docs/FORMAT.md describes every byte. Only DER is accepted, every bound is checked, and comments
 * say what must be in secret memory.
 */
#ifndef ENVELOPE_NAMED_KEY_H
#define ENVELOPE_NAMED_KEY_H

#include "envelope/format/crypto.h"

#define ENV_NAMED_NAME_MIN 3u
#define ENV_NAMED_NAME_MAX 64u
#define ENV_NAMED_NUMBER_MAX 999999999u
#define ENV_NAMED_KEY_MAX 1024u /* bytes of the longest key */
#define ENV_NAMED_USES_MAX 16u
#define ENV_NAMED_USE_MAX 39u   /* characters of the longest name of an algorithm */
#define ENV_NAMED_TEXT_MAX 255u /* bytes of the owner's name */
#define ENV_NAMED_APPLICATION_MAX 64u
#define ENV_NAMED_STAND_INS_MAX 16u
#define ENV_STAND_IN_HASH_LEN 32u /* SHA-256 */
#define ENV_STAND_IN_HINT_LEN 8u  /* how much of it is in the clear */
#define ENV_NAMED_ID_LEN 8u
#define ENV_NAMED_SEALED_MAX 2048u     /* more than the sealed part can need */
#define ENV_NAMED_PARAMETERS_MAX 4096u /* and more than the clear part can */

/* Room for "NAME@N" and a NUL, and for the name of its file. */
#define ENV_NAMED_FULL_NAME (ENV_NAMED_NAME_MAX + 12u)
#define ENV_NAMED_FILE_NAME (ENV_NAMED_FULL_NAME + 8u)
#define ENV_NAMED_SUFFIX ".envkey"

/* Room for the name of a tombstone as well. */
#define ENV_NAMED_TOMBSTONE ".destroyed"
#define ENV_NAMED_TOMBSTONE_NAME (ENV_NAMED_FULL_NAME + 11u)

enum env_named_origin { ENV_NAMED_GENERATED, ENV_NAMED_IMPORTED };

/* A stand-in in the clear part. */
struct env_named_stand_in {
    char application[ENV_NAMED_APPLICATION_MAX + 1]; /* UTF-8 */
    uint8_t hint[ENV_STAND_IN_HINT_LEN];             /* of its SHA-256 */
};

/* The clear parameters. They can be trusted once the key was opened. */
struct env_named_clear {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number; /* the version, from 1 */
    size_t use_count;
    char uses[ENV_NAMED_USES_MAX][ENV_NAMED_USE_MAX + 1]; /* as in uses.h; at least 1 */
    bool mixed;     /* has modes that should not be combined, at the importer's request */
    bool no_export; /* the command does not export it */
    enum env_named_origin origin;
    char owner[ENV_NAMED_TEXT_MAX + 1]; /* UTF-8, may be empty */
    int64_t created;                    /* seconds since 1970 */
    int64_t seal_from;
    int64_t not_after; /* 0: none */
    uint8_t id[ENV_NAMED_ID_LEN];
    size_t stand_in_count;
    struct env_named_stand_in stand_ins[ENV_NAMED_STAND_INS_MAX];
};

/* The sealed part. Lives in secret memory. */
struct env_named_sealed {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
    size_t key_len; /* from 1 */
    uint8_t key[ENV_NAMED_KEY_MAX];
    size_t stand_in_count;
    uint8_t hashes[ENV_NAMED_STAND_INS_MAX][ENV_STAND_IN_HASH_LEN]; /* in the clear part's order */
};

/* ---- names ---- */

/* [A-Za-z0-9][A-Za-z0-9_-]{2,63}, and not "default". */
bool env_named_name_is(const char *text, size_t len);

/* Parses NAME or NAME@N into name and number; *number is 0 without N. False: it is neither. */
bool env_named_name_read(const char *text, char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number);

/* "NAME@N", and "NAME@N.envkey". */
void env_named_full_name(const char *name, uint32_t number, char out[ENV_NAMED_FULL_NAME]);
void env_named_file_name(const char *name, uint32_t number, char out[ENV_NAMED_FILE_NAME]);

/* Parses the latter; false for any other name. */
bool env_named_file_name_read(const char *file, char name[ENV_NAMED_NAME_MAX + 1],
                              uint32_t *number);

/* The same for its tombstone, "NAME@N.destroyed". */
void env_named_tombstone_name(const char *name, uint32_t number,
                              char out[ENV_NAMED_TOMBSTONE_NAME]);
bool env_named_tombstone_name_read(const char *file, char name[ENV_NAMED_NAME_MAX + 1],
                                   uint32_t *number);

/* ---- structures; failures are KEY_FILE_BAD ---- */

/* *der is freed with OPENSSL_free. */
ENV_RESULT env_named_clear_encode(const struct env_named_clear *clear, uint8_t **der,
                                  size_t *der_len);
ENV_RESULT env_named_clear_decode(struct env_span der, struct env_named_clear *out);

/* der must be in secret memory, with room for ENV_NAMED_SEALED_MAX bytes. */
ENV_RESULT env_named_sealed_encode(const struct env_named_sealed *sealed, uint8_t *der,
                                   size_t *der_len);
ENV_RESULT env_named_sealed_decode(struct env_span der, struct env_named_sealed *out);

/* ---- consistency ---- */

/*
 * Whether both describe the same key and the same stand-ins; otherwise KEY_FILE_BAD. id: of its
 * bytes.
 */
ENV_RESULT env_named_agree(const struct env_named_clear *clear,
                           const struct env_named_sealed *sealed,
                           const uint8_t id[ENV_NAMED_ID_LEN]);

/*
 * Writes the context under which the sealed part is sealed, "envelope named key v1:NAME@N". Returns
 * its length.
 */
#define ENV_NAMED_CONTEXT (ENV_NAMED_FULL_NAME + 24u)
size_t env_named_context(const char *name, uint32_t number, char out[ENV_NAMED_CONTEXT]);

/* HKDF-Expand-SHA-384(key, "envelope key id v1", 8), and the id derived from it for fields. */
ENV_RESULT env_named_key_id(const struct env_crypto *crypto, struct env_span key,
                            uint8_t id[ENV_NAMED_ID_LEN]);
ENV_RESULT env_named_field_id(const struct env_crypto *crypto, struct env_span key,
                              uint8_t id[ENV_NAMED_ID_LEN]);

#endif
