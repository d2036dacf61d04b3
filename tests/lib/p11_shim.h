/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between the keyring and the modules that it loads by path: counts calls, makes them fail
 * and changes what tokens say of themselves. It takes the place of p11_kit_module_load, which a
 * program's own definition of that name does.
 */
#ifndef TEST_P11_SHIM_H
#define TEST_P11_SHIM_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

enum shim_function {
    SHIM_INITIALIZE,
    SHIM_FINALIZE,
    SHIM_GET_SLOT_LIST,
    SHIM_GET_TOKEN_INFO,
    SHIM_GET_SESSION_INFO,
    SHIM_OPEN_SESSION,
    SHIM_CLOSE_SESSION,
    SHIM_LOGIN,
    SHIM_FIND_OBJECTS_INIT,
    SHIM_GET_ATTRIBUTE_VALUE,
    SHIM_CREATE_OBJECT,
    SHIM_DESTROY_OBJECT,
    SHIM_GENERATE_KEY_PAIR,
    SHIM_GENERATE_RANDOM,
    SHIM_ENCRYPT_INIT,
    SHIM_ENCRYPT,
    SHIM_DECRYPT_INIT,
    SHIM_DECRYPT,
    SHIM_WRAP_KEY,
    SHIM_UNWRAP_KEY,
    SHIM_FUNCTIONS,
};

/* Off and with nothing set; every test begins so. While it is off modules are loaded untouched. */
void shim_reset(void);
void shim_on(void);

unsigned shim_count(enum shim_function function);
/* All calls together. */
unsigned shim_total(void);
/* How many threads made them. */
unsigned shim_threads(void);
void shim_forget_counts(void);

/* The next `times` calls fail with rv and do not reach the module. */
void shim_fail(enum shim_function function, CK_RV rv, unsigned times);

/* The same after so many that are good. */
void shim_fail_later(enum shim_function function, unsigned good_before, CK_RV rv, unsigned times);

/* How many of them are still to come. */
unsigned shim_failures_left(enum shim_function function);

/* The next call of it is made and then changes one byte of its output. */
void shim_corrupt_next(enum shim_function function);

/* Every call takes this much longer. */
void shim_delay_us(unsigned us);

/* The next call of all first does this. */
void shim_do_inside(void (*what)(void));

/* While *inside is true (see env_token_inside_call), calls are as they should be. */
void shim_expect_inside(bool (*inside)(void));
bool shim_was_called_outside(void);

/* Flags that C_GetTokenInfo adds and takes away. */
void shim_token_flags(CK_FLAGS add, CK_FLAGS remove);
/* Those that it adds as soon as a C_Login was made to fail. */
void shim_token_flags_when_login_fails(CK_FLAGS add);
/* The token locks after so many wrong PINs of all processes that are forked from now on. */
void shim_lock_after(unsigned tries);
/* How many of them there were. */
unsigned shim_wrong_pins(void);
/* C_Login has to be called without a PIN, as for a PIN pad; the module gets the right one. */
void shim_expect_null_pin(void);
/* Labels, models, manufacturers and serial numbers are padded with NULs instead of blanks. */
void shim_pad_with_nuls(void);
/* How many logins for one use of a key (CKU_CONTEXT_SPECIFIC) there were. */
unsigned shim_logins_for_use(void);
/* The result of C_GetMechanismInfo for a mechanism; at most four. */
void shim_mechanism(CK_MECHANISM_TYPE type, CK_FLAGS flags);
/* An attribute that the token does not know any more. */
void shim_hide_attribute(CK_ATTRIBUTE_TYPE type);
/* One whose length alone cannot be asked for, as through p11-kit 0.24's socket. */
void shim_no_length_of(CK_ATTRIBUTE_TYPE type);
/* The next time that the attribute is read it seems to be this much longer. */
void shim_lengthen_next(CK_ATTRIBUTE_TYPE type, CK_ULONG by);
/* C_GenerateKeyPair refuses the attribute, whatever its value. */
void shim_pair_refuses(CK_ATTRIBUTE_TYPE type);
/* C_UnwrapKey refuses templates longer than this (0: none), as some tokens do. */
void shim_unwrap_template_max(CK_ULONG count);
/* C_CreateObject and C_UnwrapKey refuse CKA_PRIVATE false, as some tokens do. */
void shim_no_public_objects(void);
/* How many of their templates had CKA_PRIVATE true. */
unsigned shim_private_objects(void);
/* C_Encrypt with AES-GCM makes up a nonce of its own, as FIPS tokens do: 0x77, and a last byte that
 * counts. */
void shim_gcm_chooses_nonce(void);
/* How many sessions of ours may be open at once (0: no limit). */
void shim_session_limit(unsigned limit);

/* How many slots C_GetSlotList says there are when it is asked for the number (0: the truth). */
void shim_slot_count(CK_ULONG count);

/* The functions of the module underneath, that the keyring loaded last. */
CK_FUNCTION_LIST *shim_real(void);

#endif
