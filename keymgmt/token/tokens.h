/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens that `token` in the configuration allows, as this process sees them. */
#ifndef ENVELOPE_TOKENS_H
#define ENVELOPE_TOKENS_H

#include <stdint.h>

#include "envelope/format/fetch_source.h"
#include "keymgmt/token/aes_index.h"
#include "keymgmt/token/modules.h"
#include "keymgmt/token/rsa_index.h"
#include "keymgmt/token/seen.h"
#include "keymgmt/token/sessions.h"
#include "keymgmt/token/uri.h"

#define ENV_TOKEN_TEXT 128u

/* What identifies a token, in every process and after every restart. */
struct env_token_name {
    unsigned char label[32];
    unsigned char manufacturer[32];
    unsigned char model[16];
    unsigned char serial[16];
};

/*
 * Whether a URI may mean the token with this name, which need not be present. The URI's slot and
 * module are ignored.
 */
bool env_token_name_matches(const struct env_token_name *name, P11KitUri *uri);

/* What the token says about one mechanism; 0 if it does not have it. */
struct env_mechanism_flags {
    _Atomic bool known;
    _Atomic CK_FLAGS flags;
};

enum {
    ENV_MECHANISM_AES_KW,
    ENV_MECHANISM_AES_KWP,
    ENV_MECHANISM_AES_GCM,
    ENV_MECHANISM_AES_PAD,
    ENV_MECHANISM_RSA_OAEP,
    ENV_MECHANISMS
};

struct env_token {
    struct env_module *module;
    const struct env_rsa_source *source; /* of hashes, for the names of keys */
    CK_FUNCTION_LIST *fn;
    CK_SLOT_ID slot;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO info; /* its flags date from when the list was made */
    struct env_token_name name;
    char where[ENV_TOKEN_TEXT]; /* "token 'kek'" */
    struct env_session_pool sessions;
    struct env_rsa_index rsa_index;
    struct env_aes_index aes_index;
    _Atomic uint64_t login_epoch; /* the pool's epoch in which we logged in, or 0 */
    struct env_mechanism_flags mechanisms[ENV_MECHANISMS];
    _Atomic CK_MECHANISM_TYPE numbers[ENV_MECHANISMS]; /* vendor's, or 0: aes_mechanisms.c */
    _Atomic unsigned vendor; /* the module's vendor: vendor_mechanisms.h; 0: not known yet */
    _Atomic unsigned gcm_iv; /* where AES-GCM's IV comes from: gcm_iv.h */
    _Atomic unsigned session_template; /* the kind that it last accepted: session_object.c */
    _Atomic unsigned
        proven[ENV_MECHANISMS]; /* what its key wrap was proven to do: key_wrap_known_answers.c */
};

struct env_tokens {
    uint64_t generation; /* the process that may use the tokens */
    uint64_t epoch;      /* changes whenever modules are initialised or slots are read again */
    const struct env_rsa_source *source;
    struct env_modules modules;
    size_t count;
    struct env_token **list;
    struct env_error_detail unseen; /* why a slot could not be read; reason ENV_R_NONE: all could */
};

/*
 * Loads the modules and reads their slots. Fails with NO_MODULE, NO_TOKEN, CONFIG_BAD_URI or
 * TOKEN_FAILED. With NO_TOKEN and TOKEN_FAILED *out is still set, and empty.
 */
ENV_RESULT env_tokens_open(const struct env_config *config, const struct env_rsa_source *source,
                           struct env_tokens **out, struct env_error_detail *detail);

/*
 * Reads the slots again. Tokens that are still present keep their sessions. No token may be in use.
 */
ENV_RESULT env_tokens_refresh(const struct env_config *config, struct env_tokens *tokens,
                              struct env_error_detail *detail);

/*
 * Finalises and initialises one module, or all with NULL, and reads the slots again. No token may
 * be in use.
 */
ENV_RESULT env_tokens_restart(const struct env_config *config, struct env_tokens *tokens,
                              struct env_module *only, struct env_error_detail *detail);

/* The token that has this epoch now, or this name; NULL if there is none. */
struct env_token *env_tokens_of_epoch(const struct env_tokens *tokens, uint64_t epoch);
struct env_token *env_tokens_named(const struct env_tokens *tokens,
                                   const struct env_token_name *name);

/* True if the list has no token with another name. */
bool env_tokens_only(const struct env_tokens *tokens, const struct env_token_name *name);

/* Lists the tokens that are present, for an error about one that is not. */
void env_tokens_there(const struct env_tokens *tokens, char out[ENV_SEEN_TEXT]);

bool env_token_matches(const struct env_token *token, P11KitUri *uri);

/* With call_modules false it only frees memory. */
void env_tokens_close(struct env_tokens *tokens, bool call_modules);

#endif
