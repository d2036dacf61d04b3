/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface to key-encryption keys. Behind it are PKCS#11 tokens (keymgmt/), or in tests a fake
 * or failing KEK. Several threads may use an object at the same time.
 */
#ifndef ENVELOPE_KEK_H
#define ENVELOPE_KEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/base/dates.h"
#include "envelope/base/result.h"
#include "envelope/format/wrapped.h"

#define ENV_KEY_WRAP_MAX 4096u /* the longest data for key wrap */
#define ENV_KEY_WRAP_SLACK 32u /* more than wrapping adds to the length */

/* Key wrap of the caller's data, for the ciphers ENVELOPE-AES-*-WRAP. */
enum env_key_wrap_kind {
    ENV_KEY_WRAP_KW,  /* RFC 3394: a multiple of 8 bytes, at least 16 */
    ENV_KEY_WRAP_KWP, /* RFC 5649: at least 1 byte */
};

struct env_kek; /* starts with its vtable pointer */

/* ---- KEKs as shown to users ---- */

enum env_kek_type { ENV_KEK_AES, ENV_KEK_RSA };

#define ENV_KEK_TEXT 256u /* room for a label or similar */
#define ENV_KEK_URI 1280u /* room for a reference */
#define ENV_KEK_CHOSEN 512u
#define ENV_KEK_MODULUS 1024u /* bytes of the longest RSA modulus */

struct env_kek_info {
    enum env_kek_type type;
    size_t bits;
    struct env_kek_id id; /* len 0: it has none that could be a reference */
    char token[ENV_KEK_TEXT];
    char serial[20]; /* of the token: token labels need not be unique */
    char label[ENV_KEK_TEXT];
    char uri[ENV_KEK_URI];         /* a URI that finds it again, without a PIN */
    char mechanisms[ENV_KEK_TEXT]; /* the wrapping methods that the token and the key allow */
    char chosen[ENV_KEK_CHOSEN];   /* method in use, and those that failed; empty: not tried */
    bool encrypt;
    bool decrypt;
    bool wrap;
    bool unwrap;
    bool sensitive;
    bool always_sensitive;
    bool extractable;
    bool never_extractable;
    bool private_object;
    bool local;              /* the token generated it */
    struct env_dates dates;  /* when it may seal */
    enum env_reason refusal; /* KEK_NOT_ALLOWED, KEK_NOT_NAMED; NONE: it may open */
    size_t modulus_len;      /* for RSA, the public half */
    uint8_t modulus[ENV_KEK_MODULUS];
    size_t exponent_len;
    uint8_t exponent[8];
};

/* The names of a KEK that was found and refused, for the audit log and for callers. */
struct env_refused_kek {
    bool known;
    struct env_kek_id id; /* len 0: it has none that could be a reference */
    char label[ENV_KEK_TEXT];
    char token[ENV_KEK_TEXT];
};

/* A request for a new KEK. */
struct env_kek_request {
    enum env_kek_type type;
    size_t bits;
    const char *label;      /* UTF-8, 1 to 255 bytes */
    const char *token;      /* a label or a pkcs11: URI that selects the token, or NULL */
    struct env_kek_id id;   /* len 0: use 16 random bytes */
    bool same_label;        /* another KEK may have the same label */
    const char *copy_of;    /* the label or pkcs11: URI of the AES KEK to copy, or NULL */
    bool unwraps_alone;     /* for a copy: it opens, and cannot be made to seal */
    struct env_dates dates; /* when it may seal */
};

/*
 * Decides whether an unwrapped value is the message's data key; it is used only if this holds. dek
 * is NULL for a bad RSA ciphertext: the check then takes as long, and fails. It is called within
 * the operation, before a failure has any consequences, so that the token sees the same calls in
 * both cases.
 */
struct env_dek_check {
    bool (*holds)(void *arg, const uint8_t *dek);
    void *arg;
};

struct env_kek_vtable {
    void (*up_ref)(struct env_kek *kek);
    void (*free)(struct env_kek *kek);
    const struct env_kek_id *(*id)(const struct env_kek *kek);
    /* Wraps dek; sets all of *out. */
    ENV_RESULT(*wrap)
    (struct env_kek *kek, const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out);
    /*
     * Unwraps into dek a value for which check (NULL: none) holds. A ciphertext that does not
     * verify and a value that fails the check both give ENV_FAIL(ENV_R_NOT_AUTHENTIC), not raised,
     * without detail. dek is unchanged then.
     */
    ENV_RESULT(*unwrap)
    (struct env_kek *kek, const struct env_wrapped *wrapped, const struct env_dek_check *check,
     uint8_t dek[ENV_DEK_LEN]);
    /*
     * Whether unwrap can work at all: not with only a public half, nor if the configuration does
     * not let the key open. NULL: it can.
     */
    bool (*can_unwrap)(const struct env_kek *kek);
    /*
     * Key wrap of in_len bytes, whose length the caller has checked against the standard. out has
     * room for in_len + ENV_KEY_WRAP_SLACK bytes; the caller wipes all of them. Lengths that the
     * token does not handle as the standard says raise WRAP_LENGTH. A ciphertext that does not
     * verify is ENV_FAIL(ENV_R_WRAPPED_KEY), not raised, without detail.
     */
    ENV_RESULT(*key_wrap)
    (struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in, size_t in_len,
     uint8_t *out, size_t *out_len);
    ENV_RESULT(*key_unwrap)
    (struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in, size_t in_len,
     uint8_t *out, size_t *out_len);
    /* Everything known about it, from memory: no token is called. */
    void (*describe)(const struct env_kek *kek, struct env_kek_info *info);
    /*
     * Applies the policy, as select and lookup do: KEKs from the keyring's find, list and generate
     * may be unfit for use. Failures are raised.
     */
    ENV_RESULT (*accept)(struct env_kek *kek);
};

struct env_kek {
    const struct env_kek_vtable *vtable;
};

/*
 * Names the KEKs to seal with. At most one of name and marked is set; none means the configured
 * KEKs.
 */
struct env_selector {
    const char *name;   /* a label or a pkcs11: URI from a parameter; shown in errors */
    const char *marked; /* a label from the key bytes of EVP_CipherInit */
    bool all;           /* treat no configured KEK as optional */
    bool again;         /* what is known about versions is out of date: search for them again */
};

struct env_kek_list {
    size_t count;
    struct env_kek *keks[ENV_KEK_RECIPIENTS_MAX];
    /* Sealing goes on without it if it is out of reach (env_kek_out_of_reach). */
    bool optional[ENV_KEK_RECIPIENTS_MAX];
    bool by_version;                /* one is the newest version of several */
    struct env_refused_kek refused; /* the KEK whose selection failed */
};

/* Prepares a list for env_keyring.select. It is large, so it is not zeroed as a whole. */
static inline void env_kek_list_init(struct env_kek_list *list)
{
    list->count = 0;
    list->by_version = false;
    list->refused.known = false;
}

/* A source of KEKs. Failures are raised with their details. */
struct env_keyring;

typedef ENV_RESULT env_take_kek_fn(void *arg, struct env_kek *kek);

struct env_keyring_vtable {
    void (*free)(struct env_keyring *keyring);
    /*
     * The KEKs to seal with; the caller frees them with env_kek_list_clear. Selecting runs the
     * self-test of first use, so that nothing is sealed to a key that cannot open it.
     */
    ENV_RESULT(*select)
    (struct env_keyring *keyring, const struct env_selector *selector, struct env_kek_list *out);
    /*
     * The KEK that a header names. ENV_FAIL(ENV_R_KEK_NOT_HERE), not raised, if no configured token
     * has it; any other failure (wrong PIN, failing token, policy) is raised. On failure refused is
     * set, unless it is NULL.
     */
    ENV_RESULT(*lookup)
    (struct env_keyring *keyring, const struct env_kek_id *id, enum env_wrap_alg alg,
     struct env_kek **out, struct env_refused_kek *refused);
    /* Whether lookup would answer from memory. NULL: it would not. */
    bool (*knows)(struct env_keyring *keyring, const struct env_kek_id *id, enum env_wrap_alg alg);
    /*
     * The one AES KEK of this length that the selector names, for key_wrap and key_unwrap. It may
     * be weaker than a DEK; otherwise as for select and lookup. Fails with ONE_KEK or KEK_LENGTH.
     */
    ENV_RESULT(*select_for_key_wrap)
    (struct env_keyring *keyring, const struct env_selector *selector, size_t bits,
     struct env_kek **out, struct env_refused_kek *refused);
    /*
     * One KEK of any kind by its label or pkcs11: URI, fit for use or not. Raises KEK_NOT_FOUND,
     * KEK_AMBIGUOUS and the like.
     */
    ENV_RESULT(*find)
    (struct env_keyring *keyring, const char *name, struct env_kek **out);
    /*
     * Passes each KEK that a pkcs11: URI matches (NULL: every KEK) to take, which takes a reference
     * of its own.
     */
    ENV_RESULT(*list)
    (struct env_keyring *keyring, const char *uri, env_take_kek_fn *take, void *arg);
    /*
     * Whether text is a valid list of KEK names for this configuration key. Raises CONFIG_VALUE or
     * CONFIG_BAD_URI. No token is called. NULL: any text is valid.
     */
    ENV_RESULT(*judge_names)
    (struct env_keyring *keyring, const char *key, const char *text);
    /* Makes a KEK on a token. */
    ENV_RESULT(*generate)
    (struct env_keyring *keyring, const struct env_kek_request *request, struct env_kek **out);
    /*
     * Destroys a key on one token that generate made in this process and that nothing was sealed
     * with. NULL: not supported.
     */
    ENV_RESULT (*destroy)(struct env_keyring *keyring, struct env_kek *kek);
};

struct env_audit;
struct env_state_watch;

struct env_keyring {
    const struct env_keyring_vtable *vtable;
    const struct env_audit *audit;  /* where uses are recorded, or NULL; outlives the keyring */
    struct env_state_watch *states; /* what state-file takes away, or NULL; outlives the keyring */
};

/*
 * Whether the failure means that the token or the key was not available. Never true for a refusal.
 */
static inline bool env_kek_out_of_reach(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_WRAP_FAILED:
    case ENV_R_UNWRAP_FAILED:
    case ENV_R_NO_MODULE:
    case ENV_R_NO_TOKEN:
    case ENV_R_TOKEN_FAILED:
    case ENV_R_PIN_WRONG:
    case ENV_R_PIN_MISSING:
    case ENV_R_PIN_LOCKED:
    case ENV_R_PIN_FINAL_TRY:
    case ENV_R_SESSIONS_EXHAUSTED:
        return true;
    default:
        return false;
    }
}

/* Whether a KEK is refused for what it is, until the tokens are searched again. */
static inline bool env_kek_is_refused(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_AMBIGUOUS:
    case ENV_R_KEK_WITHOUT_ID:
    case ENV_R_KEK_EXTRACTABLE:
    case ENV_R_KEK_NOT_SENSITIVE:
    case ENV_R_KEK_PUBLIC:
    case ENV_R_KEK_IMPORTED:
    case ENV_R_KEK_TOO_WEAK:
    case ENV_R_KEK_KIND:
    case ENV_R_KEK_USAGE:
    case ENV_R_KEK_DATES:
        return true;
    default:
        return false;
    }
}

/* Whether another version of the KEK may work where this one no longer does. */
static inline bool env_kek_was_replaced(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_DISABLED:
    case ENV_R_KEK_OPENS_ONLY:
    case ENV_R_KEK_NOT_YET:
    case ENV_R_KEK_EXPIRED:
        return true;
    default:
        return false;
    }
}

static inline void env_kek_free(struct env_kek *kek)
{
    if (kek != NULL)
        kek->vtable->free(kek);
}

static inline void env_kek_list_clear(struct env_kek_list *list)
{
    while (list->count > 0)
        env_kek_free(list->keks[--list->count]);
}

#endif
