/* SPDX-License-Identifier: Apache-2.0 */
/* Being inside a PKCS#11 module, and where that ends for good. */
#ifndef ENVELOPE_MODULE_CALL_H
#define ENVELOPE_MODULE_CALL_H

/* Around one call into a module; see env_token_inside_call in token_keyring.h. */
void env_call_begin(void);
void env_call_end(void);

/*
 * To be called when modules were loaded: exit handlers run in the opposite order of their
 * registration, and the gate has to close before the destructors of what was loaded last.
 */
void env_close_gate_at_exit(void);

#endif
