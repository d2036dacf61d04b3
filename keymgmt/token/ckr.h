/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the codes of PKCS#11 are called, and what they mean for us. A code is a CK_RV, here by what
 * that is, so that whoever handles an error need not know PKCS#11.
 */
#ifndef ENVELOPE_CKR_H
#define ENVELOPE_CKR_H

#include <stdbool.h>

/* What a token no longer knows; each is cured by more than the one before. */
enum env_loss {
    ENV_LOSS_NONE,    /* nothing is lost: trying again would not help */
    ENV_LOSS_KEY,     /* the key's handle: find the key again */
    ENV_LOSS_SESSION, /* sessions or the login: open and log in anew */
    ENV_LOSS_SLOT,    /* the slot that the token is in: look at all slots again */
    ENV_LOSS_MODULE,  /* the module's connection to the token: initialise it anew */
};

/* "CKR_PIN_INCORRECT"; "unknown code" for what no standard names. */
const char *env_ckr_name(unsigned long rv);

/* What the code says for certain. */
enum env_loss env_ckr_loss(unsigned long rv);

/* True for a code that may mean a lost device as well as bad data: the token has to be probed. */
bool env_ckr_ambiguous(unsigned long rv);

/* True when C_Decrypt or C_UnwrapKey can mean by it that the ciphertext is bad. */
bool env_ckr_bad_ciphertext(unsigned long rv);

/* True unless the code says plainly that it is about something else than the data: the widest view.
 */
bool env_ckr_may_be_the_data(unsigned long rv);

/*
 * What a token of SoftHSM may say while another process logs in: that writes the token's file anew,
 * and whoever reads it at that moment finds half of it. The first operations of a server's
 * processes do so to each other.
 */
bool env_ckr_half_written(unsigned long rv);

/*
 * True for a lack of memory, sessions or room: it says nothing about what was asked, so that
 * nothing may be concluded from it and remembered.
 */
bool env_ckr_says_nothing(unsigned long rv);

/*
 * The same, or it does not take the objects that this way needs: a code that says *cannot*, so that
 * another way may be tried. None of a device, a session, a login or a lack of memory does.
 */
bool env_ckr_says_cannot(unsigned long rv);

/* True when the token does not do the mechanism after all, or not with this key. */
bool env_ckr_mechanism_unusable(unsigned long rv);

#endif
