/* SPDX-License-Identifier: Apache-2.0 */
/* The unit or pod of a process, from the text of /proc/PID/cgroup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/base/cgroup_unit.h"

/* In their order: the kernel's two forms (cgroups(7)), systemd's names, the kubelet's two drivers.
 */
static const struct {
    const char *text;
    const char *unit; /* NULL: none */
} cases[] = {
    {"0::/system.slice/nginx.service\n", "nginx.service"},
    {"0::/system.slice/nginx.service", "nginx.service"},
    {"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
    {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service\n", "mail.service"},
    {"0::/system.slice/postgresql@16-main.service/workers\n", "postgresql@16-main.service"},
    {"0::/system.slice/system-a\\x2db.slice/a\\x2db.service\n", "a\\x2db.service"},
    {"0::/system.slice/_cpu.service\n", "cpu.service"},
    {"12:cpu,cpuacct:/\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service"},
    {"0::/system.slice/docker-0123.scope\n", "docker-0123.scope"},
    {"0::/kubepods/burstable/pod11111111-2222-3333-4444-5555aaaabbbb/0123\n",
     "pod11111111-2222-3333-4444-5555aaaabbbb"},
    {"0::/kubepods.slice/kubepods-burstable.slice/"
     "kubepods-burstable-pod11111111_2222_3333_4444_5555aaaabbbb.slice/cri-containerd-01.scope\n",
     "pod11111111-2222-3333-4444-5555aaaabbbb"},
    {"0::/kubepods.slice/kubepods-pod0123456789abcdef0123456789abcdef.slice/crio-01.scope\n",
     "pod0123456789abcdef0123456789abcdef"},
    {"0::/../pod11111111-2222-3333-4444-5555aaaabbbb/01\n",
     "pod11111111-2222-3333-4444-5555aaaabbbb"},
    {"0::/machine.slice/libpod-"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n",
     "libpod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"},
    {"0::/\n", NULL}, /* in a namespace of its own */
    {"", NULL},
    {"\n\n", NULL},
    {"0::", NULL},
    {"nonsense", NULL},
    {":nginx.service", NULL},
    {"0::/.service\n", NULL},
    {"0::/system.slice\n", NULL},
    {"0::/pod\n", NULL},
    {"0::/pod11111111-2222-3333-4444-5555aaaabbb\n", NULL},
    {"0::/pod11111111x2222-3333-4444-5555aaaabbbb\n", NULL},
    {"0::/xpod11111111-2222-3333-4444-5555aaaabbbb\n", NULL},
};

/* In memory that ends with the text, so that a sanitizer sees a step beyond it. */
static bool unit_of(const char *text, size_t len, char out[ENV_UNIT_TEXT])
{
    char *copy = malloc(len > 0 ? len : 1);
    bool found;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    found = env_cgroup_unit(copy, len, out);
    free(copy);
    return found;
}

START_TEST(units_and_pods_are_found)
{
    char out[ENV_UNIT_TEXT] = "";
    bool found = unit_of(cases[_i].text, strlen(cases[_i].text), out);

    ck_assert_msg(found == (cases[_i].unit != NULL), "%s: %s", cases[_i].text, out);
    if (found)
        ck_assert_str_eq(out, cases[_i].unit);
}
END_TEST

START_TEST(any_end_of_the_text_is_an_end)
{
    char out[ENV_UNIT_TEXT];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t len = 0; len < strlen(cases[i].text); len++) {
            if (unit_of(cases[i].text, len, out))
                ck_demand(strlen(out) > 0 && strlen(out) <= len, "%s", out);
        }
    }
}
END_TEST

START_TEST(a_name_that_no_folder_has_is_none)
{
    char text[2 * ENV_UNIT_TEXT];
    char out[ENV_UNIT_TEXT];
    int n;

    for (int len = (int)ENV_UNIT_TEXT - 3; len < (int)ENV_UNIT_TEXT + 3; len++) {
        n = snprintf(text, sizeof(text), "0::/%0*d.service\n", len - 8, 0);
        ck_assert_int_eq(unit_of(text, (size_t)n, out), len < (int)ENV_UNIT_TEXT);
    }
}
END_TEST

START_TEST(a_file_that_is_not_there_has_none)
{
    char name[] = "cgroup.XXXXXX";
    char out[ENV_UNIT_TEXT];
    int fd = mkstemp(name);

    ck_assert_int_ge(fd, 0);
    ck_assert(!env_cgroup_unit_of_file(name, out));
    ck_assert_int_eq(write(fd, cases[0].text, strlen(cases[0].text)),
                     (ssize_t)strlen(cases[0].text));
    ck_assert(env_cgroup_unit_of_file(name, out));
    ck_assert_str_eq(out, cases[0].unit);
    (void)close(fd);
    ck_assert_int_eq(unlink(name), 0);
    ck_assert(!env_cgroup_unit_of_file(name, out));
    ck_assert(!env_cgroup_unit_of_file("/", out)); /* a folder */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: units of control groups");
    TCase *tcase = tcase_create("units");

    tcase_add_loop_test(tcase, units_and_pods_are_found, 0,
                        (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, any_end_of_the_text_is_an_end);
    tcase_add_test(tcase, a_name_that_no_folder_has_is_none);
    tcase_add_test(tcase, a_file_that_is_not_there_has_none);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
