/* SPDX-License-Identifier: Apache-2.0 */
/* Property queries compared with definitions, as libcrypto does when it fetches. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "provider/stock/property.h"

static const char *definition; /* of the one algorithm of the provider below */

static const OSSL_ALGORITHM *query(void *provctx, int operation_id, int *no_cache)
{
    static OSSL_ALGORITHM algorithms[2];

    (void)provctx;
    *no_cache = 0;
    algorithms[0] = (OSSL_ALGORITHM){"NOTHING", definition, NULL, NULL};
    return operation_id == OSSL_OP_CIPHER ? algorithms : NULL;
}

static void *new_ctx(void *provctx)
{
    return provctx;
}

static void free_ctx(void *ctx)
{
    (void)ctx;
}

static int cipher(void *ctx, unsigned char *out, size_t *len, size_t size, const unsigned char *in,
                  size_t in_len)
{
    (void)ctx;
    (void)out;
    (void)len;
    (void)size;
    (void)in;
    (void)in_len;
    return 0;
}

static int get_params(OSSL_PARAM params[])
{
    (void)params;
    return 1;
}

static const OSSL_DISPATCH cipher_functions[] = {
    {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))new_ctx},
    {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_ctx},
    {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))cipher},
    {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params},
    {0, NULL},
};

static const OSSL_ALGORITHM *query_with_functions(void *provctx, int operation_id, int *no_cache)
{
    static OSSL_ALGORITHM algorithms[2];
    const OSSL_ALGORITHM *found = query(provctx, operation_id, no_cache);

    if (found == NULL)
        return NULL;
    algorithms[0] = *found;
    algorithms[0].implementation = cipher_functions;
    return algorithms;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provctx)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_with_functions},
        {0, NULL},
    };

    (void)in;
    *provctx = (void *)(uintptr_t)handle;
    *out = functions;
    return 1;
}

/* Whether libcrypto itself finds an algorithm of that definition by the query. */
static bool libcrypto_fetches(const char *text)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider;
    EVP_CIPHER *found;

    ck_assert_int_eq(OSSL_PROVIDER_add_builtin(libctx, "p", init), 1);
    provider = OSSL_PROVIDER_load(libctx, "p");
    ck_assert_ptr_nonnull(provider);
    found = EVP_CIPHER_fetch(libctx, "NOTHING", text);

    ERR_clear_error();
    EVP_CIPHER_free(found);
    OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(libctx);
    return found != NULL;
}

/* The query, and how many of its clauses each definition fulfils; -1: a demand is not met. */
static const struct {
    const char *query;
    int scores[4];
} cases[] = {
    {"", {0, 0, 0, 0}},
    {"fips=yes", {-1, 1, -1, -1}},
    {"fips", {-1, 1, -1, -1}},
    {"FIPS = YES", {-1, 1, -1, -1}},
    {"fips=no", {1, -1, 1, 1}},
    {"fips!=yes", {1, -1, 1, 1}},
    {"?fips=yes", {0, 1, 0, 0}},
    {"? fips = yes , provider=default", {1, -1, -1, -1}},
    {"-fips", {0, 0, 0, 0}},
    {"provider=default", {1, -1, -1, -1}},
    {"provider!=default", {-1, 1, 1, 1}},
    {"provider='fips'", {-1, 1, -1, -1}},
    {"provider=\"fips\",?fips", {-1, 2, -1, -1}},
    {"x.y=3", {-1, -1, 1, -1}},
    {"?x.y=3,?provider=other", {0, 0, 2, 0}},
    {"provider!=envelope", {1, 1, 1, 1}},
};

static const char *const definitions[] = {
    "provider=default",
    "provider=fips,fips=yes",
    "x.y=3, provider = other",
    "version=2",
};

START_TEST(queries_are_judged_as_libcrypto_judges_them)
{
    for (size_t i = 0; i < 4; i++) {
        definition = definitions[i];
        ck_assert_msg(env_property_score(cases[_i].query, definition) == cases[_i].scores[i],
                      "%s for %s: %d", cases[_i].query, definition,
                      env_property_score(cases[_i].query, definition));
        ck_assert_msg(libcrypto_fetches(cases[_i].query) == (cases[_i].scores[i] >= 0),
                      "libcrypto, %s for %s", cases[_i].query, definition);
    }
}
END_TEST

START_TEST(what_is_missing_is_empty)
{
    ck_assert_int_eq(env_property_score(NULL, NULL), 0);
    ck_assert_int_eq(env_property_score(NULL, "provider=default"), 0);
    ck_assert_int_eq(env_property_score("provider=default", NULL), -1);
    ck_assert_int_eq(env_property_score("fips=no", NULL), 1);
}
END_TEST

START_TEST(our_own_queries_leave_us_out)
{
    static const char *const rows[][2] = {
        {NULL, "provider!=envelope"},
        {"", "provider!=envelope"},
        {" , ", "provider!=envelope"},
        {"fips=yes", "fips=yes,provider!=envelope"},
        {"?x.provider=y", "?x.provider=y,provider!=envelope"},
        {"provider=default", "provider=default"}, /* libcrypto takes no name twice */
        {"fips=yes, ? Provider = fips", "fips=yes, ? Provider = fips"},
        {"-provider", "-provider"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *query = env_property_not_ours(rows[i][0]);

        ck_assert_str_eq(query, rows[i][1]);
        OPENSSL_free(query);
    }
}
END_TEST

START_TEST(definitions_keep_all_but_the_provider)
{
    static const char *const rows[][2] = {
        {NULL, "provider=envelope"},
        {"", "provider=envelope"},
        {"provider=default", "provider=envelope"},
        {"provider=fips,fips=yes", "provider=envelope,fips=yes"},
        {"fips=yes, provider = fips , x.y='a,b'", "provider=envelope,fips=yes,x.y='a,b'"},
        {"Provider=base", "provider=envelope"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *ours = env_property_ours(rows[i][0]);

        ck_assert_str_eq(ours, rows[i][1]);
        OPENSSL_free(ours);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: properties");
    TCase *tcase = tcase_create("properties");

    tcase_add_loop_test(tcase, queries_are_judged_as_libcrypto_judges_them, 0,
                        (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, our_own_queries_leave_us_out);
    tcase_add_test(tcase, what_is_missing_is_empty);
    tcase_add_test(tcase, definitions_keep_all_but_the_provider);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
