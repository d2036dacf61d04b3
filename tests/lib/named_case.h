/* SPDX-License-Identifier: Apache-2.0 */
/* Key files of a test's own, in a folder of its own, under fake KEKs. */
#ifndef ENVELOPE_TESTS_NAMED_CASE_H
#define ENVELOPE_TESTS_NAMED_CASE_H

#include "caller.h"
#include "envelope/named/key_file.h"
#include "envelope/named/stand_in.h"
#include "fake_keyring.h"
#include "temporary.h"

/* What a key file is made from; what is left 0 is usual. */
struct named_recipe {
    const char *name; /* "orders" */
    uint32_t number;  /* 1 */
    const char *uses; /* "AES-256-GCM" */
    size_t key_len;   /* what the uses say */
    uint8_t fill;     /* the key is that byte and those that follow it; 1 */
    bool mixed;
    enum env_named_origin origin;
    int64_t seal_from;
    int64_t not_after;
    const char *stand_in; /* a given one: its hash is taken; else one is made */
    bool without_stand_in;
};

struct named_made {
    char stand_in[ENV_STAND_IN_MAX + 1];
    uint8_t key[ENV_NAMED_KEY_MAX];
    size_t key_len;
};

extern OSSL_LIB_CTX *named_libctx;
extern struct env_dek_context *named_context;
extern struct env_config *named_config; /* the provider's: keys-directory is the folder */
extern char named_folder[TEMPORARY_PATH];

/* A checked fixture. */
void named_set_up(void);
void named_tear_down(void);

/* Another text of the configuration; NULL: none. */
void named_configure(char **field, const char *value);

/* Its two parts. sealed is what the caller frees with env_secret_free. */
struct env_named_sealed *named_parts(const struct named_recipe *recipe,
                                     struct env_named_clear *clear, struct named_made *made);
/* The bytes of a key file, and the same in the folder. */
struct bytes named_bytes(const struct named_recipe *recipe, struct named_made *made);
struct named_made named_put(const struct named_recipe *recipe);
/* Whatever bytes, as a file of the folder; NULL: the file goes. */
void named_put_file(const char *file, const struct bytes *bytes);
/* Takes it away, whether there or not. */
void named_remove(const char *name, uint32_t number);
/* Makes the folder look like one that changed, however coarse the clock of its times is. */
void named_touch_folder(void);

#endif
