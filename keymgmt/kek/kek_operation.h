/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a KEK on a token, and how something is done with its key. */
#ifndef ENVELOPE_KEK_OPERATION_H
#define ENVELOPE_KEK_OPERATION_H

#include <pthread.h>

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/ring.h"
#include "keymgmt/wrap/wrap_aes.h"

/* Where the key is: good for as long as the token's epoch is the same. */
struct env_place {
    uint64_t epoch;
    CK_OBJECT_HANDLE handle;
    unsigned uses;
};

/* A random value and what the KEK made of it: another key that opens it is the same key. */
struct env_sample {
    uint8_t secret[ENV_DEK_LEN]; /* protects nothing */
    struct env_wrapped wrapped;
    unsigned found; /* the KEK's, when the sample was begun */
};

/* What is done about a loss: more of it helps more often, and costs others more. */
enum env_patience {
    ENV_PATIENCE_QUICK,    /* nothing that other tokens would feel: another key may stand in */
    ENV_PATIENCE_IF_ALONE, /* all of it where there is no other token, else as above */
    ENV_PATIENCE_ALL,      /* down to a fresh start of the module */
    ENV_PATIENCE_LAST,     /* the same at once, where otherwise it is only done now and then */
};

struct env_token_kek {
    struct env_kek base;
    _Atomic unsigned refs;
    struct env_ring *ring;
    struct env_token_name token;
    size_t module; /* the token's place in the list of modules */
    struct env_kek_id id;
    struct env_key_facts facts; /* as they were when it was found first */
    unsigned first_uses;        /* what could be done with it then; see wrap_aes.h, wrap_rsa.h */
    bool may_open;
    char where[ENV_FAULT_TEXT / 2]; /* the key and its token, for messages */
    pthread_mutex_t place_lock;
    struct env_place place;
    _Atomic unsigned found; /* how often the key was looked for and found */
    pthread_mutex_t prepare_lock;
    _Atomic bool has_sample;
    struct env_sample sample;  /* once it has */
    _Atomic bool token_nonces; /* the token makes up the nonces of AES-GCM itself */
    _Atomic bool prepared;
    struct env_aes_method sealing; /* once prepared */
    /* Of an RSA KEK, once prepared; see rsa_kek.h. */
    struct env_rsa_public *public_half;
    enum env_wrap_alg rsa_alg;
    /* By enum env_raw_wrap: up to this length it was shown to unwrap what it wrapped. */
    _Atomic size_t raw_shown[2];
};

/* What is done with the key, in a session that is logged in. */
typedef ENV_RESULT env_operation_fn(struct env_key_use *use, void *arg);

/* Does it, finding the key again and starting afresh where that is needed. */
ENV_RESULT env_kek_perform(struct env_token_kek *kek, enum env_patience patience,
                           env_operation_fn *run, void *arg, struct env_fault *fault);

/* What token and key can do together: the bits of wrap_aes.h, or of wrap_rsa.h. */
ENV_RESULT env_kek_uses(struct env_token *token, const struct env_key_facts *key, unsigned *uses,
                        struct env_fault *fault);

struct env_place env_kek_place(struct env_token_kek *kek);

/*
 * Whether a failure says that what was found of the key and of its token's mechanisms is not so, or
 * not any more: it is to be found anew the next time, so that a cure is seen.
 */
bool env_kek_is_outdated(ENV_RESULT r, const struct env_fault *fault);

/* The next operation finds it anew. */
void env_kek_forget_place(struct env_token_kek *kek);

/* Turns what came of an operation into what the world hears of it. */
ENV_RESULT env_kek_finish(struct env_token_kek *kek, ENV_RESULT r, const struct env_fault *fault);

#endif
