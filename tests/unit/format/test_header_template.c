/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short cuts of reading and writing headers give the answer that the ASN.1 templates give, for
 * valid headers and for headers with altered, removed, moved and added bytes.
 */
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "caller.h"
#include "envelope/format/header.h"
#include "envelope/format/header_der.h"
#include "envelope/format/header_template.h"

#define ROOM 4096u
#define KNOWN 4u /* recipients of a header that is learned */

static struct env_crypto *crypto;
static struct env_header header;
static struct env_header by_asn1;
static struct env_header by_template;
static const uint8_t dek[ENV_DEK_LEN] = {0x42};
static uint64_t state;

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    state = 11;
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static const struct {
    enum env_wrap_alg alg;
    size_t len;
} algorithms[] = {
    {ENV_WRAP_AES256_KW, 40},  {ENV_WRAP_AES256_GCM, 48},     {ENV_WRAP_RSA_OAEP_SHA256, 384},
    {ENV_WRAP_AES128_KWP, 40}, {ENV_WRAP_RSA_OAEP_SHA1, 256}, {ENV_WRAP_AES128_GCM, 48},
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

static void random_bytes(uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)next_random(&state);
}

/* Other nonces and wrapped DEKs; another KEK where there is one alone. */
static void vary(void)
{
    for (size_t i = 0; i < header.count; i++) {
        struct env_recipient *r = &header.recipients[i];

        if (header.count == 1)
            random_bytes(r->id.bytes, r->id.len);
        random_bytes(r->wrapped.data, r->wrapped.len);
        if (r->wrapped.len == 48)
            random_bytes(r->wrapped.nonce, r->wrapped.nonce_len);
    }
}

/* That of AES-128 represents a token that makes its own. */
static size_t nonce_len(enum env_wrap_alg alg)
{
    return alg == ENV_WRAP_AES256_GCM   ? ENV_GCM_NONCE_LEN
           : alg == ENV_WRAP_AES128_GCM ? ENV_GCM_NONCE_MAX
                                        : 0;
}

static void make_header(size_t count, size_t id_len, size_t algorithm, enum env_content content)
{
    memset(&header, 0, sizeof(header));
    header.content = content;
    header.count = count;
    for (size_t i = 0; i < count; i++) {
        struct env_recipient *r = &header.recipients[i];
        size_t a = (algorithm + i) % ALGORITHMS;

        r->id.len = id_len;
        random_bytes(r->id.bytes, id_len);
        r->wrapped.alg = algorithms[a].alg;
        r->wrapped.len = algorithms[a].len;
        r->wrapped.nonce_len = nonce_len(r->wrapped.alg);
    }
    vary();
}

/* What the ASN.1 templates write, with random bytes for a MAC. */
static size_t write_by_asn1(uint8_t der[ROOM])
{
    uint8_t *written = NULL;
    size_t len = 0;

    ck_assert(env_ok(env_header_der_write(&header, &written, &len)));
    ck_assert_uint_le(len, ROOM);
    memcpy(der, written, len);
    random_bytes(der + len - ENV_HEADER_MAC_LEN, ENV_HEADER_MAC_LEN);
    OPENSSL_free(written);
    return len;
}

static bool same_headers(const struct env_header *a, const struct env_header *b)
{
    if (a->content != b->content || a->count != b->count ||
        a->parameters.data != b->parameters.data || a->parameters.len != b->parameters.len)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct env_recipient *x = &a->recipients[i];
        const struct env_recipient *y = &b->recipients[i];

        if (x->id.len != y->id.len || memcmp(x->id.bytes, y->id.bytes, x->id.len) != 0 ||
            x->wrapped.alg != y->wrapped.alg || x->wrapped.len != y->wrapped.len ||
            x->wrapped.nonce_len != y->wrapped.nonce_len ||
            memcmp(x->wrapped.nonce, y->wrapped.nonce, x->wrapped.nonce_len) != 0 ||
            memcmp(x->wrapped.data, y->wrapped.data, x->wrapped.len) != 0)
            return false;
    }
    return true;
}

/* Until it is the thread's template. */
static void learn(struct env_span der)
{
    for (int i = 0; i < 20; i++)
        ck_demand(env_ok(env_header_decode(der, &by_template)), "a good header is refused");
    ck_demand(env_header_template_read(der, &by_template), "it was not learned");
}

static unsigned by_short_cut;
static unsigned accepted;
static unsigned refused;

/* What env_header_decode says beyond the ASN.1 templates. */
static bool names_one_twice(const struct env_header *h)
{
    for (size_t i = 0; i < h->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct env_recipient *a = &h->recipients[i];
            const struct env_recipient *b = &h->recipients[j];

            if (env_wrap_is_rsa(a->wrapped.alg) == env_wrap_is_rsa(b->wrapped.alg) &&
                a->id.len == b->id.len && memcmp(a->id.bytes, b->id.bytes, a->id.len) == 0)
                return true;
        }
    }
    return false;
}

/* Both ways give one answer. The template stays that of `good`. */
static void check_same(struct env_span der, struct env_span good)
{
    ENV_RESULT asn1 = env_header_der_read(der, &by_asn1);
    ENV_RESULT decoded;
    int expected = (int)asn1.reason;

    memset(&by_template, 0xEE, sizeof(by_template)); /* nobody relies on zeros */
    if (env_header_template_read(der, &by_template)) {
        by_short_cut++;
        ck_demand(env_ok(asn1), "the short cut accepts what reason %d refuses", (int)asn1.reason);
        ck_demand(same_headers(&by_template, &by_asn1), "the short cut reads another header");
    }
    memset(&by_template, 0xEE, sizeof(by_template));
    decoded = env_header_decode(der, &by_template);
    if (env_ok(asn1) && names_one_twice(&by_asn1))
        expected = ENV_R_DUPLICATE_RECIPIENT;
    ck_demand((int)decoded.reason == expected, "%d instead of %d", (int)decoded.reason, expected);
    ck_demand(!env_ok(asn1) || same_headers(&by_template, &by_asn1), "another header");
    ck_demand(env_header_template_read(good, &by_template), "the template is forgotten");
    if (env_ok(asn1))
        accepted++;
    else
        refused++;
}

static void alter_each_byte(uint8_t *der, size_t len, struct env_span good)
{
    static const uint8_t bits[] = {0x01, 0x80, 0x20, 0xFF};

    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof(bits); i++) {
            der[at] ^= bits[i];
            check_same((struct env_span){der, len}, good);
            der[at] ^= bits[i];
        }
    }
}

static void cut_and_add(uint8_t *der, size_t len, struct env_span good)
{
    uint8_t changed[ROOM + 1];

    for (size_t cut = 1; cut <= len; cut += cut < 80 ? 1 : 13)
        check_same((struct env_span){der, len - cut}, good);
    for (size_t at = 0; at <= len; at += 3) {
        memcpy(changed, der, at);
        changed[at] = (uint8_t)next_random(&state);
        memcpy(changed + at + 1, der + at, len - at);
        check_same((struct env_span){changed, len + 1}, good);
        if (at < len) { /* and one left out */
            memcpy(changed + at, der + at + 1, len - at - 1);
            check_same((struct env_span){changed, len - 1}, good);
        }
    }
}

/* Several bytes at once, and pieces that change places: recipients of a SET, for example. */
static void shuffle(const uint8_t *der, size_t len, struct env_span good)
{
    uint8_t changed[ROOM];

    for (int i = 0; i < 300; i++) {
        size_t n = random_between(&state, 1, 60);
        size_t from = random_between(&state, 0, len - n);
        size_t to = random_between(&state, 0, len - n);

        memcpy(changed, der, len);
        if (i % 3 == 0) {
            random_bytes(changed + from, n);
        } else {
            memcpy(changed + to, der + from, n);
            if (i % 3 == 1)
                memcpy(changed + from, der + to, n);
        }
        check_same((struct env_span){changed, len}, good);
    }
}

START_TEST(altered_headers_get_one_answer)
{
    static const size_t id_lens[] = {1, 16, 64};

    by_short_cut = accepted = refused = 0;
    for (size_t count = 1; count <= KNOWN; count++) {
        size_t algorithm = (size_t)_i;
        size_t id_len = id_lens[(count + algorithm) % 3];
        uint8_t der[ROOM];
        uint8_t copy[ROOM];
        size_t len;
        struct env_span good;

        make_header(count, count > 1 && id_len == 1 ? 2 : id_len, algorithm,
                    count % 2 != 0 ? ENV_CONTENT_MESSAGE : ENV_CONTENT_SEALED_KEY);
        len = write_by_asn1(der);
        memcpy(copy, der, len);
        good = (struct env_span){copy, len};
        learn(good);
        alter_each_byte(der, len, good);
        cut_and_add(der, len, good);
        shuffle(der, len, good);
        for (int i = 0; i < 50; i++) { /* and others of the same form */
            vary();
            len = write_by_asn1(der);
            ck_assert(env_header_template_read((struct env_span){der, len}, &by_template));
            check_same((struct env_span){der, len}, good);
        }
    }
    /* each of the three was tried, and often */
    ck_assert_uint_gt(by_short_cut, 500);
    ck_assert_uint_ge(accepted, by_short_cut);
    ck_assert_uint_gt(refused, 500);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* ---- writing ---- */

static void reverse_recipients(void)
{
    for (size_t i = 0; i < header.count / 2; i++) {
        struct env_recipient other = header.recipients[i];

        header.recipients[i] = header.recipients[header.count - 1 - i];
        header.recipients[header.count - 1 - i] = other;
    }
}

static void check_written(bool expected)
{
    uint8_t *asn1 = NULL;
    uint8_t *written = NULL;
    size_t asn1_len = 0;
    size_t len = 0;
    bool known = false;

    ck_assert(env_ok(env_header_der_write(&header, &asn1, &asn1_len)));
    ck_assert(env_ok(env_header_template_write(&header, &known, &written, &len)));
    ck_assert(known == expected);
    if (known) {
        ck_assert_uint_eq(len, asn1_len);
        ck_assert_mem_eq(written, asn1, len);
    }
    OPENSSL_free(asn1);
    OPENSSL_free(written);
}

START_TEST(what_is_written_is_the_same)
{
    for (size_t count = 1; count <= KNOWN; count++) {
        uint8_t der[ROOM];

        make_header(count, 20, (size_t)_i, ENV_CONTENT_MESSAGE);
        learn((struct env_span){der, write_by_asn1(der)});
        for (int i = 0; i < 20; i++) {
            vary();
            check_written(true);
            reverse_recipients(); /* the order in which KEKs are named is not DER's */
            check_written(true);
        }
        header.content = ENV_CONTENT_SEALED_KEY;
        check_written(false);
        header.content = ENV_CONTENT_MESSAGE;
        header.recipients[count - 1].id.len--;
        check_written(false);
        header.recipients[count - 1].id.len++;
        header.count--;
        if (header.count > 0)
            check_written(false);
        header.count += 2;
        header.recipients[count] = header.recipients[0];
        check_written(false);
        header.count--;
        if (count > 1) { /* one KEK twice, the other not at all */
            header.recipients[count - 1] = header.recipients[0];
            check_written(false);
        }
    }
}
END_TEST

/* A key of a template's own length, but another one: of several recipients the order depends on it.
 */
START_TEST(other_keks_have_another_template)
{
    uint8_t der[ROOM];
    size_t len;

    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    learn((struct env_span){der, write_by_asn1(der)});
    for (int i = 0; i < 50; i++) {
        random_bytes(header.recipients[i % 2].id.bytes, 16);
        check_written(false);
        len = write_by_asn1(der);
        ck_assert(!env_header_template_read((struct env_span){der, len}, &by_template));
    }
}
END_TEST

/* ---- what is not learned ---- */

static void check_not_learned(void)
{
    uint8_t der[ROOM * 4];
    uint8_t *written = NULL;
    size_t len = 0;

    for (int i = 0; i < 30; i++) {
        ck_assert(env_ok(env_header_encode(crypto, &header, dek, &written, &len)));
        ck_assert_uint_le(len, sizeof(der));
        memcpy(der, written, len);
        OPENSSL_free(written);
        ck_assert(env_ok(env_header_verify(crypto, (struct env_span){der, len}, dek)));
        ck_assert(env_ok(env_header_decode((struct env_span){der, len}, &by_template)));
        ck_assert(!env_header_template_read((struct env_span){der, len}, &by_template));
    }
}

START_TEST(too_many_recipients_are_not_learned)
{
    make_header(KNOWN + 1, 16, 0, ENV_CONTENT_MESSAGE);
    check_not_learned();
    make_header(32, 16, 0, ENV_CONTENT_MESSAGE);
    check_not_learned();
}
END_TEST

/* Two recipients that are alike up to the wrapped DEK change places with it. */
START_TEST(twice_the_same_kek_is_not_learned)
{
    uint8_t der[ROOM];

    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    header.recipients[1] = header.recipients[0];
    memset(header.recipients[0].wrapped.data, 1, 40);
    memset(header.recipients[1].wrapped.data, 2, 40);
    for (int i = 0; i < 30; i++) {
        struct env_span span = {der, write_by_asn1(der)};

        env_header_template_learn(&header);
        ck_assert(!env_header_template_read(span, &by_template));
        check_written(false);
    }
}
END_TEST

START_TEST(too_long_a_header_is_not_learned)
{
    make_header(3, 16, 2, ENV_CONTENT_MESSAGE);
    for (size_t i = 0; i < 3; i++) {
        header.recipients[i].wrapped.alg = ENV_WRAP_RSA_OAEP_SHA256;
        header.recipients[i].wrapped.len = 1024;
    }
    check_not_learned();
}
END_TEST

/* One message in a process learns nothing; a few others do not make it forget. */
/* A short SEQUENCE, which is all that the header asks of them. */
static const uint8_t parameters[] = {0x30, 0x03, 0x02, 0x01, 0x07};

START_TEST(a_named_key_is_never_learned)
{
    uint8_t good[ROOM];
    uint8_t named[ROOM];
    size_t good_len;
    size_t named_len;
    uint8_t *der = NULL;
    size_t der_len = 0;
    bool known = true;

    make_header(1, 16, 0, ENV_CONTENT_MESSAGE);
    good_len = write_by_asn1(good);
    learn((struct env_span){good, good_len});
    header.content = ENV_CONTENT_NAMED_KEY;
    header.parameters = (struct env_span){parameters, sizeof(parameters)};
    named_len = write_by_asn1(named);
    for (int i = 0; i < 20; i++)
        ck_assert(env_ok(env_header_decode((struct env_span){named, named_len}, &by_template)));
    ck_assert(!env_header_template_read((struct env_span){named, named_len}, &by_template));
    learn((struct env_span){good, good_len});
    check_same((struct env_span){named, named_len}, (struct env_span){good, good_len});
    alter_each_byte(named, named_len, (struct env_span){good, good_len});
    cut_and_add(named, named_len, (struct env_span){good, good_len});
    /* and a message with parameters is written by neither */
    header.content = ENV_CONTENT_MESSAGE;
    ck_assert(env_ok(env_header_template_write(&header, &known, &der, &der_len)));
    ck_assert(!known);
    ck_assert_int_eq(env_header_encode(crypto, &header, dek, &der, &der_len).reason,
                     ENV_R_INTERNAL);
    header.content = ENV_CONTENT_NAMED_KEY;
    header.parameters.len = 0;
    ck_assert_int_eq(env_header_encode(crypto, &header, dek, &der, &der_len).reason,
                     ENV_R_INTERNAL);
}
END_TEST

START_TEST(it_is_learned_when_it_comes_again)
{
    uint8_t der[ROOM];
    uint8_t other[ROOM];
    struct env_span span;
    struct env_span other_span;

    make_header(1, 16, 0, ENV_CONTENT_MESSAGE);
    span = (struct env_span){der, write_by_asn1(der)};
    make_header(1, 20, 1, ENV_CONTENT_MESSAGE);
    other_span = (struct env_span){other, write_by_asn1(other)};
    learn(other_span);
    for (int i = 0; i < 7; i++) {
        ck_assert(env_ok(env_header_decode(span, &by_template)));
        ck_assert(!env_header_template_read(span, &by_template));
    }
    ck_assert(env_ok(env_header_decode(other_span, &by_template)));
    for (int i = 0; i < 8; i++)
        ck_assert(env_ok(env_header_decode(span, &by_template)));
    ck_assert(env_header_template_read(span, &by_template));
    ck_assert(!env_header_template_read(other_span, &by_template));
}
END_TEST

/* ---- threads ---- */

static pthread_barrier_t barrier;

static void *encode_and_decode(void *arg)
{
    struct env_header *mine = env_header_new(2);
    struct env_header *back = env_header_new(2);
    uint8_t fill = (uint8_t)(uintptr_t)arg;
    void *wrong = NULL;

    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 200 && mine != NULL && back != NULL; i++) {
        uint8_t *der = NULL;
        size_t len = 0;

        memset(mine, 0, sizeof(*mine) - (ENV_KEK_RECIPIENTS_MAX - 2) * sizeof(mine->recipients[0]));
        mine->count = 1 + fill % 2;
        for (size_t j = 0; j < mine->count; j++) {
            mine->recipients[j].id.len = 16;
            memset(mine->recipients[j].id.bytes, fill + (int)j, 16);
            mine->recipients[j].wrapped.alg = ENV_WRAP_AES256_KW;
            mine->recipients[j].wrapped.len = 40;
            memset(mine->recipients[j].wrapped.data, fill + i, 40);
        }
        if (!env_ok(env_header_encode(crypto, mine, dek, &der, &len)) ||
            !env_ok(env_header_verify(crypto, (struct env_span){der, len}, dek)) ||
            !env_ok(env_header_decode((struct env_span){der, len}, back)) ||
            !same_headers(mine, back))
            wrong = &barrier;
        OPENSSL_free(der);
    }
    OPENSSL_free(mine);
    OPENSSL_free(back);
    return wrong;
}

START_TEST(threads_do_not_mix_theirs)
{
    pthread_t threads[80]; /* more than have a place of their own */

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 80), 0);
    for (uintptr_t i = 0; i < 80; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, encode_and_decode, (void *)i), 0);
    for (int i = 0; i < 80; i++) {
        void *wrong = NULL;

        ck_assert(pthread_join(threads[i], &wrong) == 0 && wrong == NULL);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: templates of headers");
    TCase *tcase = tcase_create("headers");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, altered_headers_get_one_answer, 0, ALGORITHMS);
    tcase_add_loop_test(tcase, what_is_written_is_the_same, 0, ALGORITHMS);
    tcase_add_test(tcase, other_keks_have_another_template);
    tcase_add_test(tcase, too_many_recipients_are_not_learned);
    tcase_add_test(tcase, twice_the_same_kek_is_not_learned);
    tcase_add_test(tcase, too_long_a_header_is_not_learned);
    tcase_add_test(tcase, a_named_key_is_never_learned);
    tcase_add_test(tcase, it_is_learned_when_it_comes_again);
    tcase_add_test(tcase, threads_do_not_mix_theirs);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
