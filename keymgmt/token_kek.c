/* SPDX-License-Identifier: Apache-2.0 */
#include "token_kek.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "policy.h"

/* Where the key is: good for as long as the token's epoch is the same. */
struct place {
    uint64_t epoch;
    CK_OBJECT_HANDLE handle;
    unsigned uses;
};

struct env_token_kek {
    struct env_kek base;
    _Atomic unsigned refs;
    struct env_ring *ring;
    struct env_token_name token;
    struct env_kek_id id;
    struct env_key_facts facts; /* as they were when it was found first */
    bool may_open;
    char where[ENV_FAULT_TEXT / 2]; /* the key and its token, for messages */
    pthread_mutex_t place_lock;
    struct place place;
    pthread_mutex_t prepare_lock;
    _Atomic bool prepared;
    struct env_aes_method sealing; /* once prepared */
};

/* What is done with the key, in a session that is logged in. */
typedef ENV_RESULT operation_fn(struct env_key_use *use, void *arg);

struct operation {
    struct env_token_kek *kek;
    operation_fn *run;
    void *arg;
};

static struct env_token_kek *from_base(struct env_kek *kek)
{
    return (struct env_token_kek *)kek;
}

static struct place get_place(struct env_token_kek *kek)
{
    struct place place;

    (void)pthread_mutex_lock(&kek->place_lock);
    place = kek->place;
    (void)pthread_mutex_unlock(&kek->place_lock);
    return place;
}

static void set_place(struct env_token_kek *kek, const struct place *place)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->place = *place;
    (void)pthread_mutex_unlock(&kek->place_lock);
}

static ENV_RESULT gone(struct env_token_kek *kek, enum env_loss cured, struct env_fault *fault)
{
    ENV_RESULT r = env_fault(fault, ENV_R_KEK_NOT_FOUND, "%s is gone", kek->where);

    /* A token whose ground was taken away looks empty until its module is started afresh. */
    if (cured < ENV_LOSS_MODULE && env_ring_is_due(&kek->ring->last_restart))
        fault->loss = ENV_LOSS_MODULE;
    return r;
}

/* The key that has the same names may be another by now, so it is judged again. */
static ENV_RESULT accept(struct env_token_kek *kek, struct env_token *token,
                         const struct env_session *session, const struct env_key_facts *key,
                         struct place *place, struct env_fault *fault)
{
    ENV_TRY(env_policy_judge(kek->ring->config, key, token, fault));
    ENV_TRY(env_aes_uses(token, key, &place->uses, fault));
    place->handle = key->handle;
    place->epoch = session->epoch;
    set_place(kek, place);
    return ENV_OK;
}

static ENV_RESULT find_again(struct env_token_kek *kek, struct env_token *token,
                             const struct env_session *session, enum env_loss cured,
                             struct place *place, struct env_fault *fault)
{
    struct env_found *found = malloc(sizeof(*found));
    struct env_query query;
    ENV_RESULT r;

    if (found == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", kek->where);
    env_query_from_id(&query, &kek->id, kek->facts.bits);
    query.by_label = kek->facts.label_len > 0;
    query.label_len = kek->facts.label_len;
    memcpy(query.label, kek->facts.label, sizeof(query.label));
    r = env_login_check(token, session, &kek->ring->pins, fault);
    if (env_ok(r))
        r = env_find_keys(token, session, &query, found, fault);
    if (env_ok(r) && found->count == 0)
        r = gone(kek, cured, fault);
    else if (env_ok(r) && found->count > 1)
        r = env_fault(fault, ENV_R_KEK_AMBIGUOUS, "%s is there more than once", kek->where);
    else if (env_ok(r))
        r = accept(kek, token, session, &found->keys[0], place, fault);
    env_query_clear(&query);
    free(found);
    return r;
}

/*
 * A code that may mean bad data as well as a lost token: as long as the token answers everything
 * else, and knows the key, it was the data.
 */
static void probe(const struct env_key_use *use)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_KEY_TYPE type;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CK_SESSION_INFO session_info;
    CK_TOKEN_INFO token_info;
    CK_BYTE byte;
    CK_RV rv;

    if (!env_ckr_ambiguous(use->fault->rv))
        return;
    rv = ENV_P11(fn->C_GetSessionInfo(use->session->handle, &session_info));
    if (rv == CKR_OK)
        rv = ENV_P11(fn->C_GetTokenInfo(use->token->slot, &token_info));
    if (rv == CKR_OK)
        rv = ENV_P11(fn->C_GetAttributeValue(use->session->handle, use->key, &attribute, 1));
    if (rv == CKR_OK && (token_info.flags & CKF_RNG) != 0) /* what only the device can answer */
        rv = ENV_P11(fn->C_GenerateRandom(use->session->handle, &byte, 1));
    use->fault->loss = env_ckr_ambiguous(rv) ? ENV_LOSS_MODULE : env_ckr_loss(rv);
    if (use->fault->loss != ENV_LOSS_NONE && use->fault->reason == ENV_R_NOT_AUTHENTIC)
        use->fault->reason = ENV_R_UNWRAP_FAILED;
}

static ENV_RESULT use_key(struct operation *operation, struct env_token *token,
                          struct env_session *session, const struct place *place,
                          struct env_fault *fault)
{
    struct env_token_kek *kek = operation->kek;
    struct env_key_use use = {
        .token = token,
        .session = session,
        .key = place->handle,
        .bits = kek->facts.bits,
        .uses = place->uses,
        .where = kek->where,
        .fault = fault,
    };
    ENV_RESULT r = operation->run(&use, operation->arg);

    if (use.session_spoiled)
        session->epoch = 0; /* no epoch of a pool: it is closed when it is given back */
    if (env_ok(r))
        return r;
    probe(&use);
    return ENV_FAIL(fault->reason);
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct operation *operation = arg;
    struct env_token_kek *kek = operation->kek;
    struct place place = get_place(kek);
    struct env_token *token = env_tokens_of_epoch(ring->tokens, place.epoch);
    bool known = token != NULL && cured != ENV_LOSS_KEY;
    struct env_session session;
    ENV_RESULT r = ENV_OK;

    if (token == NULL)
        token = env_tokens_named(ring->tokens, &kek->token);
    if (token == NULL) {
        r = env_fault(fault, ENV_R_TOKEN_FAILED, "%s: the token is gone", kek->where);
        fault->loss = cured < ENV_LOSS_SLOT ? ENV_LOSS_SLOT : ENV_LOSS_MODULE;
        return r;
    }
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_ring_session(ring, token, &session, fault));
    if (!known)
        r = find_again(kek, token, &session, cured, &place, fault);
    if (env_ok(r))
        r = use_key(operation, token, &session, &place, fault);
    env_session_give(&token->sessions, &session, env_ok(r) || fault->loss == ENV_LOSS_NONE);
    return r;
}

static ENV_RESULT perform(struct env_token_kek *kek, operation_fn *run, void *arg,
                          struct env_fault *fault)
{
    struct operation operation = {kek, run, arg};

    return env_ring_attempt(kek->ring, attempt, &operation, fault);
}

struct wrapping {
    struct env_aes_method method;
    const uint8_t *dek;
    struct env_wrapped *out;
};

static ENV_RESULT wrap_operation(struct env_key_use *use, void *arg)
{
    const struct wrapping *wrapping = arg;

    return env_aes_wrap(use, wrapping->method, wrapping->dek, wrapping->out);
}

struct unwrapping {
    const struct env_wrapped *wrapped;
    uint8_t *dek;
};

static ENV_RESULT unwrap_operation(struct env_key_use *use, void *arg)
{
    const struct unwrapping *unwrapping = arg;

    return env_aes_unwrap(use, unwrapping->wrapped, unwrapping->dek);
}

/* *refused: the token does not do it in this way after all, so that another may be tried. */
static ENV_RESULT self_test(struct env_token_kek *kek, struct env_aes_method method, bool *refused,
                            struct env_fault *fault)
{
    uint8_t secret[ENV_DEK_LEN];
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    struct wrapping wrapping = {method, secret, &wrapped};
    struct unwrapping unwrapping = {&wrapped, back};
    bool opens = env_aes_can_open(get_place(kek).uses, method.family);
    ENV_RESULT r;

    *refused = false;
    if (RAND_bytes(secret, sizeof(secret)) != 1)
        return env_fault(fault, ENV_R_RANDOM_FAILED, "%s", kek->where);
    r = perform(kek, wrap_operation, &wrapping, fault);
    if (env_ok(r) && opens)
        r = perform(kek, unwrap_operation, &unwrapping, fault);
    *refused = !env_ok(r) && env_ckr_mechanism_unusable(fault->rv);
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: %s", kek->where, env_ckr_name(fault->rv));
    if (env_ok(r) && opens && CRYPTO_memcmp(secret, back, sizeof(secret)) != 0)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: other bytes came back", kek->where);
    return r;
}

/* With prepare_lock. */
static ENV_RESULT choose_sealing(struct env_token_kek *kek, struct env_fault *fault)
{
    enum env_wrap_choice choice = kek->ring->config->wrap_choice;
    struct env_aes_method methods[ENV_AES_METHODS_MAX];
    size_t count = env_aes_sealing_methods(get_place(kek).uses, choice, methods);
    ENV_RESULT r;

    if (count == 0)
        return env_aes_usage_fault(choice, &kek->facts, kek->where, fault);
    for (size_t i = 0;; i++) {
        bool refused;
        struct env_fault last;

        r = self_test(kek, methods[i], &refused, fault);
        if (env_ok(r)) {
            kek->sealing = methods[i];
            atomic_store(&kek->prepared, true);
            return r;
        }
        if (!refused)
            return r;
        if (i + 1 == count) {
            last = *fault;
            return env_fault(fault, ENV_R_KEK_USAGE, "%.*s", (int)sizeof(last.text) - 1, last.text);
        }
    }
}

ENV_RESULT env_token_kek_prepare(struct env_kek *base, struct env_fault *fault)
{
    struct env_token_kek *kek = from_base(base);
    ENV_RESULT r = ENV_OK;

    if (atomic_load(&kek->prepared))
        return r;
    (void)pthread_mutex_lock(&kek->prepare_lock);
    if (!atomic_load(&kek->prepared))
        r = choose_sealing(kek, fault);
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

/* What the world hears of an operation. */
static ENV_RESULT finish(struct env_token_kek *kek, ENV_RESULT r, const struct env_fault *fault)
{
    if (r.reason == ENV_R_KEK_NOT_FOUND)
        env_kek_cache_remove(&kek->ring->cache, &kek->base);
    if (env_ok(r) || r.reason == ENV_R_NOT_AUTHENTIC)
        return ENV_FAIL(r.reason);
    return env_fault_raise(kek->ring->errors, fault);
}

static ENV_RESULT kek_wrap(struct env_kek *base, const uint8_t dek[ENV_DEK_LEN],
                           struct env_wrapped *out)
{
    struct env_token_kek *kek = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    env_gate_enter();
    r = env_token_kek_prepare(base, &fault);
    if (env_ok(r)) {
        struct wrapping wrapping = {kek->sealing, dek, out};

        r = perform(kek, wrap_operation, &wrapping, &fault);
    }
    r = finish(kek, r, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT kek_unwrap(struct env_kek *base, const struct env_wrapped *wrapped,
                             uint8_t dek[ENV_DEK_LEN])
{
    struct env_token_kek *kek = from_base(base);
    struct unwrapping unwrapping = {wrapped, dek};
    struct env_fault fault;
    ENV_RESULT r;

    env_gate_enter();
    r = perform(kek, unwrap_operation, &unwrapping, &fault);
    r = finish(kek, r, &fault);
    env_gate_leave();
    return r;
}

static void kek_up_ref(struct env_kek *base)
{
    (void)atomic_fetch_add(&from_base(base)->refs, 1);
}

static void kek_free(struct env_kek *base)
{
    struct env_token_kek *kek = from_base(base);
    struct env_ring *ring = kek->ring;

    if (atomic_fetch_sub(&kek->refs, 1) > 1)
        return;
    (void)pthread_mutex_destroy(&kek->place_lock);
    (void)pthread_mutex_destroy(&kek->prepare_lock);
    free(kek);
    env_ring_unref(ring);
}

static const struct env_kek_id *kek_id(const struct env_kek *base)
{
    return &((const struct env_token_kek *)base)->id;
}

bool env_token_kek_is(const struct env_kek *base, const void *arg)
{
    const struct env_token_kek *kek = (const struct env_token_kek *)base;
    const struct env_kek_identity *identity = arg;
    const struct env_key_facts *key = identity->key;

    return memcmp(&kek->token, &identity->token->name, sizeof(kek->token)) == 0 &&
           kek->id.len == key->id_len && memcmp(kek->id.bytes, key->id, key->id_len) == 0 &&
           kek->facts.bits == key->bits && kek->facts.label_len == key->label_len &&
           memcmp(kek->facts.label, key->label, key->label_len) == 0;
}

bool env_token_kek_may_open(const struct env_kek *kek)
{
    return ((const struct env_token_kek *)kek)->may_open;
}

struct env_kek *env_token_kek_base(struct env_token_kek *kek)
{
    return &kek->base;
}

static const struct env_kek_vtable vtable = {
    .up_ref = kek_up_ref,
    .free = kek_free,
    .id = kek_id,
    .wrap = kek_wrap,
    .unwrap = kek_unwrap,
};

ENV_RESULT env_token_kek_new(struct env_ring *ring, struct env_token *token,
                             const struct env_key_facts *key, uint64_t epoch,
                             struct env_token_kek **out, struct env_fault *fault)
{
    struct env_token_kek *kek;
    unsigned uses;

    ENV_TRY(env_aes_uses(token, key, &uses, fault));
    kek = calloc(1, sizeof(*kek));
    if (kek == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", token->where);
    kek->base.vtable = &vtable;
    atomic_init(&kek->refs, 1);
    kek->ring = ring;
    env_ring_up_ref(ring);
    kek->token = token->name;
    kek->id.len = key->id_len;
    memcpy(kek->id.bytes, key->id, key->id_len);
    kek->facts = *key;
    kek->may_open = env_open_kek_allows(ring->config->open_kek, key->label, &kek->id);
    env_key_described(kek->where, sizeof(kek->where), key, token);
    (void)pthread_mutex_init(&kek->place_lock, NULL);
    (void)pthread_mutex_init(&kek->prepare_lock, NULL);
    kek->place = (struct place){.epoch = epoch, .handle = key->handle, .uses = uses};
    *out = kek;
    return ENV_OK;
}
