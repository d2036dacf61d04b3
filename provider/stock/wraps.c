/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/wraps.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "provider/stock/look.h"

struct env_spliced_wrap {
    struct env_wrap_splice splice; /* first member: it is what callers get */
    const OSSL_CORE_HANDLE *held[ENV_HELD_MAX];
    size_t held_count;
};

/* The first function with this number, as libcrypto reads a table. */
static void (*function(const OSSL_DISPATCH *table, int id))(void)
{
    while (table->function_id != 0 && table->function_id != id)
        table++;
    return table->function_id != 0 ? table->function : NULL;
}

#define TAKE(table, what, ID)                                                                      \
    ((OSSL_FUNC_cipher_##what##_fn *)function((table), OSSL_FUNC_CIPHER_##ID))

static void fill(struct env_wrap_splice *splice, const struct env_found *found)
{
    const OSSL_DISPATCH *table = found->entry->implementation;

    splice->stock = found->stock;
    splice->newctx = TAKE(table, newctx, NEWCTX);
    splice->freectx = TAKE(table, freectx, FREECTX);
    splice->encrypt_init = TAKE(table, encrypt_init, ENCRYPT_INIT);
    splice->decrypt_init = TAKE(table, decrypt_init, DECRYPT_INIT);
    splice->update = TAKE(table, update, UPDATE);
    splice->final = TAKE(table, final, FINAL);
    splice->dupctx = TAKE(table, dupctx, DUPCTX);
    splice->get_ctx_params = TAKE(table, get_ctx_params, GET_CTX_PARAMS);
    splice->set_ctx_params = TAKE(table, set_ctx_params, SET_CTX_PARAMS);
    splice->gettable_ctx_params = TAKE(table, gettable_ctx_params, GETTABLE_CTX_PARAMS);
    splice->settable_ctx_params = TAKE(table, settable_ctx_params, SETTABLE_CTX_PARAMS);
}

static struct env_spliced_wrap *make(struct env_provctx *provctx, const char *name, bool fips)
{
    struct env_look look;
    struct env_spliced_wrap *made = NULL;

    if (env_look_for_wrap(provctx, name, fips, &look) && look.wrap.entry != NULL)
        made = OPENSSL_zalloc(sizeof(*made));
    if (made == NULL) {
        env_held_release(provctx, look.held, look.held_count);
        return NULL;
    }
    fill(&made->splice, &look.wrap);
    memcpy(made->held, look.held, sizeof(made->held));
    made->held_count = look.held_count;
    return made;
}

static void drop(const struct env_provctx *provctx, struct env_spliced_wrap *wrap)
{
    if (wrap == NULL)
        return;
    env_held_release(provctx, wrap->held, wrap->held_count);
    OPENSSL_free(wrap);
}

const struct env_wrap_splice *env_wrap_splice(struct env_provctx *provctx, unsigned number,
                                              const char *name, bool fips)
{
    _Atomic(struct env_spliced_wrap *) *place = &provctx->wraps[fips][number];
    struct env_spliced_wrap *known = atomic_load_explicit(place, memory_order_acquire);
    struct env_spliced_wrap *made;

    if (known != NULL)
        return &known->splice;
    made = provctx->foreign_libcrypto ? NULL : make(provctx, name, fips);
    if (made == NULL)
        return NULL;
    if (atomic_compare_exchange_strong(place, &known, made))
        return &made->splice;
    drop(provctx, made); /* another thread was faster */
    return &known->splice;
}

void env_wrap_splices_end(struct env_provctx *provctx)
{
    for (size_t i = 0; i < ENV_WRAP_KINDS; i++) {
        drop(provctx, atomic_exchange(&provctx->wraps[false][i], NULL));
        drop(provctx, atomic_exchange(&provctx->wraps[true][i], NULL));
    }
}
