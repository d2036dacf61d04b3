/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key file: read and written without a token, sealed and opened with one. It is a message of a
 * content type of its own: header, FLOE header, one segment. Only this code opens or makes them.
 */
#ifndef ENVELOPE_KEY_FILE_H
#define ENVELOPE_KEY_FILE_H

#include <sys/stat.h>

#include "envelope/format/header.h"
#include "envelope/message/dek.h"
#include "envelope/named/uses.h"

#define ENV_KEY_FILE_SEGMENT 4128u /* FLOE's segment length; there is only one segment */
#define ENV_KEY_FILE_SHOWN 256u
#define ENV_KEY_FILE_MAX (ENV_HEADER_MAX + 4096u)
#define ENV_FINGERPRINT_LEN 32u

struct env_key_file {
    uint8_t *bytes; /* the whole file */
    size_t len;
    struct env_span header_der;
    struct env_span floe; /* everything after the header */
    struct env_header *header;
    struct env_named_clear clear;
    env_uses uses;
    uint8_t fingerprint[ENV_FINGERPRINT_LEN]; /* SHA-256 of the FLOE part */
    uint8_t said[ENV_FINGERPRINT_LEN];        /* SHA-256 of the parameters */
    char shown[ENV_KEY_FILE_SHOWN];           /* its name in errors */
    struct stat st;                           /* zero if it was not read from the folder */
};

/*
 * Reads NAME@N.envkey from the open folder. Raises FILE_FAILED or KEY_FILE_BAD (also if the name
 * differs from the one inside), with the file's name. Freed with env_key_file_free.
 */
ENV_RESULT env_key_file_read(const struct env_errors *errors, const struct env_crypto *crypto,
                             int folder, const char *name, uint32_t number,
                             struct env_key_file **out);

/* The same for bytes in memory. shown: the name in errors. */
ENV_RESULT env_key_file_parse(const struct env_errors *errors, const struct env_crypto *crypto,
                              const char *shown, struct env_span bytes, struct env_key_file **out);
void env_key_file_free(struct env_key_file *file);

/* Whether it has a recipient that shows who made it, an AES KEK. */
bool env_key_file_has_aes(const struct env_key_file *file);

/* Whether its key has this many bytes, by the length of the sealed part. Uses no KEK. */
ENV_RESULT env_key_file_key_has_length(const struct env_key_file *file, size_t key_len, bool *has);

/*
 * Opens it. sealed must be in secret memory, and is wiped on failure. An RSA KEK is accepted only
 * with by_rsa: KEY_BY_RSA. Fails with KEY_FILE_BAD if the clear part, the sealed part and the name
 * do not agree. In the audit log, the lines of the KEKs say that this key is opened; there are no
 * others.
 */
ENV_RESULT env_named_open(const struct env_dek_context *context, const struct env_key_file *file,
                          bool by_rsa, struct env_named_sealed *sealed);

/*
 * Seals a key for the selector's KEKs: *bytes is the file, freed with OPENSSL_free. Takes the clear
 * part's id, hints, name and number from the sealed part.
 */
ENV_RESULT env_named_seal(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_named_clear *clear,
                          const struct env_named_sealed *sealed, uint8_t **bytes, size_t *len);

/*
 * Writes the file atomically; it is synced when this returns. replace: replaces an existing file;
 * otherwise fails with KEY_EXISTS or KEY_NUMBER_USED. May also fail with FILE_FAILED. All failures
 * are raised. What a killed process leaves has a name that begins with a dot, and the next call for
 * the same key removes it. The folder is locked meanwhile (flock).
 */
ENV_RESULT env_key_file_write(const struct env_errors *errors, int folder, const char *name,
                              uint32_t number, struct env_span bytes, bool replace);

/*
 * Makes the tombstone of a version, the file NAME@N.destroyed, if it does not exist; it is synced
 * when this returns. From then on no file of that version can be made: KEY_NUMBER_USED. Raises
 * FILE_FAILED.
 */
ENV_RESULT env_key_tombstone_write(const struct env_errors *errors, int folder, const char *name,
                                   uint32_t number);

#endif
