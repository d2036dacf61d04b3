/* SPDX-License-Identifier: Apache-2.0 */
/* What names a KEK, made ready to be looked for. */
#ifndef ENVELOPE_SELECTOR_H
#define ENVELOPE_SELECTOR_H

#include "envelope/message/kek.h"
#include "keymgmt/token/uri.h"

#define ENV_LABEL_MAX 255u

/* The keys that are looked for. */
enum env_key_kinds {
    ENV_KEYS_AES,
    ENV_KEYS_RSA, /* private keys */
    ENV_KEYS_ANY,
};

struct env_query {
    enum env_key_kinds kinds;
    bool any_policy; /* keys that the policy refuses as well */
    P11KitUri *uri;  /* narrows the tokens; NULL: every configured one */
    char *uri_text;  /* the same without its pin-value, in one way of writing it */
    bool by_label;
    size_t label_len;
    char label[ENV_LABEL_MAX + 1];
    struct env_kek_id id;     /* len 0: any */
    size_t bits;              /* of the key; 0: any */
    bool or_public_half;      /* id may be the reference of an RSA public half */
    bool raw;                 /* for key wrap: the key may be weaker than a DEK */
    char shown[ENV_URI_TEXT]; /* for messages; never the bytes of a key */
};

/* text is a label or a pkcs11: URI, of any kind of key unless the URI says its type.
 * CONFIG_BAD_URI, KEK_NOT_FOUND (for an impossible label). */
ENV_RESULT env_query_from_text(struct env_query *query, const char *text, struct env_fault *fault);

/*
 * The same for a KEK that is to be shown, whatever its kind and whether it is fit for use or not.
 * text NULL: all of them.
 */
ENV_RESULT env_query_to_show(struct env_query *query, const char *text, struct env_fault *fault);

/* A label that came as key bytes, so it is not shown. */
ENV_RESULT env_query_from_marked(struct env_query *query, const char *label,
                                 struct env_fault *fault);

/*
 * The reference of a header; bits is the length of the AES key, 0 for an RSA key. An RSA key is
 * also found by its public half, when that is what the reference was worked out from and no key of
 * its token has it as CKA_ID.
 */
void env_query_from_id(struct env_query *query, const struct env_kek_id *id, size_t bits);

void env_query_clear(struct env_query *query);

/* True when the configuration's open-kek (NULL: no restriction) has the label or the id. */
bool env_open_kek_allows(const char *open_kek, const char *label, const struct env_kek_id *id);

#endif
