/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named keys for fields without a store: versions in memory, behind named_keys.h, and a provider
 * built in with them.
 */
#ifndef ENVELOPE_TESTS_FAKE_FIELD_KEYS_H
#define ENVELOPE_TESTS_FAKE_FIELD_KEYS_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "envelope/named/named_keys.h"

#define FAKE_FIELD_KEYS 8u

/* A stand-in stands for all versions of a name. The newest that seals is the last of the name. */
struct fake_field_key {
    const char *name;
    uint32_t number;
    const char *use;
    const char *stand_in;
    uint8_t key[32];
    bool absent;
    bool seals_not;
    bool underived; /* ref->field is NULL */
};

/*
 * users@1, users@2 (ENVELOPE-FIELD), email@1 (deterministic), tenants@1, tenants@2 (tenant-keys);
 * fake_field_reset puts them back, with everything present.
 */
extern struct fake_field_key fake_field_keys[FAKE_FIELD_KEYS];
extern atomic_int fake_field_lent;  /* references that are held */
extern atomic_int fake_field_asked; /* how often a key was asked for */

#define STAND_IN_USERS "key:mB3tQ9vLx0Zr7Wd2Hs6Yk1NpAbCd"
#define STAND_IN_EMAIL "key:0123456789abcdefghij-_012345"
#define STAND_IN_TENANTS "key:ABCDEFGHIJKL"

void fake_field_reset(void);
/* The one of that name and number. */
struct fake_field_key *fake_field_key(const char *name, uint32_t number);

/* What was changed above counts at once: a second goes by. */
void fake_field_changed(void);

/* A library context with default and envelope; lines are what our section has besides. */
OSSL_LIB_CTX *fake_field_libctx(const char *lines);

#endif
