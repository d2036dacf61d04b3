/* SPDX-License-Identifier: Apache-2.0 */
#include "der.h"

#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#define CONSTRUCTED 0x20

struct der *der_new(unsigned char tag, const void *content, size_t len)
{
    struct der *der = calloc(1, sizeof(*der));

    ck_assert_ptr_nonnull(der);
    der->tag = tag;
    der->content = bytes_of(content, len);
    return der;
}

struct der *der_parse(const unsigned char *data, size_t len, size_t *used)
{
    struct der *der;
    size_t head = 2;
    size_t content = 0;

    ck_assert_uint_ge(len, 2);
    content = data[1];
    if (content >= 0x80) {
        head += content & 0x7F;
        ck_assert(head <= 4 && len >= head);
        content = 0;
        for (size_t i = 2; i < head; i++)
            content = content << 8 | data[i];
    }
    ck_assert_uint_le(content, len - head);
    *used = head + content;
    if ((data[0] & CONSTRUCTED) == 0)
        return der_new(data[0], data + head, content);
    der = der_new(data[0], NULL, 0);
    for (size_t done = 0, n = 0; done < content; done += n)
        der_insert(der, der->count, der_parse(data + head + done, content - done, &n));
    return der;
}

struct der *der_oid(const char *dotted)
{
    ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);
    struct der *der;

    ck_assert_ptr_nonnull(object);
    der = der_new(0x06, OBJ_get0_data(object), OBJ_length(object));
    ASN1_OBJECT_free(object);
    return der;
}

struct der *der_copy(const struct der *from)
{
    struct der *to = der_new(from->tag, from->content.data, from->content.len);

    to->length = from->length;
    for (size_t i = 0; i < from->count; i++)
        der_insert(to, i, der_copy(from->children[i]));
    return to;
}

void der_free(struct der *der)
{
    for (size_t i = 0; i < der->count; i++)
        der_free(der->children[i]);
    bytes_free(&der->content);
    free(der);
}

struct der *der_at(struct der *root, const char *path)
{
    for (; *path != '\0'; path++) {
        ck_assert_uint_lt((size_t)(*path - '0'), root->count);
        root = root->children[*path - '0'];
    }
    return root;
}

void der_insert(struct der *parent, size_t index, struct der *child)
{
    ck_assert(parent->count < DER_MOST && index <= parent->count);
    memmove(parent->children + index + 1, parent->children + index,
            (parent->count - index) * sizeof(parent->children[0]));
    parent->children[index] = child;
    parent->count++;
}

void der_remove(struct der *parent, size_t index)
{
    ck_assert_uint_lt(index, parent->count);
    der_free(parent->children[index]);
    parent->count--;
    memmove(parent->children + index, parent->children + index + 1,
            (parent->count - index) * sizeof(parent->children[0]));
}

void der_set_content(struct der *der, const void *content, size_t len)
{
    bytes_free(&der->content);
    der->content = bytes_of(content, len);
}

static void put_length(struct bytes *out, size_t len, enum der_length form)
{
    unsigned char bytes[sizeof(len) + 1];
    size_t n = 0;

    if (form == DER_MINIMAL && len < 0x80) {
        bytes[0] = (unsigned char)len;
        bytes_append(out, bytes, 1);
        return;
    }
    for (size_t rest = len; rest > 0 || n == 0; rest >>= 8)
        n++;
    /* short lengths are padded by the long form alone */
    n += form == DER_PADDED && len >= 0x80 ? 1 : 0;
    bytes[0] = (unsigned char)(0x80 | n);
    for (size_t i = n; i > 0; i--, len >>= 8)
        bytes[i] = (unsigned char)len;
    bytes_append(out, bytes, n + 1);
}

struct bytes der_encode(const struct der *der)
{
    static const unsigned char indefinite = 0x80;
    static const unsigned char end[2] = {0, 0};
    struct bytes content = bytes_of(der->content.data, der->content.len);
    struct bytes out = bytes_of(&der->tag, 1);

    for (size_t i = 0; i < der->count; i++) {
        struct bytes child = der_encode(der->children[i]);

        bytes_append(&content, child.data, child.len);
        bytes_free(&child);
    }
    if (der->length == DER_INDEFINITE)
        bytes_append(&out, &indefinite, 1);
    else
        put_length(&out, content.len, der->length);
    bytes_append(&out, content.data, content.len);
    if (der->length == DER_INDEFINITE)
        bytes_append(&out, end, 2);
    bytes_free(&content);
    return out;
}

/* X.690 11.6: as octet strings, the shorter one padded with zeros. */
static int compare(const void *left, const void *right)
{
    struct bytes a = der_encode(*(struct der *const *)left);
    struct bytes b = der_encode(*(struct der *const *)right);
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    bytes_free(&a);
    bytes_free(&b);
    return order;
}

void der_sort(struct der *set)
{
    qsort(set->children, set->count, sizeof(set->children[0]), compare);
}
