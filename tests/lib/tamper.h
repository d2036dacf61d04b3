/* SPDX-License-Identifier: Apache-2.0 */
/* Opening messages that somebody has altered, and watching that nothing unverified comes out. */
#ifndef ENVELOPE_TESTS_TAMPER_H
#define ENVELOPE_TESTS_TAMPER_H

#include "caller.h"

/*
 * Opens message with ENVELOPE in pieces of `step` bytes. Returns why that failed, ENV_R_NONE when
 * it did not. Asserts that what came out is a beginning of plain no longer than `verified` bytes,
 * that the call that failed gave the length 0 and left nothing else in its buffer, and that the
 * context fails from then on. plain is from bytes_plain.
 */
int try_to_open(OSSL_LIB_CTX *libctx, struct bytes message, size_t step, struct bytes plain,
                size_t verified);

/* The same with another cipher, the first piece of `first` bytes. */
int try_to_open_cut(OSSL_LIB_CTX *libctx, const char *cipher, struct bytes message, size_t first,
                    size_t step, struct bytes plain, size_t verified);

#endif
