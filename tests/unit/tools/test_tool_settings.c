/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's section as envelope(1) reads it, and the problems that it reports. */
#include <openssl/core.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/check/settings_lines.h"
#include "tools/check/settings_missing.h"
#include "tools/check/settings_traps.h"
#include "tools/common/settings.h"

static char path[TEMPORARY_PATH];
static struct tool_settings settings;
static char why[TOOL_SETTINGS_WHY];
static char traps[2048];

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
#define HEAD_OF_INIT "openssl_conf = init\n[init]\nx = y\n"
#define TAIL "[d]\nactivate = 1\n"

static void refused(const char *text, const char *section, const char *words)
{
    ck_assert_msg(!read_text(text, section), "accepted: %s", text);
    ck_assert_msg(strstr(why, words) != NULL, "'%s' is not in: %s", words, why);
    ck_assert_msg(strncmp(why, path, strlen(path)) == 0, "the file is not named: %s", why);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(the_section_is_found_by_name)
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

START_TEST(the_section_is_found_by_identity_module_or_name_given)
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

START_TEST(a_file_without_one_section_says_why)
{
    refused(HEAD TAIL, NULL, "[list] has no provider envelope");
    refused(HEAD "envelope = nowhere\n" TAIL, NULL, "there is no section [nowhere]");
    refused(HEAD "envelope = e\nother = f\n" TAIL "[e]\nkek=a\n[f]\nmodule = envelope.so\n", NULL,
            "has the provider twice (e, f): choose one (--provider-section)");
    refused("[e]\nkek = a\n", NULL, "no line 'openssl_conf = ...' before the first section");
    refused("openssl_conf = init\n[init]\nx = y\n", NULL,
            "no line 'providers = ...' in [init], so OpenSSL loads no provider from it");
    /* text above the first section is not searched for keys that a section lacks */
    refused("providers = list\n" HEAD_OF_INIT "[list]\nenvelope = e\n[e]\nkek = a\n", NULL,
            "no line 'providers = ...' in [init], so OpenSSL loads no provider from it");
    refused("openssl_conf = init\n[init]\nproviders = list\n", NULL,
            "[init] has providers = list, and there is no section [list]");
    refused("[e]\nkek = a\n", "other", "there is no section [other]");
    refused("[e]\nkek = $nothing\n", "e", "line 2:");
    refused("[e\nkek = a\n", "e", "line 1:");
    tool_settings_clear(&settings);
    ck_assert(
        !tool_settings_read(NULL, "/nonexistent/openssl.cnf", NULL, &settings, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/openssl.cnf"));
}
END_TEST

/* A value that libcrypto replaces by a section is not a value, and text above the first section is
 * not a value of ours. */
START_TEST(a_value_that_names_a_section_is_no_value)
{
    ck_assert(read_text("token = pkcs11:token=x\n[e]\nkek = orders\n", "e"));
    ck_assert_str_eq(settings.config.kek, "orders");
    ck_assert_ptr_null(settings.config.token);
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
    ck_abort_msg("our own provider is started");
    return 0;
}

/* The other providers are activated, ours is not, and the file can be read again afterwards. */
START_TEST(other_providers_are_activated)
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
START_TEST(none_of_our_providers_is_activated)
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
    ck_assert(trap == TOOL_TRAP_SECTION    ? strstr(what, "name of a section") != NULL
              : trap == TOOL_TRAP_KEY      ? strstr(what, "no such key") != NULL
              : trap == TOOL_TRAP_ONLY_ONE ? strstr(what, "write ?provider=envelope") != NULL
                                           : strstr(what, "it is in [") != NULL);
    (void)snprintf(traps + used, sizeof(traps) - used, "%s: %s\n", key, what);
}

START_TEST(unknown_keys_are_named_with_a_guess)
{
    ck_assert(read_text("[e]\nactivate = 1\nidentity = envelope\nkek = a\nkeks = b\n"
                        "opn-kek = c\nallow_weak_kek = yes\npinn = 1\nxyzzy = 2\n"
                        "pinsource = 3\nlabel = d\nstandard-names = no\n",
                        "e"));
    tool_settings_traps(&settings, take, traps);
    ck_assert_str_eq(traps, "keks: there is no such key (kek?)\n"
                            "opn-kek: there is no such key (open-kek?)\n"
                            "allow_weak_kek: there is no such key (allow-weak-kek?)\n"
                            "pinn: there is no such key (pin-source?)\n"
                            "xyzzy: there is no such key\n"
                            "pinsource: there is no such key (pin-source?)\n"
                            "label: there is no such key (kek?)\n");
}
END_TEST

#define REPLACED                                                                                   \
    ": its value is the name of a section of the file, so OpenSSL gives the provider that "        \
    "section in its place: "

START_TEST(a_name_of_a_section_comes_with_another_way_to_write_it)
{
    ck_assert(
        read_text("[e]\nkek = ca\ntoken = req\ncontext = ca\nwrap = auto\nopen-kek = default\n"
                  "kek-optional = a b\nidentity = e\npropquery = \"ca\"\n"
                  "[ca]\na = b\n[req]\n[a b]\n",
                  "e"));
    tool_settings_traps(&settings, take, traps);
    ck_assert_str_eq(traps,
                     "kek" REPLACED "write pkcs11:object=ca\n"
                     "token" REPLACED "write pkcs11:token=req\n"
                     "context" REPLACED "rename the section\n"
                     "open-kek" REPLACED "use another name (every file has a section [default])\n"
                     "kek-optional" REPLACED "rename the section\n"
                     "identity" REPLACED "rename the section\n"
                     "propquery" REPLACED "rename the section\n");
}
END_TEST

START_TEST(keys_in_another_section_are_named)
{
    ck_assert(read_text("kek = a\n" HEAD "envelope = e\nmine = m\n" TAIL
                        "pin-source = file:/x\n[init]\ntoken = pkcs11:\n[m]\n"
                        "pkcs11-module-path = /y\n[program]\ncontext = c\n[e]\nwrap = auto\n",
                        NULL));
    tool_settings_traps(&settings, take, traps);
#define STANDS(where) ": it is in [" where "], where it has no effect: it belongs in [e]\n"
    ck_assert_str_eq(traps,
                     "kek" STANDS("default") "token" STANDS("init") "pin-source" STANDS("d"));
}
END_TEST

START_TEST(a_demanded_provider_leaves_all_others_out)
{
    static const struct {
        const char *properties;
        bool trap;
    } values[] = {
        {"provider=envelope", true},
        {"provider = default", true},
        {"fips=yes, PROVIDER=envelope", true},
        {"?provider=envelope", false},
        {"fips=yes,?provider=envelope", false},
        {"-provider,provider!=legacy", false},
        {"", false},
    };
    char text[256];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       HEAD "[init]\nalg_section = a\n[a]\ndefault_properties = %s\n" TAIL
                            "[e]\nkek = k\n",
                       values[i].properties);
        ck_assert(read_text(text, "e"));
        traps[0] = '\0';
        tool_settings_traps(&settings, take, traps);
        ck_assert_msg((traps[0] != '\0') == values[i].trap, "%s: %s", values[i].properties, traps);
    }
}
END_TEST

/* Every key that the provider reads is one that nobody calls unknown. */
START_TEST(every_key_of_the_provider_is_known)
{
    char text[2048] = "[e]\n";
    const struct env_config_key *key;

    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "%s = x\n", key->name);
    }
    ck_assert(read_text(text, "e"));
    tool_settings_traps(&settings, take, traps);
    ck_assert_str_eq(traps, "");
    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++)
        ck_assert_str_eq(NCONF_get_string(settings.conf, "e", key->name), "x");
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
#define PUT_IN " its $ is replaced by\n"
#define LEFT_OUT " a backslash is dropp\n"
#define TWICE " it is there twice: o\n"

START_TEST(lines_that_libcrypto_alters_are_named)
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
    lines_give("a = x#y\n[d]\nb = x#y\n", "d", "3 b" CUT);
    lines_give("a = x#y\n[d]\nb = x#y\n", "default", "1 a" CUT);
    lines_give("# [e]\na = x#y\n", "e", "");
    lines_give("[e]\na = 'x\nb = x#y\n", "e", "3 b" CUT); /* a quote ends with its line */
    lines_give("[e]\na x#y\n", "e", "");
    lines_give("[e]\na = x\\", "e", "");
    lines_give("[e", "e", "");
    lines_give("[e]\nkek = a\ntoken = b\n[f]\nkek = c\n[e]\nkek=d\n", "e", "7 kek" TWICE);
    lines_give("[e]\na = b\na = c\n# kek = d\nkek = e\n", "e", ""); /* none of ours */
    lines_give("\\", "default", "");
}
END_TEST

#define NOT_SET " ENV::TEST_NOT_SET is\n"

/* Who writes ${NAME} or a section before the name means the variable. */
START_TEST(a_variable_that_is_meant_is_no_trap)
{
    ck_assert_int_eq(setenv("TEST_SET", "x", 1), 0);
    ck_assert_int_eq(unsetenv("TEST_NOT_SET"), 0);
    lines_give("[e]\na = $ENV::TEST_SET\nb = ${ENV::TEST_SET}/c\nd = $(ENV::TEST_SET)\n", "e", "");
    lines_give("[e]\na = x${dir}y\nb = $sect::name\n", "e", "");
    lines_give("[e]\na = $dir/b\nb = c$\nd = $$\n", "e",
               "2 a" PUT_IN "3 b" PUT_IN "4 d" PUT_IN "4 d" PUT_IN);
    lines_give("[e]\na = $ENV::TEST_NOT_SET\nb = ${ENV::TEST_NOT_SET}x\n", "e",
               "2 a" NOT_SET "3 b" NOT_SET);
    lines_give("[e]\na = \"$ENV::TEST_NOT_SET\"\nb = x # $c\n", "e", "");
    lines_give("[e]\na = $ENV::TEST_NOT_SET", "e", "2 a" NOT_SET);
    lines_give("[e]\na = $dir#x\n", "e", "2 a" PUT_IN "2 a" CUT);
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
START_TEST(included_files_are_followed)
{
    (void)snprintf(included, sizeof(included), "%s.conf", path);
    include("\nkek = x#y\n", "[e]\n.include %s\na = p#q\n", "%s 2 kek" CUT "3 a" CUT);
    include("[f]\nkek = x#y\n", "[e]\n.include = \"%s\"\na = p#q\n", "");
    include("[e]\nkek = x$y\n", "a = b\n.include\t%s", "%s 2 kek" PUT_IN);
    include("kek = x\n", "[e]\nkek = y\n  .include %s\n", ""); /* meant to override */
    include("kek = x\n", "[e]\n.include %s\nkek = y\n", "");
    include("kek = x\n", "[e]\n.include %s\nkek = y\nkek = z\n", "4 kek" TWICE);
    include("kek = x\n", "[e]\nkek = y\n.include %s\nkek = z\n", "4 kek" TWICE);
    include("kek = x\n#\nkek = y\n", "[e]\n.include %s\n", "%s 3 kek" TWICE);
    include("kek = x#y\n", "[e]\n# .include %s\n", "");
    include("kek = x#y\n", "[e]\n.includes %s\n", "");
    include("kek = x#y\n", "[e]\n.pragma = includedir:/\n.include .%s\n", "//.%s 1 kek" CUT);
    include("kek = x#y\n", "[e]\n.include /nonexistent%s\n", "");
    include("[f]\nkek = p#q\n[e]\n", "[f]\n.include %s\nkek = x#y\n", "3 kek" CUT);
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

/* ---- what is missing ---- */

static void lacks(const char *text, const char *section, const char *wanted)
{
    char missing[TOOL_SETTINGS_MISSING];
    char all[TOOL_SETTINGS_MISSING];
    FILE *out;

    (void)read_text(text, section);
    ck_assert(settings.loaded);
    ck_assert(tool_settings_missing(&settings, missing) == (*wanted != '\0'));
    (void)snprintf(all, sizeof(all), "%s%s", *wanted != '\0' ? "at the end of the file:" : "",
                   wanted);
    ck_assert_str_eq(missing, all);
    /* with them it lacks nothing */
    out = fopen(path, "ae");
    ck_assert_ptr_nonnull(out);
    (void)fputs(wanted, out);
    ck_assert_int_eq(fclose(out), 0);
    tool_settings_clear(&settings);
    ck_assert_msg(tool_settings_read(NULL, path, section, &settings, why, sizeof(why)), "%s", why);
    ck_assert(!tool_settings_missing(&settings, missing));
}

START_TEST(missing_lines_make_the_file_whole)
{
    lacks("", NULL,
          "\n[default]\nopenssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect"
          "\n[provider_sect]\ndefault = default_sect\nenvelope = envelope_sect"
          "\n[default_sect]\nactivate = 1\n[envelope_sect]\nactivate = 1\nkek = LABEL");
    lacks("openssl_conf = init\n[init]\nx = y\n", NULL,
          "\n[init]\nproviders = provider_sect\n[provider_sect]\ndefault = default_sect"
          "\nenvelope = envelope_sect\n[default_sect]\nactivate = 1"
          "\n[envelope_sect]\nactivate = 1\nkek = LABEL");
    lacks(HEAD TAIL, NULL,
          "\n[list]\nenvelope = envelope_sect\n[envelope_sect]\nactivate = 1\nkek = LABEL");
    lacks(HEAD "envelope = nowhere\n" TAIL, NULL, "\n[nowhere]\nactivate = 1\nkek = LABEL");
    lacks(HEAD "envelope = e\n" TAIL "[e]\nkek = a\n", NULL, "\n[e]\nactivate = 1");
    lacks(HEAD "mine = e\n" TAIL "[e]\nidentity = envelope\n", NULL, "\n[e]\nactivate = 1");
    lacks("activate = 1\n" HEAD "envelope = e\n[d]\nx = y\n[e]\nactivate = 1\n", NULL,
          "\n[d]\nactivate = 1");
    lacks("openssl_conf = i\n[i]\nproviders = p\n[p]\nenvelope = e\n[e]\nactivate = 1\n", NULL,
          "\n[p]\ndefault = default_sect\n[default_sect]\nactivate = 1");
    lacks("[e]\nactivate = 1\n", "e",
          "\n[default]\nopenssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect"
          "\n[provider_sect]\ndefault = default_sect\nenvelope = e\n[default_sect]\nactivate = 1");
    lacks(HEAD "fips = f\nenvelope = e\n[d]\nx = y\n[f]\nactivate = 1\n[e]\nactivate = 1\n", NULL,
          "");
}
END_TEST

/* ---- the section of a file that OpenSSL cannot read ---- */

static void section_is(const char *text, const char *wanted)
{
    char *found;

    (void)read_text(text, NULL);
    found = tool_settings_find_section(path);
    if (wanted == NULL)
        ck_assert_ptr_null(found);
    else
        ck_assert_str_eq(found, wanted);
    OPENSSL_free(found);
}

START_TEST(the_section_of_a_broken_file_is_found)
{
    section_is(HEAD "envelope = e\n" TAIL "[e]\nkek = $x\n", "e");
    section_is(HEAD "\"envelope\" = e\n[envelope]\nkek = $x\n", NULL);
    section_is(HEAD "envelope = \"my section\" # ours\n" TAIL "[my section]\nkek = $x\n",
               "my section");
    section_is(HEAD "envelope = old\nenvelope = e\n[e]\nkek = $x\n", "e");
    section_is(HEAD "mine = m\n" TAIL "[other]\nidentity = default\n[m]\n"
                    "module = /opt/envelope.so\nkek = $x\n",
               "m");
    section_is("[ours]\nidentity = envelope\nkek = $x\n", "ours");
    section_is("[list]\nenvelope = e\n[e]\nkek = $x\n", NULL); /* nothing leads there */
    section_is("kek = $x\n", NULL);
    ck_assert_ptr_null(tool_settings_find_section("/nonexistent"));
}
END_TEST

START_TEST(an_overlong_name_is_survived)
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
    Suite *suite = suite_create("tools: reading openssl.cnf");
    TCase *tcase = tcase_create("settings");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_section_is_found_by_name);
    tcase_add_test(tcase, the_section_is_found_by_identity_module_or_name_given);
    tcase_add_test(tcase, a_file_without_one_section_says_why);
    tcase_add_test(tcase, a_value_that_names_a_section_is_no_value);
    tcase_add_test(tcase, other_providers_are_activated);
    tcase_add_test(tcase, none_of_our_providers_is_activated);
    tcase_add_test(tcase, unknown_keys_are_named_with_a_guess);
    tcase_add_test(tcase, a_name_of_a_section_comes_with_another_way_to_write_it);
    tcase_add_test(tcase, every_key_of_the_provider_is_known);
    tcase_add_test(tcase, a_variable_that_is_meant_is_no_trap);
    tcase_add_test(tcase, missing_lines_make_the_file_whole);
    tcase_add_test(tcase, the_section_of_a_broken_file_is_found);
    tcase_add_test(tcase, lines_that_libcrypto_alters_are_named);
    tcase_add_test(tcase, included_files_are_followed);
    tcase_add_test(tcase, keys_in_another_section_are_named);
    tcase_add_test(tcase, a_demanded_provider_leaves_all_others_out);
    tcase_add_test(tcase, an_overlong_name_is_survived);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
