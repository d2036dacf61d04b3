/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's section as envelope(1) reads it, and what it finds fault with. */
#include <openssl/core.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/common/settings.h"
#include "tools/check/settings_lines.h"

static char path[TEMPORARY_PATH];
static struct tool_settings settings;
static char why[TOOL_SETTINGS_WHY];
static char traps[1024];

static void set_up(void)
{
    memset(&settings, 0, sizeof(settings));
    traps[0] = '\0';
    ck_assert_int_eq(close(temporary_file(path)), 0);
}

static void tear_down(void)
{
    tool_settings_clear(&settings);
    (void)unlink(path);
}

static bool read_text(const char *text, const char *section)
{
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
    tool_settings_clear(&settings);
    return tool_settings_read(NULL, path, section, &settings, why, sizeof(why));
}

#define HEAD "openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = d\n"
#define TAIL "[d]\nactivate = 1\n"

static void refused(const char *text, const char *section, const char *words)
{
    ck_assert_msg(!read_text(text, section), "accepted: %s", text);
    ck_assert_msg(strstr(why, words) != NULL, "'%s' is not in: %s", words, why);
    ck_assert_msg(strncmp(why, path, strlen(path)) == 0, "the file is not named: %s", why);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(found_by_name)
{
    ck_assert(read_text(HEAD "envelope = e\n" TAIL "[e]\nkek = orders\ntoken = pkcs11:token=x\n"
                             "context = \"a#b\"\n",
                        NULL));
    ck_assert_str_eq(settings.section, "e");
    ck_assert_str_eq(settings.name, "envelope");
    ck_assert_str_eq(settings.config.kek, "orders");
    ck_assert_str_eq(settings.config.token, "pkcs11:token=x");
    ck_assert_str_eq(settings.config.context, "a#b");
    ck_assert_ptr_null(settings.config.module_path);
    ck_assert_ptr_null(settings.config.unknown);
}
END_TEST

START_TEST(found_otherwise)
{
    ck_assert(read_text(HEAD "mine = e\n" TAIL "[e]\nidentity = envelope\nkek = a\n", NULL));
    ck_assert_str_eq(settings.name, "envelope");
    ck_assert(read_text(HEAD "mine = e\n" TAIL "[e]\nmodule = /opt/envelope.so\nkek = b\n", NULL));
    ck_assert_str_eq(settings.name, "mine");
    ck_assert_str_eq(settings.config.kek, "b");
    ck_assert(read_text("[e]\nkek = c\n", "e")); /* named: nothing else is needed */
    ck_assert_str_eq(settings.config.kek, "c");
}
END_TEST

START_TEST(refusals)
{
    refused(HEAD TAIL, NULL, "[list] has no provider envelope");
    refused(HEAD "envelope = nowhere\n" TAIL, NULL, "there is no section [nowhere]");
    refused(HEAD "envelope = e\nother = f\n" TAIL "[e]\nkek=a\n[f]\nmodule = envelope.so\n", NULL,
            "has the provider twice (e, f): say which (--provider-section)");
    refused("[e]\nkek = a\n", NULL, "no line 'openssl_conf = ...' before the first section");
    refused("openssl_conf = init\n[init]\nx = y\n", NULL, "[init] names no section of providers");
    refused("[e]\nkek = a\n", "other", "there is no section [other]");
    refused("[e]\nkek = $nothing\n", "e", "line 2:");
    refused("[e\nkek = a\n", "e", "line 1:");
    tool_settings_clear(&settings);
    ck_assert(
        !tool_settings_read(NULL, "/nonexistent/openssl.cnf", NULL, &settings, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/openssl.cnf"));
}
END_TEST

/* What libcrypto would give the provider as a section is no value. */
START_TEST(like_the_core)
{
    ck_assert(read_text("[e]\nkek = orders\npin_source = x\n[orders]\na = b\n", "e"));
    ck_assert_ptr_null(settings.config.kek);
    ck_assert_str_eq(settings.config.unknown, "pin_source");
}
END_TEST

static int never(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                 void **provctx)
{
    (void)handle;
    (void)in;
    (void)out;
    (void)provctx;
    ck_abort_msg("a provider of ours is started");
    return 0;
}

/* The other providers are activated, ours is not, and the file can be read again afterwards. */
START_TEST(others_are_activated)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    (void)fputs("openssl_conf = init\n[init]\nproviders = list\n[list]\nenvelope = e\nbase = d\n"
                "[e]\nmodule = /nonexistent/envelope.so\nactivate = 1\nkek = a\n" TAIL,
                out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert(tool_settings_read(libctx, path, NULL, &settings, why, sizeof(why)));
    ck_assert(tool_settings_activate_others(&settings));
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "base"), 1);
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 0);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert_str_eq(NCONF_get_string(settings.conf, "list", "envelope"), "e");
    ck_assert_int_eq(sk_CONF_VALUE_num(NCONF_get_section(settings.conf, "list")), 2);
    tool_settings_clear(&settings);
    OSSL_LIB_CTX_free(libctx);
}
END_TEST

/* Neither is ours where its section was named, nor another of ours beside it. */
START_TEST(none_of_ours_is_activated)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(OSSL_PROVIDER_add_builtin(libctx, "envelope", never), 1);
    ck_assert_int_eq(OSSL_PROVIDER_add_builtin(libctx, "second", never), 1);
    (void)fputs("openssl_conf = init\n[init]\nproviders = list\n[list]\nenvelope = e\n"
                "second = f\nbase = d\n[e]\nactivate = 1\nkek = a\n[f]\nactivate = 1\n"
                "kek = b\n" TAIL,
                out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert(tool_settings_read(libctx, path, "f", &settings, why, sizeof(why)));
    ck_assert_str_eq(settings.config.kek, "b");
    ck_assert(tool_settings_activate_others(&settings));
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "base"), 1);
    ck_assert_str_eq(NCONF_get_string(settings.conf, "list", "second"), "f");
    ck_assert_int_eq(sk_CONF_VALUE_num(NCONF_get_section(settings.conf, "list")), 3);
    tool_settings_clear(&settings);
    OSSL_LIB_CTX_free(libctx);
}
END_TEST

/* ---- traps ---- */

static void take(void *arg, enum tool_trap trap, const char *key, const char *what)
{
    size_t used = strlen(traps);

    ck_assert_ptr_eq(arg, traps);
    ck_assert(trap == TOOL_TRAP_SECTION ? strstr(what, "name of a section") != NULL
              : trap == TOOL_TRAP_KEY   ? strstr(what, "no such key") != NULL
                                        : strstr(what, "it stands in [") != NULL);
    (void)snprintf(traps + used, sizeof(traps) - used, "%s: %s\n", key, what);
}

START_TEST(unknown_keys)
{
    ck_assert(read_text("[e]\nactivate = 1\nidentity = envelope\nkek = a\nkeks = b\n"
                        "opn-kek = c\nallow_weak_kek = yes\npinn = 1\nxyzzy = 2\n"
                        "standard-names = no\ntoken = sub\n[sub]\na = b\n",
                        "e"));
    tool_settings_traps(&settings, take, traps);
    ck_assert_str_eq(traps,
                     "keks: no such key: nobody reads it (kek?)\n"
                     "opn-kek: no such key: nobody reads it (open-kek?)\n"
                     "allow_weak_kek: no such key: nobody reads it (allow-weak-kek?)\n"
                     "pinn: no such key: nobody reads it (pin-source?)\n"
                     "xyzzy: no such key: nobody reads it\n"
                     "token: its value is the name of a section of the file, so OpenSSL gives the "
                     "provider that section in its place: rename the section\n");
}
END_TEST

START_TEST(keys_elsewhere)
{
    ck_assert(read_text("kek = a\n" HEAD "envelope = e\nmine = m\n" TAIL
                        "pin-source = file:/x\n[init]\ntoken = pkcs11:\n[m]\n"
                        "pkcs11-module-path = /y\n[program]\ncontext = c\n[e]\nwrap = auto\n",
                        NULL));
    tool_settings_traps(&settings, take, traps);
#define STANDS(where) ": it stands in [" where "], where nobody reads it: it belongs in [e]\n"
    ck_assert_str_eq(traps,
                     "kek" STANDS("default") "token" STANDS("init") "pin-source" STANDS("d"));
}
END_TEST

/* Every key that the provider reads is one that nobody calls unknown. */
START_TEST(known_keys)
{
    char text[2048] = "[e]\n";
    const char *key;

    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "%s = x\n", key);
    }
    ck_assert(read_text(text, "e"));
    tool_settings_traps(&settings, take, traps);
    ck_assert_str_eq(traps, "");
    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++)
        ck_assert_str_eq(NCONF_get_string(settings.conf, "e", key), "x");
    ck_assert_str_eq(settings.config.pkcs11_scheme, "x");
    ck_assert_ptr_null(settings.config.unknown);
}
END_TEST

static void take_line(void *arg, const char *file, unsigned long line, const char *key,
                      const char *what)
{
    size_t used = strlen(traps);

    ck_assert_ptr_eq(arg, traps);
    (void)snprintf(traps + used, sizeof(traps) - used, "%s%s%lu %s %.20s\n",
                   file != NULL ? file : "", file != NULL ? " " : "", line, key, what);
}

static void lines_give(const char *text, const char *section, const char *wanted)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    ck_assert_ptr_nonnull(in);
    traps[0] = '\0';
    tool_settings_lines(in, section, take_line, traps);
    (void)fclose(in);
    ck_assert_str_eq(traps, wanted);
}

#define CUT " the value ends at it\n"
#define PUT_IN " a variable is put in\n"
#define LEFT_OUT " a backslash is left \n"
#define TWICE " it stands there twic\n"

START_TEST(lines)
{
    lines_give("[e]\na = x#y\n", "e", "2 a" CUT);
    lines_give("[e]\na = x #y\n", "e", ""); /* a comment as it is meant */
    lines_give("[e]\na = x\t# y$z\\n\n", "e", "");
    lines_give("[e]\na = \"x#y$z\"\nb = 'p#q'\nc=\"r\"#s\n", "e", "4 c" CUT);
    lines_give("[e]\n  token = pkcs11:token=a$b\n", "e", "2 token" PUT_IN);
    lines_give("[e]\na = x\\y\n", "e", "2 a" LEFT_OUT);
    lines_give("[e]\na = \"x\\y\"\n", "e", "2 a" LEFT_OUT);
    lines_give("[e]\na = x\\\ny#z\nb = q$r\n", "e", "3 a" CUT "4 b" PUT_IN);
    lines_give("[e]\na = x\\\r\ny#z\n", "e", "3 a" CUT);
    lines_give("[d]\na = x#y\n[ e ]\nb = x#y\n[f] # e\nc = x#y\n", "e", "4 b" CUT);
    lines_give("a = x#y\n[d]\nb = x#y\n", NULL, "1 a" CUT "3 b" CUT);
    lines_give("# [e]\na = x#y\n", "e", "");
    lines_give("[e]\na = 'x\nb = x#y\n", "e", "3 b" CUT); /* a quote ends with its line */
    lines_give("[e]\na x#y\n", "e", "");
    lines_give("[e]\na = x\\", "e", "");
    lines_give("[e", "e", "");
    lines_give("[e]\nkek = a\ntoken = b\n[f]\nkek = c\n[e]\nkek=d\n", "e", "7 kek" TWICE);
    lines_give("[e]\na = b\na = c\n# kek = d\nkek = e\n", "e", ""); /* none of ours */
    lines_give("\\", NULL, "");
}
END_TEST

static char included[TEMPORARY_PATH + 8];

static void include(const char *text, const char *how, const char *wanted)
{
    char all[512];
    FILE *out = fopen(included, "we");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
    (void)snprintf(all, sizeof(all), how, included);
    (void)read_text(all, "e");
    traps[0] = '\0';
    ck_assert(tool_settings_file_lines(path, "e", take_line, traps));
    (void)snprintf(all, sizeof(all), wanted, included);
    ck_assert_str_eq(traps, all);
    ck_assert_int_eq(unlink(included), 0);
}

/* As libcrypto has it, the section goes on into the file and out of it. */
START_TEST(included_lines)
{
    (void)snprintf(included, sizeof(included), "%s.conf", path);
    include("\nkek = x#y\n", "[e]\n.include %s\na = p#q\n", "%s 2 kek" CUT "3 a" CUT);
    include("[f]\nkek = x#y\n", "[e]\n.include = \"%s\"\na = p#q\n", "");
    include("[e]\nkek = x$y\n", "a = b\n.include\t%s", "%s 2 kek" PUT_IN);
    include("kek = x\n", "[e]\nkek = y\n  .include %s\n", "%s 1 kek" TWICE);
    include("kek = x#y\n", "[e]\n# .include %s\n", "");
    include("kek = x#y\n", "[e]\n.includes %s\n", "");
    include("kek = x#y\n", "[e]\n.pragma = includedir:/\n.include .%s\n", "//.%s 1 kek" CUT);
    include("kek = x#y\n", "[e]\n.include /nonexistent%s\n", "");
    (void)snprintf(included, sizeof(included), "%s", path); /* itself, and no end */
    (void)read_text("[e]\n", "e");
    {
        FILE *out = fopen(path, "we");

        ck_assert_ptr_nonnull(out);
        (void)fprintf(out, "[e]\n.include %s\n", path);
        ck_assert_int_eq(fclose(out), 0);
    }
    ck_assert(tool_settings_file_lines(path, "e", take_line, traps));
    ck_assert(!tool_settings_file_lines("/nonexistent", "e", take_line, traps));
}
END_TEST

START_TEST(long_names)
{
    char text[600] = "[e]\n";

    memset(text + 4, 'n', 500);
    memcpy(text + 504, " = x#y\n", 8);
    traps[0] = '\0';
    lines_give("[e]\na = b\n", "e", "");
    {
        FILE *in = fmemopen(text, strlen(text), "r");

        ck_assert_ptr_nonnull(in);
        tool_settings_lines(in, "e", take_line, traps);
        (void)fclose(in);
    }
    ck_assert_ptr_nonnull(strstr(traps, "the value ends"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings of envelope(1)");
    TCase *tcase = tcase_create("settings");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, found_by_name);
    tcase_add_test(tcase, found_otherwise);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, like_the_core);
    tcase_add_test(tcase, others_are_activated);
    tcase_add_test(tcase, none_of_ours_is_activated);
    tcase_add_test(tcase, unknown_keys);
    tcase_add_test(tcase, known_keys);
    tcase_add_test(tcase, lines);
    tcase_add_test(tcase, included_lines);
    tcase_add_test(tcase, keys_elsewhere);
    tcase_add_test(tcase, long_names);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
