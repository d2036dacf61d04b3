/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules, loaded through p11-kit. It counts the users of a module in this process, so that
 * our C_Initialize and C_Finalize do not affect others that use p11-kit, and it handles forks.
 */
#ifndef ENVELOPE_MODULES_H
#define ENVELOPE_MODULES_H

#include <stdint.h>

#include "envelope/base/config.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/p11.h"

struct env_module {
    CK_FUNCTION_LIST *fn;
    char *name;          /* for messages: the configured path, or p11-kit's name */
    bool by_path;        /* loaded by path, not from p11-kit's configuration */
    const char *args;    /* pReserved, or NULL; belongs to the configuration */
    uint64_t restarts;   /* how often it was finalised and initialised again */
    bool initialised;    /* this process may call it */
    bool initialised_us; /* we initialised it, and must finalise it */
    CK_INFO info;
};

struct env_modules {
    size_t count;
    struct env_module *list;
    CK_FUNCTION_LIST **configured; /* p11-kit's array, if the modules come from its configuration */
};

/* Loads and initialises. Fails with NO_MODULE or CONFIG_VALUE, and *out is empty then. */
ENV_RESULT env_modules_load(const struct env_config *config, struct env_modules *out,
                            struct env_error_detail *detail);

/* Initialises the module unless it is initialised. Fails with NO_MODULE. */
ENV_RESULT env_module_initialise(struct env_module *module, struct env_error_detail *detail);

/* Decided by the module's own description, once it is initialised. */
bool env_module_is_softhsm(const struct env_module *module);

/*
 * Whether a key pair's attributes may be changed after it was made. openCryptoki before 3.23
 * crashes multi-threaded programs after that.
 */
bool env_module_renames(const struct env_module *module);

/*
 * Ends our use of the module; p11-kit finalises it when nobody else uses it. No session of ours may
 * be open.
 */
void env_module_finalise(struct env_module *module);

/* Finalises and releases all modules. */
void env_modules_release(struct env_modules *modules);

/* Frees our memory without calling a module: for a forked child, and when the process is ending. */
void env_modules_forget(struct env_modules *modules);

#endif
