/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody learns whether it was the wrapped key or the MAC that did not verify. */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "header_tree.h"

struct entry {
    unsigned long error;
    char file[128];
    char func[128];
    int line;
    int flags;
    char data[256];
};

/* The whole error stack after an attempt; returns the number of entries. */
static size_t errors_of(struct bytes message, struct entry entries[16])
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes room = bytes_new(message.len + SEGMENT);
    size_t count = 0;
    int n = 0;

    ERR_clear_error();
    memset(entries, 0, 16 * sizeof(entries[0]));
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, message.data, (int)message.len), 0);
    while (count < 16) {
        struct entry *e = &entries[count];
        const char *file, *func, *data;

        e->error = ERR_get_error_all(&file, &e->line, &func, &data, &e->flags);
        if (e->error == 0)
            break;
        /* the next call may free what it gave */
        OPENSSL_strlcpy(e->file, file, sizeof(e->file));
        OPENSSL_strlcpy(e->func, func, sizeof(e->func));
        OPENSSL_strlcpy(e->data, data, sizeof(e->data));
        count++;
    }
    bytes_free(&room);
    EVP_CIPHER_CTX_free(ctx);
    return count;
}

static void same_errors(const struct entry *a, const struct entry *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(a[i].error, b[i].error);
        ck_assert_str_eq(a[i].file, b[i].file);
        ck_assert_str_eq(a[i].func, b[i].func);
        ck_assert_int_eq(a[i].line, b[i].line);
        ck_assert_int_eq(a[i].flags, b[i].flags);
        ck_assert_str_eq(a[i].data, b[i].data);
    }
}

/*
 * A key of another value under the same id, a wrapped key that was altered, a wrapped key of
 * another message and an altered MAC look exactly the same.
 */
START_TEST(unwrap_and_mac_fail_alike)
{
    struct entry expected[16], entries[16];
    struct bytes message = whole_message();
    size_t places[2] = {place_of(message, WRAPPED), place_of(message, WRAPPED) + 39};
    size_t mac = place_of(message, MAC);
    size_t count;

    message.data[mac] ^= 1;
    count = errors_of(message, expected);
    message.data[mac] ^= 1;
    ck_assert_uint_gt(count, 0);
    ck_assert_int_eq(ERR_GET_REASON(expected[count - 1].error), ENV_R_NOT_AUTHENTIC);
    ck_assert_str_eq(expected[count - 1].data, "");

    fake_keks[0].key[31] ^= 1;
    ck_assert_uint_eq(errors_of(message, entries), count);
    same_errors(entries, expected, count);
    fake_keks[0].key[31] ^= 1;
    for (size_t i = 0; i < 2; i++) {
        message.data[places[i]] ^= 0x80;
        ck_assert_uint_eq(errors_of(message, entries), count);
        same_errors(entries, expected, count);
        message.data[places[i]] ^= 0x80;
    }
    bytes_free(&message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: one error for all that is secret");
    TCase *tcase = tcase_create("errors");

    tcase_add_checked_fixture(tcase, header_tree_set_up, header_tree_tear_down);
    tcase_add_test(tcase, unwrap_and_mac_fail_alike);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
