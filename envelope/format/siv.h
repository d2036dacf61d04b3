/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-SIV (RFC 5297): equal values give equal ciphertexts, which reveal nothing else. Composed of
 * libcrypto's CBC (cmac.h) and CTR, because its own AES-SIV fails for empty values, and had
 * vulnerabilities with them (CVE-2023-2975, CVE-2026-45446).
 */
#ifndef ENVELOPE_SIV_H
#define ENVELOPE_SIV_H

#include "envelope/format/aes.h"

#define ENV_SIV_LEN 16u
#define ENV_SIV_KEY_MAX 64u
#define ENV_SIV_COMPONENTS_MAX 126u

/* A key with everything that is the same in all its uses. Lives in secret memory. */
struct env_siv_key {
    size_t len; /* 32, 48 or 64: the first half is for CMAC, the second for CTR */
    uint8_t bytes[ENV_SIV_KEY_MAX];
    uint8_t subkey[ENV_AES_BLOCK_LEN]; /* CMAC's */
    uint8_t zero[ENV_AES_BLOCK_LEN];   /* the CMAC of one zero block, with which S2V begins */
};

ENV_RESULT env_siv_key_set(const struct env_crypto *crypto, struct env_span key,
                           struct env_siv_key *out);

/* A component of associated data that consists of several pieces. */
struct env_siv_component {
    const struct env_span *pieces;
    size_t count;
};

/* out must have room for as many bytes as plain, and may be plain. */
ENV_RESULT env_siv_seal(const struct env_crypto *crypto, const struct env_siv_key *key,
                        const struct env_siv_component *components, size_t count,
                        struct env_span plain, uint8_t siv[ENV_SIV_LEN], uint8_t *out);

/*
 * Fails with FIELD_NOT_AUTHENTIC. out must be in secret memory, with room for as many bytes; it is
 * wiped on failure.
 */
ENV_RESULT env_siv_open(const struct env_crypto *crypto, const struct env_siv_key *key,
                        const struct env_siv_component *components, size_t count,
                        const uint8_t siv[ENV_SIV_LEN], struct env_span ciphertext, uint8_t *out);

#endif
