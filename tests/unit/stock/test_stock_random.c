/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto's random generator passes random keys through AES: in our ciphers, unless told
 * otherwise. Our own context's is told so.
 */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"
#include "odd_provider.h"

static OSSL_LIB_CTX *libctx;
static OSSL_PROVIDER *odd, *ours;

/* The ciphers that are spliced count their keys; the default provider has the generator. */
static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    odd_reset();
    odd_ciphers[0] = (struct odd_cipher){.name = "AES-256-CTR", .definition = "provider=odd,x.y=z"};
    odd_ciphers[1] = (struct odd_cipher){.name = "AES-256-ECB", .definition = "provider=odd,x.y=z"};
    libctx = fake_named_libctx("key-ciphers = AES-256-GCM\npropquery = ?x.y=z\n", true);
    odd = odd_load(libctx);
    ours = OSSL_PROVIDER_load(libctx, "envelope");
}

static void tear_down(void)
{
    ck_assert_int_eq(OSSL_PROVIDER_unload(odd), 1);
    ck_assert_int_eq(OSSL_PROVIDER_unload(ours), 1);
    OSSL_LIB_CTX_free(libctx);
}

static void draw(OSSL_LIB_CTX *from)
{
    unsigned char bytes[48];

    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(RAND_bytes_ex(from, bytes, sizeof(bytes), 0), 1);
}

/* Later releases take the generator's ciphers from its own provider. */
#if OPENSSL_VERSION_NUMBER < 0x30400000L
START_TEST(the_programs_generator_uses_what_it_is_given)
{
    draw(libctx);
    ck_assert_int_gt(odd_inits, 0);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST
#endif

START_TEST(the_programs_generator_can_be_told)
{
    ck_assert_int_eq(RAND_set_DRBG_type(libctx, NULL, "provider!=envelope,-x.y", NULL, NULL), 1);
    ck_assert_int_eq(EVP_set_default_properties(libctx, "provider!=odd"), 1);
    draw(libctx);
    ck_assert_int_eq(odd_inits, 0);
}
END_TEST

START_TEST(our_own_generator_uses_none_of_ours)
{
    struct env_provctx *provctx = OSSL_PROVIDER_get0_provider_ctx(ours);

    draw(provctx->libctx);
    ck_assert_int_eq(odd_inits, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: random");
    TCase *tcase = tcase_create("random");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
#if OPENSSL_VERSION_NUMBER < 0x30400000L
    tcase_add_test(tcase, the_programs_generator_uses_what_it_is_given);
#endif
    tcase_add_test(tcase, the_programs_generator_can_be_told);
    tcase_add_test(tcase, our_own_generator_uses_none_of_ours);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
