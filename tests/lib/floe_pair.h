/* SPDX-License-Identifier: Apache-2.0 */
/* A sealing and an opening FLOE state for the same message, with short segments. */
#ifndef ENVELOPE_TESTS_FLOE_PAIR_H
#define ENVELOPE_TESTS_FLOE_PAIR_H

#include "caller.h"
#include "envelope/format/floe.h"

#define SHORT_SEGMENT 64u
#define SHORT_PLAIN 32u

extern struct env_crypto *crypto;
extern struct env_floe sealing;
extern struct env_floe opening;
extern uint8_t floe_dek[ENV_DEK_LEN];
extern uint8_t floe_header[ENV_FLOE_HEADER_LEN];
extern const struct env_span floe_aad;
extern const struct env_floe_params short_params;

void floe_pair_set_up(void);
void floe_pair_tear_down(void);

/* Begins a message in both. */
void start_with(struct env_floe_params params);
struct env_span span(const void *data, size_t len);
/* One segment in one piece; both return the reason. */
int seal_one(const uint8_t *plain, size_t len, bool last, uint8_t *out);
int open_one(struct env_floe *floe, const uint8_t *segment, size_t len, uint8_t *out,
             size_t *out_len);
/* The same for a segment whose ciphertext comes in two pieces, cut there. */
int open_in_pieces(struct env_floe *floe, const uint8_t *segment, size_t len, size_t cut,
                   uint8_t *out, size_t *out_len);

#endif
