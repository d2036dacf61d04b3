/* SPDX-License-Identifier: Apache-2.0 */
/* The module behind faulty_p11.so, and the part of its state that the faults change. */
#ifndef FAULTY_UNDERNEATH_H
#define FAULTY_UNDERNEATH_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

/* Its functions; NULL when FAULTY_P11_MODULE names none. */
CK_FUNCTION_LIST *underneath(void);

/* Whether this process has called C_Initialize, and nothing was forgotten since. */
bool underneath_is_initialised(void);

CK_RV underneath_initialise(void *args);
CK_RV underneath_finalise(void *reserved);
CK_RV underneath_open(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                      CK_SESSION_HANDLE *session);
CK_RV underneath_close(CK_SESSION_HANDLE session);

/* The slot of a session that was opened through us; false: there is no such session. */
bool underneath_slot_of(CK_SESSION_HANDLE session, CK_SLOT_ID *slot);

/* All sessions that were opened through us, and those of one slot. */
void underneath_close_all(void);
void underneath_close_slot(CK_SLOT_ID slot);

/* Everything, as if C_Initialize had never been called. */
void underneath_forget(void);

#endif
