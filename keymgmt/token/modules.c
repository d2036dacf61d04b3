/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/modules.h"

#include <limits.h>
#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/config_list.h"
#include "keymgmt/token/padding.h"
#include "keymgmt/token/seen.h"

/* p11-kit's message, which has the text of dlerror. */
static const char *reason_text(CK_RV rv)
{
    const char *message = p11_kit_message();

    return message != NULL ? message : env_ckr_name(rv);
}

/*
 * The file for a name. One without a leading / is searched where p11-kit searches, and then where
 * the dynamic linker does. path has room for both.
 */
static const char *file_of(const char *name, char *path, size_t size)
{
    if (name[0] == '/')
        return name;
    (void)snprintf(path, size, "%s/%s", ENVELOPE_P11_MODULES, name);
    return access(path, F_OK) == 0 ? path : name;
}

/*
 * Handles a module that forgot its initialisation while p11-kit believes that it is initialised.
 * p11-kit initialises it for the first user in a process only, and with two of us (two library
 * contexts) neither is that user.
 */
static void initialise_beneath(const struct env_module *module, CK_C_INITIALIZE_ARGS *args)
{
    CK_FUNCTION_LIST *fn;
    char path[PATH_MAX];

    env_call_begin();
    fn = p11_kit_module_load(file_of(module->name, path, sizeof(path)), P11_KIT_MODULE_UNMANAGED);
    if (fn != NULL) {
        (void)fn->C_Initialize(args);
        p11_kit_module_release(fn);
    }
    env_call_end();
}

static ENV_RESULT not_initialised(const struct env_module *module, CK_RV rv,
                                  struct env_error_detail *detail)
{
    const char *hint = rv == CKR_GENERAL_ERROR ? env_seen_softhsm_hint(module->name, false) : NULL;

    return env_error_detail(
        detail, ENV_R_NO_MODULE, "%s: C_Initialize%s: %s (0x%lx)%s%s", module->name,
        module->args != NULL ? " with pkcs11-module-init-args" : "", env_ckr_name(rv),
        (unsigned long)rv, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

ENV_RESULT env_module_initialise(struct env_module *module, struct env_error_detail *detail)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK,
                                 .pReserved = (void *)(uintptr_t)module->args};
    CK_RV rv;

    if (module->initialised)
        return ENV_OK;
    /* Without arguments of ours, p11-kit's own apply (x-init-reserved in its configuration). */
    rv = ENV_P11(module->fn->C_Initialize(module->args != NULL ? &args : NULL));
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return not_initialised(module, rv, detail);
    module->initialised = true;
    module->initialised_us = rv == CKR_OK;
    rv = ENV_P11(module->fn->C_GetInfo(&module->info));
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED && module->by_path) {
        initialise_beneath(module, &args);
        rv = ENV_P11(module->fn->C_GetInfo(&module->info));
    }
    if (rv != CKR_OK)
        memset(&module->info, 0, sizeof(module->info));
    env_padding_of_module(&module->info);
    return ENV_OK;
}

bool env_module_is_softhsm(const struct env_module *module)
{
    static const char softhsm[] = "SoftHSM";

    return memcmp(module->info.manufacturerID, softhsm, sizeof(softhsm) - 1) == 0;
}

bool env_module_renames(const struct env_module *module)
{
    static const char opencryptoki[] = "openCryptoki";
    const CK_VERSION version = module->info.libraryVersion;

    return memcmp(module->info.libraryDescription, opencryptoki, sizeof(opencryptoki) - 1) != 0 ||
           version.major > 3 || (version.major == 3 && version.minor >= 23);
}

void env_module_finalise(struct env_module *module)
{
    if (module->initialised_us)
        (void)ENV_P11(module->fn->C_Finalize(NULL));
    module->initialised = false;
    module->initialised_us = false;
}

/* Puts the module in the next place of the list, which stays free if it cannot be loaded. */
static ENV_RESULT load_path(const struct env_config *config, const struct env_word *word,
                            struct env_modules *out, struct env_error_detail *detail)
{
    struct env_module *module = &out->list[out->count];
    char *name = malloc(word->len + 1);
    char path[PATH_MAX];

    if (name == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "pkcs11-module-path");
    module->fn = NULL;
    if (!env_word_decode(word, name)) {
        free(name);
        return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                "pkcs11-module-path: a %% must be followed by two hex digits");
    }
    module->by_path = true;
    env_call_begin(); /* the module's constructors run */
    module->fn = p11_kit_module_load(file_of(name, path, sizeof(path)), 0);
    env_call_end();
    if (module->fn == NULL) {
        (void)env_error_detail(detail, ENV_R_NO_MODULE, "pkcs11-module-path = %s: %s", name,
                               reason_text(CKR_GENERAL_ERROR));
        free(name);
        return ENV_FAIL(ENV_R_NO_MODULE);
    }
    module->name = name;
    module->args = config->module_init_args;
    out->count++;
    return env_module_initialise(module, detail);
}

/* If there are several, a module that does not load or start is skipped: others may stand in. */
static ENV_RESULT load_paths(const struct env_config *config, struct env_modules *out,
                             struct env_error_detail *detail)
{
    const char *at = config->module_path;
    struct env_word word;
    size_t count = 0;
    size_t usable = 0;
    ENV_RESULT r = ENV_OK;

    while (env_word_next(&at, &word))
        count++;
    if (count > 1 && config->module_init_args != NULL)
        return env_error_detail(
            detail, ENV_R_CONFIG_VALUE,
            "pkcs11-module-init-args is for one module, and pkcs11-module-path names "
            "several (p11-kit's own configuration has x-init-reserved)");
    out->list = calloc(count + 1, sizeof(*out->list));
    if (out->list == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "pkcs11-module-path");
    for (at = config->module_path; env_word_next(&at, &word);) {
        r = load_path(config, &word, out, detail);
        if (!env_ok(r) && r.reason != ENV_R_NO_MODULE)
            return r;
        usable += env_ok(r) ? 1 : 0;
    }
    if (usable > 0)
        return ENV_OK;
    if (count > 1)
        env_error_detail_behind(detail, "; a space in a path is %20");
    return r;
}

/* Uses the modules in p11-kit's configuration. One that does not start is skipped. */
static ENV_RESULT initialise_configured(struct env_modules *out, struct env_error_detail *detail)
{
    size_t usable = 0;

    for (size_t i = 0; out->configured[i] != NULL; i++) {
        struct env_module *module = &out->list[out->count++];
        bool critical =
            (p11_kit_module_get_flags(out->configured[i]) & P11_KIT_MODULE_CRITICAL) != 0;
        ENV_RESULT r;

        module->fn = out->configured[i];
        module->name = p11_kit_module_get_name(module->fn);
        if (module->name == NULL)
            return env_error_detail(detail, ENV_R_NO_MEMORY, "the modules that p11-kit knows");
        r = env_module_initialise(module, detail);
        if (!env_ok(r) && critical)
            return r;
        if (env_ok(r))
            usable++;
    }
    if (usable > 0)
        return ENV_OK;
    if (out->count > 0)
        return ENV_FAIL(detail->reason); /* detail says why the last one failed */
    return env_error_detail(detail, ENV_R_NO_MODULE,
                            "pkcs11-module-path is not set, and p11-kit knows no module");
}

static ENV_RESULT load_configured(const struct env_config *config, struct env_modules *out,
                                  struct env_error_detail *detail)
{
    size_t count = 0;

    if (config->module_init_args != NULL)
        return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                "pkcs11-module-init-args needs pkcs11-module-path (p11-kit's own "
                                "configuration has x-init-reserved)");
    env_call_begin();
    out->configured = p11_kit_modules_load(NULL, 0);
    env_call_end();
    if (out->configured == NULL)
        return env_error_detail(detail, ENV_R_NO_MODULE, "the modules that p11-kit knows: %s",
                                reason_text(CKR_GENERAL_ERROR));
    while (out->configured[count] != NULL)
        count++;
    out->list = calloc(count + 1, sizeof(*out->list));
    if (out->list == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "the modules that p11-kit knows");
    return initialise_configured(out, detail);
}

/*
 * p11-kit's proxy combines all modules that p11-kit knows, and p11-kit refuses to load it in a
 * process that uses p11-kit itself. Those modules are loaded instead.
 */
static bool is_proxy(const char *path)
{
    const char *slash = strrchr(path, '/');
    char found[PATH_MAX];

    return strcmp(slash != NULL ? slash + 1 : path, "p11-kit-proxy.so") == 0 &&
           access(file_of(path, found, sizeof(found)), F_OK) == 0;
}

ENV_RESULT env_modules_load(const struct env_config *config, struct env_modules *out,
                            struct env_error_detail *detail)
{
    ENV_RESULT r;

    memset(out, 0, sizeof(*out));
    r = config->module_path != NULL && !is_proxy(config->module_path)
            ? load_paths(config, out, detail)
            : load_configured(config, out, detail);
    if (!env_ok(r))
        env_modules_release(out);
    else
        env_close_fork_gate_at_exit();
    return r;
}

void env_modules_release(struct env_modules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        env_module_finalise(&modules->list[i]);
    env_call_begin(); /* the module's destructors may run */
    if (modules->configured != NULL)
        p11_kit_modules_release(modules->configured);
    for (size_t i = 0; modules->configured == NULL && i < modules->count; i++)
        p11_kit_module_release(modules->list[i].fn);
    env_call_end();
    modules->configured = NULL;
    env_modules_forget(modules);
}

void env_modules_forget(struct env_modules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        free(modules->list[i].name);
    free(modules->list);
    memset(modules, 0, sizeof(*modules));
}
