/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the provider has names for, a line each, for the tests that hold the manual and the
 * scripts against it:
 *
 *     list_names keys          NAME KIND DEFAULT WORD ...  (DEFAULT: "-" for none)
 *     list_names slips         SLIP KEY   (those that no rule makes: see config_slips.h)
 *     list_names all-slips     SLIP KEY
 *     list_names reasons       NUMBER NAME TEXT
 *     list_names algorithms    NAME       (under every name, with all that can be switched on)
 *     list_names parameters    NAME       (of ours, that a program can set)
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/config.h"
#include "envelope/base/config_list.h"
#include "envelope/base/config_slips.h"
#include "provider/algorithms.h"
#include "provider/keys/kek_skeymgmt.h"

static void print_key(const struct env_config_key *key)
{
    printf("%s ", key->name);
    switch (key->kind) {
    case ENV_CONFIG_TEXT:
    case ENV_CONFIG_SPLICE:
        printf("text %s\n", key->text != NULL ? key->text : "-");
        break;
    case ENV_CONFIG_CHOICE:
        printf("choice %.*s %s\n", (int)strcspn(key->words, " "), key->words, key->words);
        break;
    case ENV_CONFIG_YES_NO:
    case ENV_CONFIG_UNLESS_NO:
        printf("choice no yes no\n");
        break;
    case ENV_CONFIG_NUMBER:
        printf("number %u\n", key->usual);
        break;
    }
}

static void print_keys(void)
{
    for (size_t i = 0; env_config_key(i) != NULL; i++)
        print_key(env_config_key(i));
}

static void print_slips(void)
{
    const struct env_config_key *key;
    struct env_word word;

    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++) {
        for (const char *at = key->slips; env_word_next(&at, &word);)
            printf("%.*s %s\n", (int)word.len, word.text, key->name);
    }
}

static void print_all_slips(void)
{
    const struct env_config_key *key;
    char slip[ENV_CONFIG_NAME_MAX];

    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++) {
        for (size_t j = 0; env_config_slip(key->name, key->slips, j, slip); j++)
            printf("%s %s\n", slip, key->name);
    }
}

static void print_reasons(void)
{
#define PRINT(name, number, text) printf("%d %s %s\n", number, #name, text);
    ENV_REASONS(PRINT)
#undef PRINT
}

/* ---- what libcrypto is offered ---- */

static const struct env_config everything = {.standard_names_on = true, .pkcs11_scheme_on = true};

#define OPERATIONS 32 /* more than libcrypto has */

static void print_algorithms(void)
{
    for (int operation = 1; operation < OPERATIONS; operation++) {
        const OSSL_ALGORITHM *alg = env_algorithms(operation, &everything);

        for (; alg != NULL && alg->algorithm_names != NULL; alg++) {
            for (const char *at = alg->algorithm_names; *at != '\0';) {
                size_t len = strcspn(at, ":");

                printf("%.*s\n", (int)len, at);
                at += len + (at[len] == ':');
            }
        }
    }
}

typedef const OSSL_PARAM *one_arg_fn(void *provctx);
typedef const OSSL_PARAM *two_args_fn(void *ctx, void *provctx);

static const OSSL_PARAM *settable(int operation, const OSSL_DISPATCH *entry)
{
    static const struct {
        int operation;
        int function;
        bool two_args;
    } functions[] = {
        {OSSL_OP_CIPHER, OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, true},
        {OSSL_OP_KEYMGMT, OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, true},
        {OSSL_OP_KEM, OSSL_FUNC_KEM_SETTABLE_CTX_PARAMS, true},
        {OSSL_OP_ASYM_CIPHER, OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, true},
        {OSSL_OP_STORE, OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, false},
        {OSSL_OP_SKEYMGMT, OSSL_FUNC_SKEYMGMT_IMP_SETTABLE_PARAMS, false},
        {OSSL_OP_SKEYMGMT, OSSL_FUNC_SKEYMGMT_GEN_SETTABLE_PARAMS, false},
    };

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (functions[i].operation != operation || functions[i].function != entry->function_id)
            continue;
        return functions[i].two_args ? ((two_args_fn *)entry->function)(NULL, NULL)
                                     : ((one_arg_fn *)entry->function)(NULL);
    }
    return NULL;
}

static bool is_openssls(const char *parameter)
{
    static const char *const names[] = {OSSL_CIPHER_PARAM_KEYLEN, OSSL_CIPHER_PARAM_PADDING,
                                        OSSL_STORE_PARAM_EXPECT};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(parameter, names[i]) == 0)
            return true;
    }
    return false;
}

/* Those under stock names ask stock's context, and have no parameters of ours. */
static void print_parameters(void)
{
    static const struct env_config usual = {0};

    for (int operation = 1; operation < OPERATIONS; operation++) {
        const OSSL_ALGORITHM *alg = env_algorithms(operation, &usual);

        for (; alg != NULL && alg->algorithm_names != NULL; alg++) {
            for (const OSSL_DISPATCH *f = alg->implementation; f->function_id != 0; f++) {
                const OSSL_PARAM *param = settable(operation, f);

                for (; param != NULL && param->key != NULL; param++) {
                    if (!is_openssls(param->key))
                        puts(param->key);
                }
            }
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } lists[] = {
        {"keys", print_keys},
        {"slips", print_slips},
        {"all-slips", print_all_slips},
        {"reasons", print_reasons},
        {"algorithms", print_algorithms},
        {"parameters", print_parameters},
    };

    for (size_t i = 0; argc == 2 && i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(argv[1], lists[i].name) == 0) {
            lists[i].print();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    }
    (void)fprintf(stderr, "usage: list_names keys|slips|all-slips|reasons|algorithms|parameters\n");
    return 2;
}
