/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed message whose header is a tree to be altered. */
#ifndef ENVELOPE_TESTS_HEADER_TREE_H
#define ENVELOPE_TESTS_HEADER_TREE_H

#include "der.h"

/* Positions of elements in the header. */
#define AUTH_ENVELOPED "10"
#define RECIPIENTS "101"
#define KEKRI "1010"
#define KEK_ID "101010"
#define WRAP_ALGORITHM "10102"
#define WRAP_OID "101020"
#define WRAPPED "10103"
#define CONTENT "102"
#define CONTENT_OID "1020"
#define CONTENT_ALGORITHM "1021"
#define MAC "103"

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_ENVELOPED "1.2.840.113549.1.7.3"
#define OID_AES256_WRAP "2.16.840.1.101.3.4.1.45"
#define OID_AES256_GCM "2.16.840.1.101.3.4.1.46"
#define OID_AES256_CBC "2.16.840.1.101.3.4.1.42"
#define OID_MESSAGE "2.25.107611773213762148878469294417992592875"
#define OID_SEALED_KEY "2.25.40443017968939241770104652940430146387"
#define OID_NAMED_KEY "2.25.1717611261343349075073037905831055864"

extern OSSL_LIB_CTX *libctx;
extern struct bytes plain;
extern struct bytes body; /* FLOE's header and what follows */
extern struct der *root;  /* the header */

/* A checked fixture: a message of 300 bytes for the fake KEKs that are the default. */
void header_tree_set_up(void);
void header_tree_tear_down(void);
/* Another message for so many KEKs in the place of the first. */
void header_tree_seal(size_t keks);

/* The message as it is now. */
struct bytes whole_message(void);
/* Where a part of the header begins, counted from the message's first byte. */
size_t place_of(struct bytes message, const char *path);
/* The reason why the header as it is now, with the body, does not open. */
int open_altered(void);
/* Takes with over. */
void header_tree_replace(const char *parent, size_t index, struct der *with);

#define ck_header_refused(why) ck_assert_int_eq(open_altered(), (why))

#endif
