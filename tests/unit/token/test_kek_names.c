/* SPDX-License-Identifier: Apache-2.0 */
/* kek and kek-optional in openssl.cnf, which are resolved once for all messages. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/kek_names.h"

static struct env_config config;
static struct env_kek_names *names;
static struct env_error_detail detail;

static void set_up(void)
{
    memset(&config, 0, sizeof(config));
    memset(&detail, 0, sizeof(detail));
    names = NULL;
}

static void tear_down(void)
{
    env_kek_names_free(names);
}

/* config's strings are the test's own here. */
static void parse(const char *kek, const char *optional)
{
    config.kek = (char *)(uintptr_t)kek;
    config.kek_optional = (char *)(uintptr_t)optional;
    env_kek_names_free(names);
    ck_assert_msg(env_ok(env_kek_names_parse(&config, &names, &detail)), "%s", detail.text);
}

static void refused(const char *kek, const char *optional, enum env_reason reason, const char *text)
{
    struct env_kek_names *none = (struct env_kek_names *)&detail;

    config.kek = (char *)(uintptr_t)kek;
    config.kek_optional = (char *)(uintptr_t)optional;
    ck_assert_int_eq(env_kek_names_parse(&config, &none, &detail).reason, reason);
    ck_assert_int_eq(detail.reason, reason);
    ck_assert_str_eq(detail.text, text);
    ck_assert_ptr_null(none);
}

START_TEST(each_word_is_a_name)
{
    parse(" orders  my%20backup\tfile:/a%20b.pem pkcs11:token=kek;object=orders", NULL);
    ck_assert_uint_eq(names->count, 4);
    ck_assert_str_eq(names->list[0].query.label, "orders");
    ck_assert_str_eq(names->list[1].query.label, "my backup");
    ck_assert_uint_eq(names->list[1].query.label_len, 9);
    ck_assert_ptr_null(names->list[1].query.uri);
    ck_assert_ptr_null(names->list[1].file);
    ck_assert_str_eq(names->list[2].file, "file:/a b.pem");
    ck_assert_ptr_nonnull(names->list[3].query.uri);
    ck_assert_str_eq(names->list[3].query.label, "orders");
    ck_assert(env_uri_names_token(names->list[3].query.uri));
}
END_TEST

START_TEST(without_kek_there_are_none)
{
    parse(NULL, NULL);
    ck_assert_uint_eq(names->count, 0);
}
END_TEST

START_TEST(the_same_word_is_optional)
{
    parse("a b%20c pkcs11:object=d", "pkcs11:object=d a");
    ck_assert(names->list[0].optional);
    ck_assert(!names->list[1].optional);
    ck_assert(names->list[2].optional);
}
END_TEST

START_TEST(a_pin_is_not_kept)
{
    parse("pkcs11:object=orders;pin-value=tr0ub4dor pkcs11:object=b?pin-value=tr0ub4dor", NULL);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ptr_null(p11_kit_uri_get_pin_value(names->list[i].query.uri));
        ck_assert_ptr_null(strstr(names->list[i].query.uri_text, "tr0ub4dor"));
        ck_assert_ptr_null(strstr(names->list[i].query.shown, "tr0ub4dor"));
    }
}
END_TEST

START_TEST(wrong_words)
{
    char label[300];

    refused("orders 100%", NULL, ENV_R_CONFIG_VALUE,
            "kek: a % in a label or path must be followed by two hex digits");
    refused("file:/a%0", NULL, ENV_R_CONFIG_VALUE,
            "kek: a % in a label or path must be followed by two hex digits");
    refused("orders", "order", ENV_R_CONFIG_VALUE, "kek-optional: order is not in kek");
    refused("orders", "pkcs11:object=x?pin-value=tr0ub4dor", ENV_R_CONFIG_VALUE,
            "kek-optional: a URI in it is not in kek");
    refused(NULL, "orders", ENV_R_CONFIG_VALUE, "kek-optional: orders is not in kek");
    refused("a pkcs11:object=x;colour=y", NULL, ENV_R_CONFIG_BAD_URI,
            "kek: \"pkcs11:object=x;colour=y\": it has an attribute that is unknown or too "
            "long");
    memset(label, 'l', sizeof(label));
    label[256] = '\0';
    refused(label, NULL, ENV_R_KEK_NOT_FOUND, "kek: a label has 1 to 255 bytes");
}
END_TEST

/* ---- what is wrong with one ---- */

static void explained(size_t i, enum env_reason reason, const char *wanted)
{
    ck_assert_int_eq(env_error_detail(&detail, reason, "words").reason, reason);
    env_kek_names_explain(names, &names->list[i], &detail);
    ck_assert_int_eq(detail.reason, reason);
    ck_assert_str_eq(detail.text, wanted);
}

START_TEST(a_name_cut_at_its_space)
{
    parse("my orders file:/a b pkcs11:object=my orders", NULL);
    explained(0, ENV_R_KEK_NOT_FOUND, "kek: words; a space in a label is %20");
    explained(2, ENV_R_KEK_FILE, "kek: words; a space in a path is %20");
    explained(4, ENV_R_KEK_NOT_FOUND, "kek: words; a space in a URI is %20");
    explained(0, ENV_R_KEK_AMBIGUOUS, "kek: words");
    explained(2, ENV_R_KEK_FILE_PRIVATE, "kek: words");
    explained(0, ENV_R_TOKEN_FAILED, "words");
    explained(0, ENV_R_KEK_TOO_WEAK, "words");
    parse("my%20orders", NULL);
    explained(0, ENV_R_KEK_NOT_FOUND, "kek: words");
}
END_TEST

/* ---- kept ---- */

static _Atomic(struct env_kek_names *) kept;

START_TEST(read_once)
{
    const struct env_kek_names *first;
    const struct env_kek_names *second;

    atomic_store(&kept, NULL);
    config.kek = (char *)(uintptr_t) "100%";
    ck_assert_int_eq(env_kek_names_get(&kept, &config, &first, &detail).reason, ENV_R_CONFIG_VALUE);
    ck_assert_ptr_null(atomic_load(&kept)); /* the error is reported each time */
    ck_assert_int_eq(env_kek_names_get(&kept, &config, &first, &detail).reason, ENV_R_CONFIG_VALUE);
    config.kek = (char *)(uintptr_t) "orders";
    ck_assert(env_ok(env_kek_names_get(&kept, &config, &first, &detail)));
    config.kek = NULL;
    ck_assert(env_ok(env_kek_names_get(&kept, &config, &second, &detail)));
    ck_assert_ptr_eq(first, second);
    ck_assert_str_eq(second->list[0].query.label, "orders");
    names = atomic_load(&kept);
}
END_TEST

#define THREADS 8

static pthread_barrier_t barrier;

static void *get(void *arg)
{
    const struct env_kek_names **out = arg;
    struct env_error_detail own;

    (void)pthread_barrier_wait(&barrier);
    return env_ok(env_kek_names_get(&kept, &config, out, &own)) ? arg : NULL;
}

/* Whoever comes first: all have the same, and what the others read is freed. */
START_TEST(threads_share_one)
{
    config.kek = (char *)(uintptr_t) "orders pkcs11:object=a file:/b";
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int round = 0; round < 50; round++) {
        const struct env_kek_names *got[THREADS] = {0};
        pthread_t threads[THREADS];
        void *ended;

        atomic_store(&kept, NULL);
        for (size_t i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, get, &got[i]), 0);
        for (size_t i = 0; i < THREADS; i++) {
            ck_assert_int_eq(pthread_join(threads[i], &ended), 0);
            ck_assert_ptr_nonnull(ended);
        }
        for (size_t i = 0; i < THREADS; i++)
            ck_assert_ptr_eq(got[i], atomic_load(&kept));
        env_kek_names_free(atomic_load(&kept));
    }
    (void)pthread_barrier_destroy(&barrier);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names of KEKs");
    TCase *tcase = tcase_create("names");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, each_word_is_a_name);
    tcase_add_test(tcase, without_kek_there_are_none);
    tcase_add_test(tcase, the_same_word_is_optional);
    tcase_add_test(tcase, a_pin_is_not_kept);
    tcase_add_test(tcase, wrong_words);
    tcase_add_test(tcase, a_name_cut_at_its_space);
    tcase_add_test(tcase, read_once);
    tcase_add_test(tcase, threads_share_one);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
