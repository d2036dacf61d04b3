/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key file: read and written without a token, sealed and opened with one. It is a message of
 * its own content type: header, FLOE header, one segment. Nothing but this opens or makes one.
 */
#ifndef ENVELOPE_KEY_FILE_H
#define ENVELOPE_KEY_FILE_H

#include <sys/stat.h>

#include "envelope/format/header.h"
#include "envelope/message/dek.h"
#include "envelope/named/uses.h"

#define ENV_KEY_FILE_SEGMENT 4128u /* FLOE's segment length; there is one segment */
#define ENV_KEY_FILE_SHOWN 256u
#define ENV_KEY_FILE_MAX (ENV_HEADER_MAX + 4096u)
#define ENV_FINGERPRINT_LEN 32u

struct env_key_file {
    uint8_t *bytes; /* the whole file */
    size_t len;
    struct env_span header_der;
    struct env_span floe; /* all behind the header */
    struct env_header *header;
    struct env_named_clear clear;
    env_uses uses;
    uint8_t fingerprint[ENV_FINGERPRINT_LEN]; /* SHA-256 of the FLOE part */
    uint8_t said[ENV_FINGERPRINT_LEN];        /* the same of the parameters */
    char shown[ENV_KEY_FILE_SHOWN];           /* what errors call it */
    struct stat st;                           /* zero where it came from memory */
};

/*
 * Reads NAME@N.envkey of the folder, which is open. FILE_FAILED, KEY_FILE_BAD (also of a file whose
 * name is another than the one inside), raised with the file's name. Freed with env_key_file_free.
 */
ENV_RESULT env_key_file_read(const struct env_errors *errors, const struct env_crypto *crypto,
                             int folder, const char *name, uint32_t number,
                             struct env_key_file **out);

/* The same of bytes that the caller has. shown: what errors call it. */
ENV_RESULT env_key_file_parse(const struct env_errors *errors, const struct env_crypto *crypto,
                              const char *shown, struct env_span bytes, struct env_key_file **out);
void env_key_file_free(struct env_key_file *file);

/* Whether it has a recipient that shows who made it: an AES KEK's. */
bool env_key_file_has_aes(const struct env_key_file *file);

/* Whether the key in it has that many bytes, by the length of what is sealed. No KEK is asked. */
ENV_RESULT env_key_file_key_has_length(const struct env_key_file *file, size_t key_len, bool *has);

/*
 * Opens it. sealed lies in secret memory, and is wiped when that fails. Through an RSA KEK only
 * with by_rsa: KEY_BY_RSA. KEY_FILE_BAD when the clear part, the sealed one and the name do not
 * agree. The KEKs' lines in the audit log say that this key is opened, and there are no others.
 */
ENV_RESULT env_named_open(const struct env_dek_context *context, const struct env_key_file *file,
                          bool by_rsa, struct env_named_sealed *sealed);

/*
 * Seals a key for the selector's KEKs: *bytes is the file, freed with OPENSSL_free. The clear
 * part's id and hints are filled in from the sealed one, and so are name and number.
 */
ENV_RESULT env_named_seal(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_named_clear *clear,
                          const struct env_named_sealed *sealed, uint8_t **bytes, size_t *len);

/*
 * Writes the file: at once or not at all, on the disk when this returns. replace: in the place of
 * one that is there; else KEY_EXISTS, KEY_NUMBER_USED. FILE_FAILED. All are raised. What a killed
 * process leaves begins with a dot, and the next call for the same key removes it. The folder is
 * locked meanwhile (flock).
 */
ENV_RESULT env_key_file_write(const struct env_errors *errors, int folder, const char *name,
                              uint32_t number, struct env_span bytes, bool replace);

/*
 * Leaves the tombstone of a version, the file NAME@N.destroyed, on the disk when this returns, also
 * where it is already. From then on no file of that version is made: KEY_NUMBER_USED.
 * FILE_FAILED, raised.
 */
ENV_RESULT env_key_tombstone_write(const struct env_errors *errors, int folder, const char *name,
                                   uint32_t number);

#endif
