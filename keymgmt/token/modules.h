/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules, loaded through p11-kit: it counts who uses a module in this process, so that
 * neither our C_Initialize nor our C_Finalize gets in the way of others who go through it, and it
 * knows about forks.
 */
#ifndef ENVELOPE_MODULES_H
#define ENVELOPE_MODULES_H

#include <stdint.h>

#include "envelope/base/config.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/p11.h"

struct env_module {
    CK_FUNCTION_LIST *fn;
    char *name;          /* for messages: the configured path or p11-kit's name */
    bool by_path;        /* and not by p11-kit's configuration */
    const char *args;    /* pReserved, or NULL; belongs to the configuration */
    uint64_t restarts;   /* how often it was finalised to be started afresh */
    bool initialised;    /* this process may call it */
    bool initialised_us; /* and it is for us to finalise it */
    CK_INFO info;
};

struct env_modules {
    size_t count;
    struct env_module *list;
    CK_FUNCTION_LIST **configured; /* p11-kit's array, when the modules are those that it knows */
};

/* Loads and initialises. NO_MODULE, CONFIG_VALUE. On failure *out holds nothing. */
ENV_RESULT env_modules_load(const struct env_config *config, struct env_modules *out,
                            struct env_error_detail *detail);

/* Initialises the module unless it is. NO_MODULE. */
ENV_RESULT env_module_initialise(struct env_module *module, struct env_error_detail *detail);

/* By what it says of itself, once it is initialised. */
bool env_module_is_softhsm(const struct env_module *module);

/*
 * Whether the attributes of a pair of keys may be changed after it was made: openCryptoki
 * before 3.23 then crashes programs with several threads.
 */
bool env_module_renames(const struct env_module *module);

/* Ends our use of it; the module itself ends when nobody else uses it. No session of ours is open.
 */
void env_module_finalise(struct env_module *module);

/* Finalises and releases all. */
void env_modules_release(struct env_modules *modules);

/* Frees our memory and calls nothing: in a child of fork, and when the process is ending. */
void env_modules_forget(struct env_modules *modules);

#endif
