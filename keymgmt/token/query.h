/* SPDX-License-Identifier: Apache-2.0 */
/* A name of a KEK, parsed and ready for a search. */
#ifndef ENVELOPE_QUERY_H
#define ENVELOPE_QUERY_H

#include "envelope/message/kek.h"
#include "keymgmt/token/open_kek.h"
#include "keymgmt/token/uri.h"

/* The kinds of keys to look for. */
enum env_key_kinds {
    ENV_KEYS_AES,
    ENV_KEYS_RSA, /* private keys */
    ENV_KEYS_ANY,
};

/* How much of each key to read. */
enum env_key_reading {
    ENV_READ_ALL,
    ENV_READ_HALVES, /* of RSA keys: CKA_ID and the public half */
    ENV_READ_NAMES,  /* CKA_ID and CKA_LABEL */
    ENV_READ_ID,     /* CKA_ID */
};

#define ENV_CKA_ID_MAX 512u /* for ids that are too long to be a reference */

struct env_query {
    enum env_key_kinds kinds;
    bool any_policy; /* also keys that the policy refuses */
    P11KitUri *uri;  /* narrows the tokens; NULL: all configured ones */
    char *uri_text;  /* the same in normal form, without pin-value */
    bool marked;     /* it came as key bytes */
    bool by_label;
    bool doubted;  /* a KEK that may not seal is to be read again the next time */
    bool newest;   /* only if its start date has come, whatever allow-expired-kek says */
    bool versions; /* label is the part before each version's number: see versions.h */
    size_t label_len;
    char label[ENV_LABEL_MAX + 1];
    struct env_kek_id id;        /* len 0: any */
    struct env_kek_id reference; /* the same, for keys whose CKA_ID differs from it */
    size_t cka_id_len;           /* a longer CKA_ID; 0: any */
    uint8_t cka_id[ENV_CKA_ID_MAX];
    size_t bits;         /* of the key; 0: any */
    bool from_header;    /* id comes from a header */
    bool or_public_half; /* id may be the reference of an RSA public half */
    enum env_key_reading reading;
    bool for_key_wrap;        /* the key may be weaker than a DEK */
    char shown[ENV_URI_TEXT]; /* for messages; never the bytes of a key */
};

/*
 * text is a label or a pkcs11: URI. Any type of key matches, unless the URI names one. Fails with
 * CONFIG_BAD_URI, or KEK_NOT_FOUND (for an impossible label).
 */
ENV_RESULT env_query_from_text(struct env_query *query, const char *text,
                               struct env_error_detail *detail);

/* The same for an entry of a list in the configuration, whose key is named in errors. */
ENV_RESULT env_query_from_list(struct env_query *query, const char *text, const char *key,
                               struct env_error_detail *detail);

/* The same for a KEK to be shown, of any type, fit for use or not. text NULL: all KEKs. */
ENV_RESULT env_query_to_show(struct env_query *query, const char *text,
                             struct env_error_detail *detail);

/*
 * For a label that came as key bytes. It is shown only if it is shorter than any key: a caller may
 * have passed a real key by mistake.
 */
ENV_RESULT env_query_from_marked(struct env_query *query, const char *label,
                                 struct env_error_detail *detail);

/*
 * For a header's reference; bits is the length of the AES key, or 0 for an RSA key. An RSA key is
 * also found by its public half, if the reference was derived from it and no key on its token has
 * it as CKA_ID.
 */
void env_query_from_id(struct env_query *query, const struct env_kek_id *id, size_t bits);

/* Whether the query, which must be by label, asks for a key with this label. */
bool env_query_has_label(const struct env_query *query, const char *label, size_t len);

void env_query_clear(struct env_query *query);

#endif
