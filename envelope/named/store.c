/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/store.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "envelope/base/fork_gate.h"
#include "envelope/named/stand_in.h"
#include "envelope/named/store_inside.h"

/* ---- one request ---- */

/* A request for a key. */
struct question {
    struct env_store *store;
    const struct env_named_wish *wish;
    const struct env_state_seen *seen;
    const uint8_t *hash; /* of the stand-in; NULL: the request is by name */
    uint8_t stand_in_hash[ENV_STAND_IN_HASH_LEN];
    char application[ENV_NAMED_APPLICATION_MAX + 1]; /* that stand-in's, from the file */
    struct env_key_entry *best;                      /* the entry to open, with a reference */
    enum env_reason why_not;                         /* why the first other one was rejected */
    char refused[ENV_NAMED_FULL_NAME];
};

static bool seals_fields(const struct question *q)
{
    const struct env_use *use = env_use(q->wish->use);

    return q->wish->seals && use != NULL && use->kind == ENV_USE_FIELD;
}

static bool may_seal(const struct env_named_clear *clear)
{
    int64_t now = env_clock_seconds();

    return clear->seal_from <= now && (clear->not_after == 0 || now <= clear->not_after);
}

/* Checks a key's parameters, before it is opened and, for an open one, afterwards. */
static enum env_reason judge(const struct question *q, const char *name, uint32_t number,
                             const struct env_named_clear *clear, env_uses uses)
{
    if (!env_store_allows(q->store->config->allow_keys, name, number, false))
        return ENV_R_KEY_NOT_ALLOWED;
    if (env_state_disables_key(q->seen->state, name, number))
        return ENV_R_KEY_DISABLED;
    if (env_use(q->wish->use) == NULL || (uses & ENV_USE_BIT(q->wish->use)) == 0)
        return ENV_R_KEY_WRONG_USE;
    return seals_fields(q) && !may_seal(clear) ? ENV_R_KEY_SEALS_NOT : ENV_R_NONE;
}

/* Sets the application, from the chosen entry or from the first that was rejected. */
static void take_application(struct question *q, const struct env_named_clear *clear)
{
    for (size_t i = 0; q->hash != NULL && clear != NULL && i < clear->stand_in_count; i++) {
        const struct env_named_stand_in *one = &clear->stand_ins[i];

        if (memcmp(one->hint, q->hash, sizeof(one->hint)) == 0)
            memcpy(q->application, one->application, sizeof(q->application));
    }
}

static const char *application(const struct question *q)
{
    return q->application[0] != '\0' ? q->application : NULL;
}

/* Called with the lock. Takes the entry if it may be used and is newer than the present one. */
static void consider(struct question *q, struct env_key_entry *entry)
{
    enum env_reason why = entry->clear != NULL
                              ? judge(q, entry->name, entry->number, entry->clear, entry->uses)
                              : entry->unreadable;

    if (why != ENV_R_NONE) {
        if (q->why_not == ENV_R_KEY_UNKNOWN) {
            q->why_not = why;
            memcpy(q->refused, entry->full_name, sizeof(q->refused));
            take_application(q, entry->clear);
        }
        return;
    }
    if (q->best != NULL && q->best->number >= entry->number)
        return;
    env_key_entry_free(q->best);
    q->best = env_key_entry_up_ref(entry);
    take_application(q, entry->clear);
}

/* The caller learns less than the log. */
static ENV_RESULT refuse(const struct question *q, const char *named_key, enum env_reason why)
{
    const struct env_errors *errors = q->store->context->errors;
    char besides[ENV_STORE_BESIDES];

    switch (why) {
    case ENV_R_KEY_UNKNOWN:
    case ENV_R_KEY_NOT_ALLOWED:
    case ENV_R_KEY_WRONG_USE:
    case ENV_R_KEY_REVOKED:
    case ENV_R_KEY_DISABLED:
        env_store_record_refusal(q->store, named_key, application(q), why);
        env_store_besides(q->store, besides);
        return ENV_RAISE(errors, ENV_R_KEY_REFUSED, "%s", besides);
    default: /* a problem with a file, which the program's operator has to know */
        return ENV_RAISE(errors, why, "%s", named_key != NULL ? named_key : "");
    }
}

static ENV_RESULT refuse_all(const struct question *q)
{
    return refuse(q, q->refused[0] != '\0' ? q->refused : NULL, q->why_not);
}

/* Opens the chosen key and checks its parameters, which can be trusted now. */
static ENV_RESULT open_best(struct question *q, struct env_open_key **out)
{
    struct env_open_key *key = NULL;
    enum env_reason why;

    ENV_TRY(env_store_open(q->store, q->best, application(q), &key));
    why = judge(q, key->clear.name, key->clear.number, &key->clear, key->ref.uses);
    if (why != ENV_R_NONE) {
        env_open_key_free(key);
        return refuse(q, q->best->full_name, why);
    }
    *out = key;
    return ENV_OK;
}

static ENV_RESULT begin(struct question *q, struct env_named_keys *keys,
                        const struct env_named_wish *wish)
{
    struct env_store *store = (struct env_store *)keys;

    *q = (struct question){.store = store, .wish = wish, .why_not = ENV_R_KEY_UNKNOWN};
    env_fork_gate_enter();
    return env_store_look(store, &q->seen);
}

static ENV_RESULT end(struct question *q, ENV_RESULT r, struct env_open_key *key,
                      const struct env_named_ref **out)
{
    env_key_entry_free(q->best);
    if (q->seen != NULL)
        env_state_watch_let_go(q->store->states, q->seen);
    if (env_ok(r))
        *out = &key->ref;
    env_fork_gate_leave();
    return r;
}

/* ---- by a stand-in ---- */

/*
 * Of a fields key, considers all versions that list the stand-in. Under a stock name there is only
 * one, because each version has its own stand-ins.
 */
static void consider_hinted(struct question *q, const uint8_t hash[ENV_STAND_IN_HASH_LEN])
{
    const struct env_hint_place *places;
    size_t count = 0;

    (void)pthread_mutex_lock(&q->store->lock);
    places = env_key_index_hinted(q->store->index, hash, &count);
    for (size_t i = 0; i < count; i++)
        consider(q, places[i].entry);
    (void)pthread_mutex_unlock(&q->store->lock);
}

static ENV_RESULT find_by_stand_in(struct question *q, struct env_span stand_in,
                                   struct env_open_key **out)
{
    const uint8_t *hash = q->stand_in_hash;
    struct env_open_key *key = NULL;
    size_t length = 0;
    ENV_RESULT r;

    if (!env_stand_in_is(stand_in, &length))
        return refuse(q, NULL, ENV_R_KEY_UNKNOWN);
    ENV_TRY(env_stand_in_hash(q->store->context->crypto, (struct env_span){stand_in.data, length},
                              q->stand_in_hash));
    q->hash = hash;
    consider_hinted(q, hash);
    if (q->best == NULL)
        return refuse_all(q);
    if (env_state_revokes(q->seen->state, hash))
        return refuse(q, q->best->full_name, ENV_R_KEY_REVOKED);
    r = open_best(q, &key);
    if (key == NULL)
        return r;
    if (env_stand_in_find(key->sealed, hash) == ENV_NAMED_STAND_INS_MAX) {
        env_open_key_free(key);
        return refuse(q, NULL, ENV_R_KEY_UNKNOWN);
    }
    *out = key;
    return ENV_OK;
}

static ENV_RESULT by_stand_in(struct env_named_keys *keys, struct env_span stand_in,
                              const struct env_named_wish *wish, const struct env_named_ref **out)
{
    struct question q;
    struct env_open_key *key = NULL;
    ENV_RESULT r = begin(&q, keys, wish);

    if (env_ok(r))
        r = find_by_stand_in(&q, stand_in, &key);
    if (env_ok(r))
        env_store_count_seal(q.store, wish, key);
    return end(&q, r, key, out);
}

/* ---- by a name ---- */

/* number 0: every version */
static void consider_named(struct question *q, const char *name, uint32_t number)
{
    struct env_key_entry *const *versions;
    size_t count = 0;

    (void)pthread_mutex_lock(&q->store->lock);
    versions = env_key_index_versions(q->store->index, name, &count);
    for (size_t i = count; i > 0; i--) { /* if none fits, the reason of the newest is reported */
        if (number == 0 || versions[i - 1]->number == number)
            consider(q, versions[i - 1]);
    }
    (void)pthread_mutex_unlock(&q->store->lock);
}

static ENV_RESULT find_by_name(struct question *q, const char *text, struct env_open_key **out)
{
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number = 0;

    if (!env_named_name_read(text, name, &number))
        return refuse(q, NULL, ENV_R_KEY_UNKNOWN);
    consider_named(q, name, number);
    if (q->best != NULL)
        return open_best(q, out);
    return q->refused[0] != '\0' ? refuse_all(q) : refuse(q, text, ENV_R_KEY_UNKNOWN);
}

static ENV_RESULT by_name(struct env_named_keys *keys, const char *name,
                          const struct env_named_wish *wish, const struct env_named_ref **out)
{
    struct question q;
    struct env_open_key *key = NULL;
    ENV_RESULT r = begin(&q, keys, wish);

    if (env_ok(r))
        r = find_by_name(&q, name, &key);
    return end(&q, r, key, out);
}

/* ---- by the id in fields ---- */

/* Chooses the i-th version, newest first. False: there is none. */
static bool take_version(struct question *q, const char *name, size_t i)
{
    struct env_key_entry *const *versions;
    size_t count = 0;

    env_key_entry_free(q->best);
    q->best = NULL;
    (void)pthread_mutex_lock(&q->store->lock);
    versions = env_key_index_versions(q->store->index, name, &count);
    if (i < count)
        consider(q, versions[count - 1 - i]);
    (void)pthread_mutex_unlock(&q->store->lock);
    return i < count;
}

/* A version's id is known only once it is open. One that cannot be opened may be the right one. */
static ENV_RESULT find_by_field_id(struct question *q, const char *name,
                                   const uint8_t id[ENV_NAMED_ID_LEN], struct env_open_key **out)
{
    const struct env_errors *errors = q->store->context->errors;
    ENV_RESULT failed = ENV_FAIL(ENV_R_KEY_UNKNOWN);

    env_errors_mark(errors);
    for (size_t i = 0; take_version(q, name, i); i++) {
        struct env_open_key *key = NULL;
        ENV_RESULT r;

        if (q->best == NULL)
            continue;
        r = open_best(q, &key);
        if (key != NULL && memcmp(key->ref.field_id, id, ENV_NAMED_ID_LEN) == 0) {
            env_errors_unmark(errors, true);
            *out = key;
            return ENV_OK;
        }
        env_open_key_free(key);
        if (!env_ok(r))
            failed = r;
    }
    env_errors_unmark(errors, false);
    return failed;
}

static ENV_RESULT by_field_id(struct env_named_keys *keys, const char *name,
                              const uint8_t id[ENV_NAMED_ID_LEN], const struct env_named_wish *wish,
                              const struct env_named_ref **out)
{
    struct question q;
    struct env_open_key *key = NULL;
    ENV_RESULT r = begin(&q, keys, wish);

    if (env_ok(r))
        r = find_by_field_id(&q, name, id, &key);
    return end(&q, r, key, out);
}

/* ---- creation and release ---- */

static void release(struct env_named_keys *keys, const struct env_named_ref *ref)
{
    (void)keys;
    if (ref != NULL)
        env_open_key_free(env_open_key_of(ref));
}

static void store_free(struct env_named_keys *keys)
{
    struct env_store *store = (struct env_store *)keys;

    if (store == NULL)
        return;
    env_key_index_free(store->index);
    (void)pthread_mutex_destroy(&store->lock);
    (void)pthread_cond_destroy(&store->changed);
    OPENSSL_free(store);
}

static const struct env_named_keys_vtable vtable = {store_free, by_stand_in, by_name, by_field_id,
                                                    release};

struct env_named_keys *env_store_new(const struct env_config *config,
                                     const struct env_dek_context *context,
                                     struct env_state_watch *states)
{
    struct env_store *store;

    if (!env_ok(env_fork_gate_prepare()))
        return NULL;
    store = OPENSSL_zalloc(sizeof(*store));
    if (store == NULL)
        return NULL;
    store->base.vtable = &vtable;
    store->config = config;
    store->context = context;
    store->states = states;
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->changed, NULL);
    return &store->base;
}
