/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for DEKs, derived keys, PINs and plaintext that is held back: from OpenSSL's secure heap
 * where the program has switched it on and it has room, else from pages of our own that are left
 * out of core dumps (MADV_DONTDUMP). Zeroed when it is handed out and when it is given back.
 */
#ifndef ENVELOPE_SECRET_H
#define ENVELOPE_SECRET_H

#include <stddef.h>

/* Returns len zero bytes, aligned for any type, or NULL. */
void *env_secret_alloc(size_t len);

/* Wipes and frees; p may be NULL. len is what was asked for. */
void env_secret_free(void *p, size_t len);

/* The same for a caller who has wiped all that was used: pages never touched stay untouched. */
void env_secret_free_wiped(void *p, size_t len);

#endif
