/* SPDX-License-Identifier: Apache-2.0 */
/* Fields through EVP: key bytes, parameters, whole values. */
#ifndef ENVELOPE_TESTS_FIELD_CALLS_H
#define ENVELOPE_TESTS_FIELD_CALLS_H

#include <openssl/evp.h>

#include "caller.h"
#include "fake_field_keys.h"

#define FIELD "ENVELOPE-FIELD"
#define DETERMINISTIC "ENVELOPE-FIELD-DETERMINISTIC"

/* What a program passes; what is NULL it does not pass. */
struct field_call {
    OSSL_LIB_CTX *libctx;
    const char *cipher;
    struct bytes key;    /* of length 0: none */
    const char *name;    /* the parameter field-key */
    const char *context; /* the parameters */
    const char *tenant;
    struct bytes tenant_key;
};

/* A stand-in as key bytes. */
struct bytes field_key_text(const char *text);
/* Of the form ENVF. */
struct bytes field_key_form(const char *stand_in, struct bytes tenant_key, const char *tenant,
                            const char *context);

/* EVP_CipherInit_ex2 with all of it: its result. */
int field_init(EVP_CIPHER_CTX *ctx, const struct field_call *call, int sealing);
/* A new context, initialised. */
EVP_CIPHER_CTX *field_begin(const struct field_call *call, int sealing);

/* The whole of in through one update (none where it is empty) and final: 1, or 0 and out is empty.
 */
int field_run(const struct field_call *call, int sealing, struct bytes in, struct bytes *out);
/* The same, which must work. */
struct bytes field_seal(const struct field_call *call, struct bytes value);
void field_opens(const struct field_call *call, struct bytes field, struct bytes value);
/* Opening fails, with this reason, and nothing comes out. */
void field_refused(const struct field_call *call, struct bytes field, int reason);

#endif
