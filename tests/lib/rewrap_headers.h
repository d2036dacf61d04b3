/* SPDX-License-Identifier: Apache-2.0 */
/* Headers compared with today's KEKs and rewritten for them, by the functions behind EVP. */
#ifndef ENVELOPE_TESTS_REWRAP_HEADERS_H
#define ENVELOPE_TESTS_REWRAP_HEADERS_H

#include "envelope/message/dek_rewrap.h"
#include "fake_keyring.h"
#include "header_tree.h"

#define SEVERAL 3u /* recipients of one header */

extern const struct env_selector todays; /* none: the configured KEKs */
extern const struct env_dek_context *context;

/* A checked fixture, with header_tree_tear_down: a test begins with header_tree's message. */
void rewrap_headers_set_up(void);

struct env_span span_of(struct bytes bytes);
/* A header of either content. The caller frees it with OPENSSL_free. */
struct env_header *read_any(struct bytes der);
/* The reason why it cannot be re-wrapped; nothing is handed out then. */
int rewrap_reason(struct bytes der);
/* Whether today's KEKs are those that it is for; asserts that this can be said. */
bool is_current(struct bytes der);
/* A header with a MAC as good as the DEK makes it, but recipients of the test's choice. */
struct bytes header_with(size_t count, const size_t *keks, const uint8_t deks[][ENV_DEK_LEN]);

#endif
