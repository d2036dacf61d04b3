/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for DEKs, derived keys, PINs and withheld plaintext. It comes from OpenSSL's secure heap
 * if the program has enabled that and it has room; otherwise from pages of our own that core dumps
 * leave out (MADV_DONTDUMP). It is zeroed when it is handed out and when it is given back.
 *
 * Pages that were given back are kept for the next request, so that a message needs no system call.
 * There are two kinds, which never share a page:
 * - Ordinary pages keep their contents in a forked child.
 * - Pages bound to the process are empty in a child (MADV_WIPEONFORK). They are for what must not
 *   continue there, such as the keys and IVs of a message being sealed.
 */
#ifndef ENVELOPE_SECRET_H
#define ENVELOPE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Returns len zero bytes, aligned for any type, or NULL. */
void *env_secret_alloc(size_t len);

/* Wipes and frees; p may be NULL. len is the length that was requested. */
void env_secret_free(void *p, size_t len);

/* The same for a caller that has wiped everything it used: untouched pages stay untouched. */
void env_secret_free_wiped(void *p, size_t len);

/*
 * The same, bound to the process; never from the secure heap. A child forked meanwhile finds zeros
 * there, and frees it as its parent does.
 */
void *env_secret_alloc_bound(size_t len);
void env_secret_free_bound_wiped(void *p, size_t len);

/* Whether the kernel empties bound memory in a child (Linux 4.14). */
bool env_secret_bound_is_wiped(void);

#endif
