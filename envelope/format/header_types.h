/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of a header, as passed between functions; header.h reads and writes it. */
#ifndef ENVELOPE_HEADER_TYPES_H
#define ENVELOPE_HEADER_TYPES_H

#include "envelope/format/crypto.h"
#include "envelope/format/wrapped.h"

#define ENV_HEADER_MAX (16u * 1024u) /* longest header that is read */
#define ENV_HEADER_MAC_LEN 32u

enum env_content {
    ENV_CONTENT_MESSAGE,    /* a FLOE body follows */
    ENV_CONTENT_SEALED_KEY, /* nothing follows */
    ENV_CONTENT_NAMED_KEY,  /* a FLOE body follows: named_key.h */
    ENV_CONTENTS,           /* how many there are */
};

struct env_recipient {
    struct env_kek_id id;
    struct env_wrapped wrapped;
};

/* 36 KB long: unused recipients are neither cleared nor copied. */
struct env_header {
    enum env_content content;
    /*
     * Only for a named key, a DER value; in a header that was read it points into that header's
     * bytes.
     */
    struct env_span parameters;
    size_t count; /* recipients, 1 to ENV_KEK_RECIPIENTS_MAX */
    struct env_recipient recipients[ENV_KEK_RECIPIENTS_MAX];
};

#endif
