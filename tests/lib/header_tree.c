/* SPDX-License-Identifier: Apache-2.0 */
#include "header_tree.h"

#include <string.h>

#include "fake_keyring.h"
#include "tamper.h"

OSSL_LIB_CTX *libctx;
struct bytes plain;
struct bytes body;
struct der *root;

static void forget_message(void)
{
    bytes_free(&body);
    der_free(root);
}

static void seal(void)
{
    struct bytes message = caller_seal(libctx, plain);
    size_t used = 0;

    root = der_parse(message.data, message.len, &used);
    body = bytes_of(message.data + used, message.len - used);
    bytes_free(&message);
}

void header_tree_set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(300, 30);
    seal();
}

void header_tree_seal(size_t keks)
{
    forget_message();
    fake_default_count = keks;
    seal();
}

void header_tree_tear_down(void)
{
    forget_message();
    bytes_free(&plain);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

struct bytes whole_message(void)
{
    struct bytes message = der_encode(root);

    bytes_append(&message, body.data, body.len);
    return message;
}

size_t place_of(struct bytes message, const char *path)
{
    struct bytes part = der_encode(der_at(root, path));

    for (size_t i = 0; i + part.len <= message.len; i++) {
        if (memcmp(message.data + i, part.data, part.len) == 0) {
            bytes_free(&part);
            return i + 2; /* behind its tag and length */
        }
    }
    ck_abort_msg("the header has no part %s", path);
}

int open_altered(void)
{
    struct bytes message = whole_message();
    int reason;
    int again;

    reason = try_to_open(libctx, message, message.len, plain, 0);
    again = try_to_open(libctx, message, 7, plain, 0);
    ck_assert_int_eq(reason, again);
    bytes_free(&message);
    return reason;
}

void header_tree_replace(const char *parent, size_t index, struct der *with)
{
    der_remove(der_at(root, parent), index);
    der_insert(der_at(root, parent), index, with);
}
