/* SPDX-License-Identifier: Apache-2.0 */
/* Which call fails or lies, according to the control block. */
#ifndef FAULTY_FAULTS_H
#define FAULTY_FAULTS_H

#include <stddef.h>

#include "faulty_p11.h"

/* What happens to one call. */
struct fault {
    bool hit;  /* the plan is about it */
    bool stop; /* it is not made; rv is the answer */
    bool lies; /* its output is changed */
    CK_RV rv;
    enum faulty_kind kind;
};

/* Counts the call: one that is about the module, a slot, or a session. */
struct fault fault_begin(enum faulty_call call);
struct fault fault_begin_slot(enum faulty_call call, CK_SLOT_ID slot);
struct fault fault_begin_session(enum faulty_call call, CK_SESSION_HANDLE session);
CK_RV fault_end(const struct fault *fault, CK_RV rv);

/* Whether the token is not in this slot. */
bool fault_is_absent(CK_SLOT_ID slot);

/* An output that has a length or a count. */
void lie_length(const struct fault *fault, void *bytes, size_t len, CK_ULONG *length);
/* One that people read. */
void lie_text(const struct fault *fault, void *bytes, size_t len);
/* Attributes that were asked for. */
void lie_attributes(const struct fault *fault, CK_ATTRIBUTE *template, CK_ULONG count);
/* Objects that were found, of which `most` were asked for. */
void lie_found(const struct fault *fault, CK_OBJECT_HANDLE *objects, CK_ULONG most,
               CK_ULONG *count);
/* One that has none. */
void lie_bytes(const struct fault *fault, void *bytes, size_t len);

#endif
