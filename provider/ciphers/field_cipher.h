/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ciphers ENVELOPE-FIELD and ENVELOPE-FIELD-DETERMINISTIC: one value under a named key or a
 * tenant key (envelope/format/field.h).
 *
 * Key length 16 to 4608 (32 where none is set), IV length 0, mode 0, block size 64. The key bytes
 * are a stand-in, of the form ENVF, or zeros for field-key of openssl.cnf. Parameters of the
 * context (OSSL_PARAM), which count before the key bytes and hold for later values: "field-key"
 * UTF-8: NAME or NAME@N "tenant-key"  octet string of 81 bytes "tenant"      octet string of 1 to
 * 255 bytes "context"     octet string, at most 4096 bytes
 *
 * Sealing: what updates bring until final is one value; deterministically one update brings it.
 * Opening: one update brings the field. An update writes at most 32 bytes more than it gets, and
 * final at most 32, or 64 where no update came: ciphers for callers that give no more.
 */
#ifndef ENVELOPE_FIELD_CIPHER_H
#define ENVELOPE_FIELD_CIPHER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_field_functions[];
extern const OSSL_DISPATCH env_field_deterministic_functions[];

#endif
