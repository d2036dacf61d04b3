/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the public half of an RSA key from a file: a certificate or a SubjectPublicKeyInfo. */
#ifndef ENVELOPE_PUBLIC_FILE_H
#define ENVELOPE_PUBLIC_FILE_H

#include "keymgmt/wrap/rsa_public.h"

#define ENV_PUBLIC_FILE_MAX 65536u /* greatest size of a file */

struct env_public_file {
    struct env_rsa_numbers numbers;
    struct env_kek_id key_id; /* the certificate's subjectKeyIdentifier; len 0: it has none */
};

/*
 * The file must be PEM or DER, with exactly one certificate or public key and nothing else. Only
 * the key and its identifier are taken from a certificate: whoever configures the file vouches for
 * it. Fails with KEK_FILE, KEK_FILE_CONTENT or KEK_FILE_PRIVATE, or with KEK_KIND if the key is not
 * RSA.
 */
ENV_RESULT env_public_file_read(const struct env_rsa_source *source, const char *path,
                                struct env_public_file *out, struct env_error_detail *detail);

/*
 * name is file:PATH or file:PATH?id=HEX. *path becomes a copy (OPENSSL_free), or NULL without
 * memory; id->len is 0 if the name has no id. Fails with CONFIG_VALUE.
 */
ENV_RESULT env_public_file_name(const char *text, char **path, struct env_kek_id *id,
                                struct env_error_detail *detail);

#endif
