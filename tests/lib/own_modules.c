/* SPDX-License-Identifier: Apache-2.0 */
#include "own_modules.h"

#include <check.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temporary.h"

static void put(const char *path, const char *format, const char *value)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    (void)fprintf(file, format, value);
    temporary_close(file, path);
}

/* Over the system's, in a mount namespace that ends with the process. */
static bool mount_over(const char *modules)
{
    static const char *const places[] = {"/usr/share/p11-kit/modules", "/etc/pkcs11/modules"};

    if (unshare(CLONE_NEWNS) != 0)
        return false;
    ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], F_OK) == 0)
            ck_assert_int_eq(mount(modules, places[i], NULL, MS_BIND, NULL), 0);
    }
    return true;
}

_Bool p11_kit_knows_only(const char *module, const char *dir)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/pkcs11", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/pkcs11/pkcs11.conf", dir);
    put(path, "user-config: %s\n", "only");
    (void)snprintf(path, sizeof(path), "%s/pkcs11/modules", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/pkcs11/modules/ours.module", dir);
    put(path, "module: %s\n", module);
    if (geteuid() != 0) /* p11-kit reads a user's configuration, but not root's */
        return setenv("XDG_CONFIG_HOME", dir, 1) == 0;
    (void)snprintf(path, sizeof(path), "%s/pkcs11/modules", dir);
    return mount_over(path);
}
