/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of PKCS#11 return codes, and what they mean for us. Codes are passed as unsigned long,
 * which is what CK_RV is, so that error handling does not need PKCS#11's headers.
 */
#ifndef ENVELOPE_CKR_H
#define ENVELOPE_CKR_H

#include <stdbool.h>

/* What a token no longer knows. Each loss needs a stronger remedy than the one before. */
enum env_loss {
    ENV_LOSS_NONE,    /* nothing is lost: trying again would not help */
    ENV_LOSS_KEY,     /* the key's handle: find the key again */
    ENV_LOSS_SESSION, /* sessions or the login: open and log in again */
    ENV_LOSS_SLOT,    /* the token's slot: read all slots again */
    ENV_LOSS_MODULE,  /* the module's connection to the token: initialise it again */
};

/* "CKR_PIN_INCORRECT", or "unknown code" if no standard names it. */
const char *env_ckr_name(unsigned long rv);

/* The loss that the code reports with certainty. */
enum env_loss env_ckr_loss(unsigned long rv);

/* True if the code may mean a lost device or bad data: the token has to be probed. */
bool env_ckr_ambiguous(unsigned long rv);

/* True if C_Decrypt or C_UnwrapKey may use the code for a bad ciphertext. */
bool env_ckr_bad_ciphertext(unsigned long rv);

/* True unless the code is plainly about something other than the data. */
bool env_ckr_may_be_the_data(unsigned long rv);

/*
 * True for a code that SoftHSM may return while another process logs in. The login rewrites the
 * token's file, and a process that reads it at that moment gets half of it. A server's processes do
 * this to each other when they start.
 */
bool env_ckr_half_written(unsigned long rv);

/*
 * True for a lack of memory, sessions or space. It says nothing about the request, so no conclusion
 * may be drawn or remembered.
 */
bool env_ckr_says_nothing(unsigned long rv);

/*
 * True if the mechanism is unusable, or the token does not accept the objects that this method
 * needs, so that another may be tried. Never true for a failure of the device, a session, a login
 * or memory.
 */
bool env_ckr_says_cannot(unsigned long rv);

/* True if the token does not support the mechanism after all, or not with this key. */
bool env_ckr_mechanism_unusable(unsigned long rv);

#endif
