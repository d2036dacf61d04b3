/* SPDX-License-Identifier: Apache-2.0 */
/* DER as a tree that tests can alter. */
#ifndef ENVELOPE_TESTS_DER_H
#define ENVELOPE_TESTS_DER_H

#include "caller.h"

#define DER_MOST 40u /* children of one value */

enum der_length {
    DER_MINIMAL,
    DER_PADDED,     /* with one byte more than the length needs */
    DER_INDEFINITE, /* BER: ended by two zeros */
};

struct der {
    unsigned char tag;
    enum der_length length;
    struct bytes content; /* of a primitive value */
    size_t count;         /* of a constructed one */
    struct der *children[DER_MOST];
};

/* The one value at the start of the bytes; *used is its length. */
struct der *der_parse(const unsigned char *data, size_t len, size_t *used);
struct der *der_new(unsigned char tag, const void *content, size_t len);
/* An OBJECT IDENTIFIER from its dotted form. */
struct der *der_oid(const char *dotted);
struct der *der_copy(const struct der *from);
void der_free(struct der *der);

/* The value at a path of single digits, "102" is the third child of the first of the second. */
struct der *der_at(struct der *root, const char *path);
/* Takes child over. index may be count: at the end. */
void der_insert(struct der *parent, size_t index, struct der *child);
void der_remove(struct der *parent, size_t index);
void der_set_content(struct der *der, const void *content, size_t len);
/* Puts the children of a SET OF in DER's order. */
void der_sort(struct der *set);

struct bytes der_encode(const struct der *der);

#endif
