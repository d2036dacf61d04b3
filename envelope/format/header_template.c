/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/header_template.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/thread_number.h"
#include "envelope/format/header_der.h"
#include "envelope/format/wrap_algorithm.h"

#define LONGEST 2048u
#define RECIPIENTS 4u
#define LEARN_AFTER 2u   /* headers: a program with a single message learns nothing */
#define UNLEARN_AFTER 8u /* different headers in a row */

struct gap {
    size_t at;
    size_t len; /* 0: no template */
};

/* What the template has of a recipient, and where the rest goes. */
struct place {
    enum env_wrap_alg alg;
    struct env_kek_id id; /* for several recipients, whose order depends on it */
    struct gap id_gap;    /* for a single recipient */
    struct gap nonce;
    struct gap wrapped;
};

struct template
{
    atomic_bool busy;
    bool known;
    unsigned others; /* headers in a row that did not match */
    enum env_content content;
    size_t count;
    struct place places[RECIPIENTS]; /* in DER's order */
    size_t len;
    uint8_t der[LONGEST]; /* zero in the gaps and the MAC: nothing of a message is kept */
};

static struct template templates[ENV_THREAD_NUMBERS];

/* The thread's template, or NULL if another thread with the same number has it. */
static struct template *enter(void)
{
    struct template *t = &templates[env_thread_number()];

    return atomic_exchange_explicit(&t->busy, true, memory_order_acquire) ? NULL : t;
}

static void leave(struct template *t)
{
    atomic_store_explicit(&t->busy, false, memory_order_release);
}

/* ---- reading ---- */

/* Whether der equals the template from *at to the gap; *at then points after the gap. */
static bool same_until(const struct template *t, const uint8_t *der, const struct gap *gap,
                       size_t *at)
{
    if (gap->len == 0)
        return true;
    if (memcmp(der + *at, t->der + *at, gap->at - *at) != 0)
        return false;
    *at = gap->at + gap->len;
    return true;
}

static bool is_like(const struct template *t, struct env_span der)
{
    size_t at = 0;

    if (!t->known || der.len != t->len)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        const struct place *place = &t->places[i];

        if (!same_until(t, der.data, &place->id_gap, &at) ||
            !same_until(t, der.data, &place->nonce, &at) ||
            !same_until(t, der.data, &place->wrapped, &at))
            return false;
    }
    return memcmp(der.data + at, t->der + at, t->len - ENV_HEADER_MAC_LEN - at) == 0;
}

static void read_recipient(const struct place *place, const uint8_t *der, struct env_recipient *out)
{
    out->id = place->id;
    memcpy(out->id.bytes, der + place->id_gap.at, place->id_gap.len);
    out->wrapped.alg = place->alg;
    memset(out->wrapped.nonce, 0, sizeof(out->wrapped.nonce));
    out->wrapped.nonce_len = place->nonce.len;
    memcpy(out->wrapped.nonce, der + place->nonce.at, place->nonce.len);
    out->wrapped.len = place->wrapped.len;
    memcpy(out->wrapped.data, der + place->wrapped.at, place->wrapped.len);
}

bool env_header_template_read(struct env_span der, struct env_header *out)
{
    struct template *t = enter();
    bool known;

    if (t == NULL)
        return false;
    known = is_like(t, der);
    if (known) {
        out->content = t->content;
        out->parameters = (struct env_span){NULL, 0};
        out->count = t->count;
        for (size_t i = 0; i < t->count; i++)
            read_recipient(&t->places[i], der.data, &out->recipients[i]);
        t->others = 0;
    }
    leave(t);
    return known;
}

/* ---- writing ---- */

static bool same_id(const struct env_kek_id *a, const struct env_kek_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool fits(const struct place *place, const struct env_recipient *recipient)
{
    return place->alg == recipient->wrapped.alg && place->wrapped.len == recipient->wrapped.len &&
           (place->nonce.len == 0 || place->nonce.len == recipient->wrapped.nonce_len) &&
           (place->id_gap.len > 0 ? place->id_gap.len == recipient->id.len
                                  : same_id(&place->id, &recipient->id));
}

/* No two places are alike, so each finds a distinct recipient, or the header does not match. */
static const struct env_recipient *recipient_of(const struct place *place,
                                                const struct env_header *header)
{
    for (size_t i = 0; i < header->count; i++) {
        if (fits(place, &header->recipients[i]))
            return &header->recipients[i];
    }
    return NULL;
}

static bool is_of(const struct template *t, const struct env_header *header)
{
    /* a header with parameters has no template, and invalid parameters are refused */
    if (!t->known || header->parameters.len > 0 || t->content != header->content ||
        t->count != header->count)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        if (recipient_of(&t->places[i], header) == NULL)
            return false;
    }
    return true;
}

static void write_recipient(const struct place *place, const struct env_recipient *recipient,
                            uint8_t *der)
{
    memcpy(der + place->id_gap.at, recipient->id.bytes, place->id_gap.len);
    memcpy(der + place->nonce.at, recipient->wrapped.nonce, place->nonce.len);
    memcpy(der + place->wrapped.at, recipient->wrapped.data, place->wrapped.len);
}

ENV_RESULT env_header_template_write(const struct env_header *header, bool *known, uint8_t **der,
                                     size_t *der_len)
{
    struct template *t = enter();
    uint8_t *out = NULL;

    *known = false;
    if (t == NULL)
        return ENV_OK;
    *known = is_of(t, header);
    if (*known) {
        out = OPENSSL_memdup(t->der, t->len);
        for (size_t i = 0; out != NULL && i < t->count; i++) {
            const struct env_recipient *recipient = recipient_of(&t->places[i], header);

            if (recipient != NULL) /* is_of has found it */
                write_recipient(&t->places[i], recipient, out);
        }
        *der = out;
        *der_len = t->len;
        t->others = 0;
    }
    leave(t);
    return *known && out == NULL ? ENV_FAIL(ENV_R_NO_MEMORY) : ENV_OK;
}

/* ---- learning ---- */

/*
 * A header of the same form, with variable parts of the given lengths, each filled with one value.
 */
static ENV_RESULT write_filled(const struct env_header *like, int fill, struct env_header *filled,
                               uint8_t **der, size_t *len)
{
    filled->content = like->content;
    filled->parameters = like->parameters;
    filled->count = like->count;
    for (size_t i = 0; i < like->count; i++) {
        struct env_recipient *to = &filled->recipients[i];

        to->id = like->recipients[i].id;
        if (like->count == 1)
            memset(to->id.bytes, fill, to->id.len);
        to->wrapped.alg = like->recipients[i].wrapped.alg;
        to->wrapped.len = like->recipients[i].wrapped.len;
        to->wrapped.nonce_len = like->recipients[i].wrapped.nonce_len;
        memset(to->wrapped.nonce, fill, sizeof(to->wrapped.nonce));
        memset(to->wrapped.data, fill, to->wrapped.len);
    }
    return env_header_der_write(filled, der, len);
}

/* The next gap is where the two differ, and must have this length. *at then points after it. */
static bool find_gap(const uint8_t *zeros, const uint8_t *ones, size_t len, size_t wanted,
                     size_t *at, struct gap *gap)
{
    size_t from = *at;
    size_t to;

    while (from < len && zeros[from] == ones[from])
        from++;
    for (to = from; to < len && zeros[to] != ones[to]; to++)
        ;
    *gap = (struct gap){from, wanted};
    *at = to;
    return to - from == wanted;
}

/* recipients: in DER's order. */
static bool find_places(struct template *t, const struct env_recipient *recipients,
                        const uint8_t *ones)
{
    size_t at = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct env_recipient *recipient = &recipients[i];
        const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(recipient->wrapped.alg);
        struct place *place = &t->places[i];

        *place = (struct place){.alg = recipient->wrapped.alg, .id = recipient->id};
        if (algorithm == NULL ||
            (t->count == 1 &&
             !find_gap(t->der, ones, t->len, recipient->id.len, &at, &place->id_gap)) ||
            (algorithm->family == ENV_WRAP_FAMILY_GCM &&
             !find_gap(t->der, ones, t->len, recipient->wrapped.nonce_len, &at, &place->nonce)) ||
            !find_gap(t->der, ones, t->len, recipient->wrapped.len, &at, &place->wrapped))
            return false;
    }
    return true;
}

/* If two places are alike up to their gaps, the order would depend on what is in the gaps. */
static bool are_distinct(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (t->places[i].alg == t->places[j].alg && same_id(&t->places[i].id, &t->places[j].id))
                return false;
        }
    }
    return true;
}

/* filled: room for a header. */
static bool learn(struct template *t, const struct env_header *header, struct env_header *filled)
{
    uint8_t *zeros = NULL;
    uint8_t *ones = NULL;
    size_t ones_len = 0;
    bool ok = env_ok(write_filled(header, 0xFF, filled, &ones, &ones_len)) &&
              env_ok(write_filled(header, 0, filled, &zeros, &t->len)) && t->len == ones_len &&
              t->len <= LONGEST &&
              env_ok(env_header_der_read((struct env_span){zeros, t->len}, filled));

    if (ok) {
        memcpy(t->der, zeros, t->len);
        t->content = filled->content;
        t->count = filled->count;
        ok = find_places(t, filled->recipients, ones) && are_distinct(t);
    }
    OPENSSL_free(zeros);
    OPENSSL_free(ones);
    return ok;
}

/* A failure here does no harm: there is no template then. */
static void learn_quietly(struct template *t, const struct env_header *header)
{
    struct env_header *filled;

    t->others = 0;
    t->known = false;
    (void)ERR_set_mark();
    filled = OPENSSL_malloc(sizeof(*filled));
    if (filled != NULL)
        t->known = learn(t, header, filled);
    OPENSSL_free(filled);
    (void)ERR_pop_to_mark();
}

void env_header_template_learn(const struct env_header *header)
{
    struct template *t;

    if (header->count > RECIPIENTS ||
        (header->content != ENV_CONTENT_MESSAGE && header->content != ENV_CONTENT_SEALED_KEY))
        return;
    t = enter();
    if (t == NULL)
        return;
    if (++t->others >= (t->known ? UNLEARN_AFTER : LEARN_AFTER))
        learn_quietly(t, header);
    leave(t);
}
