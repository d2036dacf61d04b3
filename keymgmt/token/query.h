/* SPDX-License-Identifier: Apache-2.0 */
/* What names a KEK, made ready to be looked for. */
#ifndef ENVELOPE_QUERY_H
#define ENVELOPE_QUERY_H

#include "envelope/message/kek.h"
#include "keymgmt/token/open_kek.h"
#include "keymgmt/token/uri.h"

/* The keys that are looked for. */
enum env_key_kinds {
    ENV_KEYS_AES,
    ENV_KEYS_RSA, /* private keys */
    ENV_KEYS_ANY,
};

/* How much of each key is read. */
enum env_key_reading {
    ENV_READ_ALL,
    ENV_READ_HALVES, /* of RSA keys: CKA_ID and the public half */
    ENV_READ_NAMES,  /* CKA_ID and CKA_LABEL */
    ENV_READ_ID,     /* CKA_ID */
};

#define ENV_CKA_ID_MAX 512u /* of those that are too long to be a reference */

struct env_query {
    enum env_key_kinds kinds;
    bool any_policy; /* keys that the policy refuses as well */
    P11KitUri *uri;  /* narrows the tokens; NULL: every configured one */
    char *uri_text;  /* the same without its pin-value, in one way of writing it */
    bool marked;     /* it came as key bytes */
    bool by_label;
    bool doubted;  /* a KEK that may not seal is to be read anew the next time: it may have been
                      changed, or its token told nonsense */
    bool newest;   /* it is to be the newest version: one whose time has not come is passed over,
                      whatever allow-expired-kek says */
    bool versions; /* label is what comes before the number of each: see versions.h */
    size_t label_len;
    char label[ENV_LABEL_MAX + 1];
    struct env_kek_id id;        /* len 0: any */
    struct env_kek_id reference; /* the same, of keys whose CKA_ID it is not */
    size_t cka_id_len;           /* a longer CKA_ID; 0: any */
    uint8_t cka_id[ENV_CKA_ID_MAX];
    size_t bits;         /* of the key; 0: any */
    bool from_header;    /* id is what a header says */
    bool or_public_half; /* id may be the reference of an RSA public half */
    enum env_key_reading reading;
    bool for_key_wrap;        /* the key may be weaker than a DEK */
    char shown[ENV_URI_TEXT]; /* for messages; never the bytes of a key */
};

/* text is a label or a pkcs11: URI, of any kind of key unless the URI says its type.
 * CONFIG_BAD_URI, KEK_NOT_FOUND (for an impossible label). */
ENV_RESULT env_query_from_text(struct env_query *query, const char *text,
                               struct env_error_detail *detail);

/* The same for what stands in a list of the configuration, whose key errors name. */
ENV_RESULT env_query_from_list(struct env_query *query, const char *text, const char *key,
                               struct env_error_detail *detail);

/*
 * The same for a KEK that is to be shown, whatever its kind and whether it is fit for use or not.
 * text NULL: all of them.
 */
ENV_RESULT env_query_to_show(struct env_query *query, const char *text,
                             struct env_error_detail *detail);

/* A label that came as key bytes. It is shown only where it is shorter than these could be: they
 * may be a key of somebody who knows no better. */
ENV_RESULT env_query_from_marked(struct env_query *query, const char *label,
                                 struct env_error_detail *detail);

/*
 * The reference of a header; bits is the length of the AES key, 0 for an RSA key. An RSA key is
 * also found by its public half, when that is what the reference was worked out from and no key of
 * its token has it as CKA_ID.
 */
void env_query_from_id(struct env_query *query, const struct env_kek_id *id, size_t bits);

/* Whether a key of that label is one that the query, which is by label, asks for. */
bool env_query_has_label(const struct env_query *query, const char *label, size_t len);

void env_query_clear(struct env_query *query);

#endif
