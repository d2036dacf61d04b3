/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for DEKs, derived keys, PINs and withheld plaintext: from OpenSSL's secure heap if the
 * program has switched it on and it has room, otherwise from pages of our own that core dumps leave
 * out (MADV_DONTDUMP). Zeroed when it is handed out and when it is given back.
 *
 * Pages that were given back are kept for the next request, so that a message needs no system call.
 * They are of two kinds, which never meet on a page:
 * - The ordinary ones go on in a forked child with what is in them.
 * - Those bound to the process are empty in a child (MADV_WIPEONFORK): what must not go on there,
 *   such as the keys and IVs of a message that is being sealed.
 */
#ifndef ENVELOPE_SECRET_H
#define ENVELOPE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Returns len zero bytes, aligned for any type, or NULL. */
void *env_secret_alloc(size_t len);

/* Wipes and frees; p may be NULL. len is what was asked for. */
void env_secret_free(void *p, size_t len);

/* The same for a caller who has wiped everything used: untouched pages stay untouched. */
void env_secret_free_wiped(void *p, size_t len);

/*
 * The same, bound to the process; never from the secure heap. A child that was forked meanwhile
 * finds zeros there, and frees it as its parent does.
 */
void *env_secret_alloc_bound(size_t len);
void env_secret_free_bound_wiped(void *p, size_t len);

/* Whether the kernel empties what is bound to the process (Linux 4.14). */
bool env_secret_bound_is_wiped(void);

#endif
