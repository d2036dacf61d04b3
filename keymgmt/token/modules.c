/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/modules.h"

#include <p11-kit/p11-kit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/config_list.h"

/* p11-kit's own account of what went wrong: it has dlerror's text. */
static const char *reason_text(CK_RV rv)
{
    const char *message = p11_kit_message();

    return message != NULL ? message : env_ckr_name(rv);
}

/*
 * A module that forgot that it was initialised, while p11-kit believes that it is: p11-kit calls it
 * for the first user of a process alone, and with two of us (two library contexts) neither is that.
 */
static void initialise_beneath(const struct env_module *module, CK_C_INITIALIZE_ARGS *args)
{
    CK_FUNCTION_LIST *fn;

    env_call_begin();
    fn = p11_kit_module_load(module->name, P11_KIT_MODULE_UNMANAGED);
    if (fn != NULL) {
        (void)fn->C_Initialize(args);
        p11_kit_module_release(fn);
    }
    env_call_end();
}

ENV_RESULT env_module_initialise(struct env_module *module, struct env_fault *fault)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK,
                                 .pReserved = (void *)(uintptr_t)module->args};
    CK_RV rv;

    if (module->initialised)
        return ENV_OK;
    /* Without arguments of ours p11-kit's own apply (x-init-reserved of its configuration). */
    rv = ENV_P11(module->fn->C_Initialize(module->args != NULL ? &args : NULL));
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return env_fault(fault, ENV_R_NO_MODULE, "%s: C_Initialize%s: %s (0x%lx)", module->name,
                         module->args != NULL ? " with pkcs11-module-init-args" : "",
                         env_ckr_name(rv), (unsigned long)rv);
    module->initialised = true;
    module->initialised_us = rv == CKR_OK;
    rv = ENV_P11(module->fn->C_GetInfo(&module->info));
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED && module->by_path) {
        initialise_beneath(module, &args);
        rv = ENV_P11(module->fn->C_GetInfo(&module->info));
    }
    if (rv != CKR_OK)
        memset(&module->info, 0, sizeof(module->info));
    return ENV_OK;
}

void env_module_finalise(struct env_module *module)
{
    if (module->initialised_us)
        (void)ENV_P11(module->fn->C_Finalize(NULL));
    module->initialised = false;
    module->initialised_us = false;
}

/* Into the list's next place, which stays free when the module can not be loaded. */
static ENV_RESULT load_path(const struct env_config *config, const struct env_word *word,
                            struct env_modules *out, struct env_fault *fault)
{
    struct env_module *module = &out->list[out->count];
    char *name = malloc(word->len + 1);

    if (name == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "pkcs11-module-path");
    module->fn = NULL;
    if (!env_word_decode(word, name)) {
        free(name);
        return env_fault(fault, ENV_R_CONFIG_VALUE,
                         "pkcs11-module-path: a %% is followed by two hex digits");
    }
    module->by_path = true;
    env_call_begin(); /* the module's constructors run */
    module->fn = p11_kit_module_load(name, 0);
    env_call_end();
    if (module->fn == NULL) {
        (void)env_fault(fault, ENV_R_NO_MODULE, "pkcs11-module-path = %s: %s", name,
                        reason_text(CKR_GENERAL_ERROR));
        free(name);
        return ENV_FAIL(ENV_R_NO_MODULE);
    }
    module->name = name;
    module->args = config->module_init_args;
    out->count++;
    return env_module_initialise(module, fault);
}

/* Of several modules one that does not load or start is passed over: others may stand in. */
static ENV_RESULT load_paths(const struct env_config *config, struct env_modules *out,
                             struct env_fault *fault)
{
    const char *at = config->module_path;
    struct env_word word;
    size_t count = 0;
    size_t usable = 0;
    ENV_RESULT r = ENV_OK;

    while (env_word_next(&at, &word))
        count++;
    if (count > 1 && config->module_init_args != NULL)
        return env_fault(fault, ENV_R_CONFIG_VALUE,
                         "pkcs11-module-init-args is for one module, and pkcs11-module-path names "
                         "several (p11-kit's own configuration has x-init-reserved)");
    out->list = calloc(count + 1, sizeof(*out->list));
    if (out->list == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "pkcs11-module-path");
    for (at = config->module_path; env_word_next(&at, &word);) {
        r = load_path(config, &word, out, fault);
        if (!env_ok(r) && r.reason != ENV_R_NO_MODULE)
            return r;
        usable += env_ok(r) ? 1 : 0;
    }
    return usable > 0 ? ENV_OK : r;
}

/* Takes the modules that p11-kit's configuration names; one that does not start is passed over. */
static ENV_RESULT initialise_configured(struct env_modules *out, struct env_fault *fault)
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
            return env_fault(fault, ENV_R_NO_MEMORY, "the modules that p11-kit knows");
        r = env_module_initialise(module, fault);
        if (!env_ok(r) && critical)
            return r;
        if (env_ok(r))
            usable++;
    }
    if (usable > 0)
        return ENV_OK;
    if (out->count > 0)
        return ENV_FAIL(fault->reason); /* why the last of them failed */
    return env_fault(fault, ENV_R_NO_MODULE,
                     "pkcs11-module-path is not set, and p11-kit knows no module");
}

static ENV_RESULT load_configured(const struct env_config *config, struct env_modules *out,
                                  struct env_fault *fault)
{
    size_t count = 0;

    if (config->module_init_args != NULL)
        return env_fault(fault, ENV_R_CONFIG_VALUE,
                         "pkcs11-module-init-args needs pkcs11-module-path (p11-kit's own "
                         "configuration has x-init-reserved)");
    env_call_begin();
    out->configured = p11_kit_modules_load(NULL, 0);
    env_call_end();
    if (out->configured == NULL)
        return env_fault(fault, ENV_R_NO_MODULE, "the modules that p11-kit knows: %s",
                         reason_text(CKR_GENERAL_ERROR));
    while (out->configured[count] != NULL)
        count++;
    out->list = calloc(count + 1, sizeof(*out->list));
    if (out->list == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "the modules that p11-kit knows");
    return initialise_configured(out, fault);
}

/*
 * p11-kit's proxy is all the modules that p11-kit knows in the shape of one, and p11-kit refuses to
 * load it in a process that goes through p11-kit itself: those modules are what is meant.
 */
static bool is_proxy(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "p11-kit-proxy.so") == 0 &&
           access(path, F_OK) == 0;
}

ENV_RESULT env_modules_load(const struct env_config *config, struct env_modules *out,
                            struct env_fault *fault)
{
    ENV_RESULT r;

    memset(out, 0, sizeof(*out));
    r = config->module_path != NULL && !is_proxy(config->module_path)
            ? load_paths(config, out, fault)
            : load_configured(config, out, fault);
    if (!env_ok(r))
        env_modules_release(out);
    else
        env_close_gate_at_exit();
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
