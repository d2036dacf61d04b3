/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named keys in memory, behind named_keys.h, and library contexts in which stock OpenSSL's names
 * take their stand-ins.
 */
#ifndef ENVELOPE_TESTS_FAKE_NAMED_KEYS_H
#define ENVELOPE_TESTS_FAKE_NAMED_KEYS_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "provider/common/provctx.h"

/* One for each length of key that a cipher has, and one that is shorter than its cipher's. */
enum fake_named_id { FAKE_NAMED_16, FAKE_NAMED_24, FAKE_NAMED_32, FAKE_NAMED_64, FAKE_NAMED_COUNT };

struct fake_named_key {
    const char *stand_in; /* as long as the key */
    unsigned char key[64];
    size_t len;
    const char *use; /* the only one; NULL: all */
    bool revoked;
};

extern struct fake_named_key fake_named_keys[FAKE_NAMED_COUNT];
extern atomic_int fake_named_asked; /* how often anybody looked for one */
extern atomic_int fake_named_seals; /* how often to seal */
extern atomic_int fake_named_lent;  /* references that are still held */

void fake_named_reset(void);

/* The one of that length, or NULL. */
const struct fake_named_key *fake_named_of_len(size_t len);

/* The envelope provider over fake KEKs and these keys, under the name "envelope". */
int fake_named_add_builtin(OSSL_LIB_CTX *libctx);

/*
 * The default provider and ours, from a configuration: lines are what our section has besides.
 * Whoever fetches without a query gets ours (default_properties).
 */
OSSL_LIB_CTX *fake_named_libctx(const char *lines, bool first);

/* The same, ours alone: a test activates others when it likes. */
OSSL_LIB_CTX *fake_named_libctx_alone(const char *lines);

/* "default" or "envelope": who serves a cipher; "" for nobody. */
const char *fake_named_server(OSSL_LIB_CTX *libctx, const char *cipher, const char *query);

#endif
