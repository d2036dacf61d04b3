/* SPDX-License-Identifier: Apache-2.0 */
/* The internals of the hostile token, shared by its functions. */
#ifndef ENVELOPE_TESTS_HOSTILE_STATE_H
#define ENVELOPE_TESTS_HOSTILE_STATE_H

#include "hostile_token.h"

#define HOSTILE_KEYS 3u /* that stay; their handles begin with 1 */
#define HOSTILE_OBJECTS 32u
#define HOSTILE_FIRST_OBJECT 100u /* handles of what is made */
#define HOSTILE_SESSIONS 64u
#define HOSTILE_FIRST_SESSION 1000u

struct hostile_object {
    bool there;
    bool stays; /* generated */
    CK_SESSION_HANDLE session;
    struct hostile_key key;
    uint8_t secret[HOSTILE_VALUE_MAX];
    size_t secret_len;
};

struct hostile_state {
    unsigned profile;
    struct fuzz_input in;
    unsigned lies;
    unsigned initialised; /* so many times, as p11-kit counts it */
    bool muddled; /* it said that it was not initialised when it was, or the other way round */
    bool open[HOSTILE_SESSIONS];
    unsigned opened; /* under a wrong handle */
    bool finding;
    CK_OBJECT_HANDLE found[HOSTILE_KEYS + HOSTILE_OBJECTS];
    size_t found_count;
    CK_MECHANISM mechanism; /* of the operation under way */
    CK_OBJECT_HANDLE operation_key;
    struct hostile_object objects[HOSTILE_OBJECTS];
};

extern struct hostile_state hostile;

/* CKR_OK and *lie 0: honest. CKR_OK and *lie from 0xC0 on: that lie. */
CK_RV hostile_answer(unsigned *lie);
/* Fills with bytes of the input. */
void hostile_invent(void *out, size_t len);
/* Often a little beside the truth, and sometimes far from it. */
CK_ULONG hostile_wrong(CK_ULONG truth);

/* What every function begins with: it returns where the input has a return code. */
#define HOSTILE_BEGIN                                                                              \
    unsigned lie;                                                                                  \
    FUZZ_DEMAND(hostile.initialised > 0 || hostile.muddled);                                       \
    CK_RV rv = hostile_answer(&lie);                                                               \
    if (rv != CKR_OK)                                                                              \
    return rv

/* What is known under the handle, or NULL. */
const struct hostile_key *hostile_key_of(CK_OBJECT_HANDLE handle);
/* A session object with that value; CK_INVALID_HANDLE when there are too many. */
CK_OBJECT_HANDLE hostile_new_object(CK_SESSION_HANDLE session, const uint8_t *value, size_t len);
/* Its objects go with it. */
void hostile_forget_session(CK_SESSION_HANDLE session);

/* Fill in their part of the functions. */
void hostile_objects_functions(CK_FUNCTION_LIST *list);
void hostile_use_functions(CK_FUNCTION_LIST *list);

#endif
