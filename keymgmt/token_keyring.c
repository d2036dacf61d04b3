/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token_keyring.h"

#include <string.h>

#include "envelope/base/fork_gate.h"
#include "keymgmt/kek/find_kek.h"
#include "keymgmt/list_keks.h"
#include "keymgmt/make_kek.h"
#include "keymgmt/token/ring.h"
#include "keymgmt/select_keks.h"
#include "keymgmt/token/query.h"
#include "keymgmt/kek/replicas.h"

static struct env_ring *from_base(struct env_keyring *base)
{
    return (struct env_ring *)base;
}

static ENV_RESULT ring_select(struct env_keyring *base, const struct env_selector *selector,
                              struct env_kek_list *out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    out->count = 0;
    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_select_keks(ring, selector, out, &fault);
    if (!env_ok(r)) {
        env_kek_list_clear(out);
        r = env_fault_raise(ring->errors, &fault);
    }
    env_gate_leave();
    return r;
}

static ENV_RESULT lookup(struct env_ring *ring, const struct env_kek_id *id, enum env_wrap_alg alg,
                         struct env_kek **out, struct env_fault *fault)
{
    size_t bits = env_aes_alg_bits(alg); /* 0: RSA */
    const struct env_cache_name name = {ENV_CACHE_ID, (unsigned)bits, id->bytes, id->len};
    struct env_query query;

    env_query_from_id(&query, id, bits);
    ENV_TRY(env_find_kek(ring, &query, &name, true, out, fault));
    /* a key found by its public half may have another id than the header says */
    if (env_standins_may_open(*out) || env_open_kek_allows(ring->config->open_kek, "", id))
        return ENV_OK;
    env_kek_free(*out);
    *out = NULL;
    return env_fault(fault, ENV_R_KEK_NOT_ALLOWED, "id %s", query.shown);
}

static ENV_RESULT ring_lookup(struct env_keyring *base, const struct env_kek_id *id,
                              enum env_wrap_alg alg, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    *out = NULL;
    if (alg == ENV_WRAP_NONE || id->len < 1 || id->len > ENV_KEK_ID_MAX)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = lookup(ring, id, alg, out, &fault);
    env_gate_leave();
    if (env_ok(r))
        return r;
    if (r.reason == ENV_R_KEK_NOT_FOUND)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    return env_fault_raise(ring->errors, &fault);
}

/* A query for KEKs that are to be shown; a PIN in a URI is kept for the token's login. */
static ENV_RESULT query_to_show(struct env_ring *ring, struct env_query *query, const char *text,
                                struct env_fault *fault)
{
    if (text != NULL && env_uri_is(text))
        ENV_TRY(env_pin_remember_uri(&ring->pins, text, fault));
    return env_query_to_show(query, text, fault);
}

static ENV_RESULT find_shown(struct env_ring *ring, const char *text, struct env_kek **out,
                             struct env_fault *fault)
{
    struct env_cache_name name = {ENV_CACHE_SHOWN, 0, NULL, 0};
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(query_to_show(ring, &query, text, fault));
    name.bytes = query.uri_text != NULL ? query.uri_text : query.label;
    name.len = strlen(name.bytes);
    r = env_find_kek(ring, &query, &name, false, out, fault);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT ring_find(struct env_keyring *base, const char *name, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = find_shown(ring, name, out, &fault);
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT ring_list(struct env_keyring *base, const char *uri, env_take_kek_fn *take,
                            void *arg)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    struct env_query query;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = query_to_show(ring, &query, uri, &fault);
    if (env_ok(r)) {
        r = env_list_keks(ring, &query, take, arg, &fault);
        env_query_clear(&query);
    }
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT ring_generate(struct env_keyring *base, const struct env_kek_request *request,
                                struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_make_kek(ring, request, out, &fault);
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT ring_select_raw(struct env_keyring *base, const struct env_selector *selector,
                                  size_t bits, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    *out = NULL;
    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_select_raw_kek(ring, selector, bits, out, &fault);
    env_gate_leave();
    return env_ok(r) ? r : env_fault_raise(ring->errors, &fault);
}

static void ring_free(struct env_keyring *base)
{
    struct env_ring *ring = from_base(base);

    env_gate_enter();
    env_kek_cache_empty(&ring->cache); /* each KEK in it refers to the ring */
    env_kek_cache_empty(&ring->files);
    env_ring_unref(ring);
    env_gate_leave();
}

static const struct env_keyring_vtable vtable = {
    .free = ring_free,
    .select = ring_select,
    .lookup = ring_lookup,
    .select_raw = ring_select_raw,
    .find = ring_find,
    .list = ring_list,
    .generate = ring_generate,
};

ENV_RESULT env_token_keyring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                 const struct env_errors *errors, struct env_keyring **out)
{
    struct env_ring *ring;
    ENV_RESULT r = env_gate_prepare();

    if (!env_ok(r))
        return ENV_RAISE(errors, r.reason, "%s", "");
    ENV_TRY(env_ring_new(config, libctx, errors, &vtable, &ring));
    *out = &ring->base;
    return ENV_OK;
}

void env_token_keyring_ask_pin(struct env_keyring *base, env_ask_pin_fn *ask, void *arg)
{
    struct env_ring *ring = from_base(base);

    ring->pins.ask = ask;
    ring->pins.ask_arg = arg;
}
