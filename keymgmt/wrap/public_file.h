/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the public half of an RSA key from a file: a certificate or a SubjectPublicKeyInfo. */
#ifndef ENVELOPE_PUBLIC_FILE_H
#define ENVELOPE_PUBLIC_FILE_H

#include "keymgmt/wrap/rsa_public.h"

#define ENV_PUBLIC_FILE_MAX 65536u /* bytes of a file that is read */

struct env_public_file {
    struct env_rsa_numbers numbers;
    struct env_kek_id key_id; /* the certificate's subjectKeyIdentifier; len 0: there is none */
};

/*
 * PEM or DER, with one certificate or public key and nothing else. Of a certificate only the key
 * and its identifier are looked at: whoever configures the file vouches for it. KEK_FILE,
 * KEK_FILE_CONTENT, KEK_FILE_PRIVATE, and KEK_KIND for a key that is not RSA.
 */
ENV_RESULT env_public_file_read(const struct env_rsa_source *source, const char *path,
                                struct env_public_file *out, struct env_error_detail *detail);

/*
 * file:PATH or file:PATH?id=HEX. path becomes a copy (OPENSSL_free), or NULL without memory;
 * id->len is 0 when the name has none. CONFIG_VALUE.
 */
ENV_RESULT env_public_file_name(const char *text, char **path, struct env_kek_id *id,
                                struct env_error_detail *detail);

#endif
