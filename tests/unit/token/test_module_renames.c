/* SPDX-License-Identifier: Apache-2.0 */
/* Modules where the id of a key pair cannot be changed later: openCryptoki before 3.23. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/modules.h"

static bool renames(const char *description, CK_BYTE major, CK_BYTE minor)
{
    struct env_module module = {.info.libraryVersion = {major, minor}};

    memset(module.info.libraryDescription, ' ', sizeof(module.info.libraryDescription));
    memcpy(module.info.libraryDescription, description, strlen(description));
    return env_module_renames(&module);
}

START_TEST(opencryptoki_before_3_23_keeps_its_ids)
{
    ck_assert(!renames("openCryptoki", 3, 8));
    ck_assert(!renames("openCryptoki", 3, 22));
    ck_assert(!renames("openCryptoki", 2, 99));
    ck_assert(renames("openCryptoki", 3, 23));
    ck_assert(renames("openCryptoki", 4, 0));
    ck_assert(renames("Implementation of PKCS11", 2, 6));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: modules whose keys are not renamed");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, opencryptoki_before_3_23_keeps_its_ids);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
