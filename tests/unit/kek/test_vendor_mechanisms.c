/* SPDX-License-Identifier: Apache-2.0 */
/* Vendor-defined numbers are only used with the vendor's own module. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/wrap/vendor_mechanisms.h"

static CK_INFO info_of(const char *manufacturer, const char *description)
{
    CK_INFO info;

    memset(&info, ' ', sizeof(info));
    memcpy(info.manufacturerID, manufacturer, strlen(manufacturer));
    memcpy(info.libraryDescription, description, strlen(description));
    return info;
}

static enum env_vendor vendor_of(const char *manufacturer, const char *description)
{
    CK_INFO info = info_of(manufacturer, description);

    return env_vendor_of(&info);
}

START_TEST(each_vendors_module_has_its_numbers)
{
    enum env_vendor aws = vendor_of("Cavium", "CloudHSM PKCS#11");
    enum env_vendor luna = vendor_of("SafeNet", "Chrystoki");
    enum env_vendor google = vendor_of("Google", "");

    ck_assert_uint_eq(env_vendor_mechanism(aws, ENV_AES_KW), 0x80002109);
    ck_assert_uint_eq(env_vendor_mechanism(aws, ENV_AES_PAD), 0x8000216F);
    ck_assert_uint_eq(env_vendor_mechanism(aws, ENV_AES_GCM), 0);
    ck_assert_uint_eq(env_vendor_mechanism(luna, ENV_AES_KW), 0x80000170);
    ck_assert_uint_eq(env_vendor_mechanism(luna, ENV_AES_KWP), 0x80000171);
    ck_assert_uint_eq(env_vendor_mechanism(google, ENV_AES_GCM), 0x8001E101);
    ck_assert_uint_eq(env_vendor_mechanism(google, ENV_AES_KW), 0);
}
END_TEST

/* The number would mean something else to it. */
START_TEST(another_module_has_none)
{
    const CK_INFO others[] = {
        info_of("SoftHSM", "Implementation of PKCS11"),
        info_of("IBM", "openCryptoki"),
        info_of("nCipher Corp. Ltd", "nFast PKCS#11"),
        info_of("Mozilla Foundation", "NSS Internal Crypto Services"),
        info_of("", ""),
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_int_eq(env_vendor_of(&others[i]), ENV_VENDOR_OTHER);
        for (unsigned f = ENV_AES_KW; f <= ENV_AES_PAD; f++)
            ck_assert_uint_eq(env_vendor_mechanism(ENV_VENDOR_OTHER, f), 0);
    }
}
END_TEST

/* A field is full, and has no NUL behind it. */
START_TEST(a_word_at_the_end_of_a_field_is_found)
{
    ck_assert_int_eq(vendor_of("", "the PKCS#11 library of CLOUDHSM."), ENV_VENDOR_AWS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: vendors' mechanisms");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, each_vendors_module_has_its_numbers);
    tcase_add_test(tc, another_module_has_none);
    tcase_add_test(tc, a_word_at_the_end_of_a_field_is_found);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
