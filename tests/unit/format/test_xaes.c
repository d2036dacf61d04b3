/* SPDX-License-Identifier: Apache-2.0 */
/* XAES-256-GCM: C2SP's vectors, and cases that they do not cover. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/format/xaes.h"
#include "hex.h"

static struct env_crypto *crypto;

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static struct env_span span(struct bytes bytes)
{
    return (struct env_span){bytes.data, bytes.len};
}

/* ciphertext and tag to out, in pieces of at most step bytes */
static void seal(const uint8_t key[32], const uint8_t nonce[24], struct env_span aad,
                 struct env_span plain, size_t step, uint8_t *out)
{
    EVP_CIPHER_CTX *gcm = env_gcm_take(crypto);
    struct env_xaes_key made;

    ck_demand(env_ok(env_xaes_key_set(crypto, key, &made)), "the key");
    ck_demand(env_ok(env_xaes_begin(crypto, gcm, &made, nonce, true)), "the beginning");
    for (size_t i = 0; i < aad.len; i += step)
        ck_demand(
            env_ok(env_xaes_associate(
                gcm, (struct env_span){aad.data + i, step < aad.len - i ? step : aad.len - i})),
            "associated data");
    for (size_t i = 0; i < plain.len; i += step)
        ck_demand(
            env_ok(env_xaes_feed(
                gcm, (struct env_span){plain.data + i, step < plain.len - i ? step : plain.len - i},
                out + i)),
            "a piece");
    ck_demand(env_ok(env_xaes_seal_end(gcm, out + plain.len)), "the end");
    env_gcm_give(crypto, gcm);
}

static enum env_reason open_it(const uint8_t key[32], const uint8_t nonce[24], struct env_span aad,
                               struct env_span sealed, uint8_t *out)
{
    EVP_CIPHER_CTX *gcm = env_gcm_take(crypto);
    size_t len = sealed.len - ENV_XAES_TAG_LEN;
    struct env_xaes_key made;
    ENV_RESULT r = env_xaes_key_set(crypto, key, &made);

    if (env_ok(r))
        r = env_xaes_begin(crypto, gcm, &made, nonce, false);
    if (env_ok(r))
        r = env_xaes_associate(gcm, aad);
    if (env_ok(r))
        r = env_xaes_feed(gcm, (struct env_span){sealed.data, len}, out);
    if (env_ok(r))
        r = env_xaes_open_end(gcm, sealed.data + len);
    env_gcm_give(crypto, gcm);
    return r.reason;
}

struct vector {
    struct bytes key, nonce, aad, plain, sealed;
};

static bool next_vector(FILE *file, struct vector *v)
{
    char line[1024], part[5][256];

    do {
        if (fgets(line, sizeof(line), file) == NULL)
            return false;
    } while (line[0] == '#');
    ck_assert_int_eq(
        sscanf(line, "%255s %255s %255s %255s %255s", part[0], part[1], part[2], part[3], part[4]),
        5);
    *v = (struct vector){hex_read(part[0]), hex_read(part[1]), hex_read(part[2]), hex_read(part[3]),
                         hex_read(part[4])};
    return true;
}

static void vector_free(struct vector *v)
{
    bytes_free(&v->key);
    bytes_free(&v->nonce);
    bytes_free(&v->aad);
    bytes_free(&v->plain);
    bytes_free(&v->sealed);
}

START_TEST(vectors_hold)
{
    FILE *file = vectors_open("xaes/vectors.txt");
    uint8_t out[256];
    struct vector v;
    int count = 0;

    for (; next_vector(file, &v); count++) {
        for (size_t step = 1; step < 40; step++) {
            seal(v.key.data, v.nonce.data, span(v.aad), span(v.plain), step, out);
            ck_assert_mem_eq(out, v.sealed.data, v.sealed.len);
        }
        ck_assert_int_eq(open_it(v.key.data, v.nonce.data, span(v.aad), span(v.sealed), out),
                         ENV_R_NONE);
        ck_assert_mem_eq(out, v.plain.data, v.plain.len);
        vector_free(&v);
    }
    (void)fclose(file);
    ck_assert_int_eq(count, 2);
}
END_TEST

/* Every bit of key, nonce, associated data and ciphertext counts. */
START_TEST(nothing_altered_opens)
{
    FILE *file = vectors_open("xaes/vectors.txt");
    uint8_t out[256];
    struct vector v;

    ck_assert(next_vector(file, &v));
    vector_free(&v);
    ck_assert(next_vector(file, &v));
    (void)fclose(file);
    for (struct bytes *part = &v.key; part <= &v.sealed; part++) {
        for (size_t bit = 0; part != &v.plain && bit < 8 * part->len; bit++) {
            part->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
            ck_assert_int_eq(open_it(v.key.data, v.nonce.data, span(v.aad), span(v.sealed), out),
                             ENV_R_FIELD_NOT_AUTHENTIC);
            part->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
    ck_assert_int_eq(open_it(v.key.data, v.nonce.data, span(v.aad), span(v.sealed), out),
                     ENV_R_NONE);
    vector_free(&v);
}
END_TEST

/* ---- accumulated: random messages from one SHAKE-128, their ciphertexts into another ---- */

#define LONGEST_ROUND (32u + 24u + 2u * 256u)

static struct bytes shake(size_t len)
{
    struct bytes stream = bytes_new(len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    ck_assert(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL) == 1 &&
              EVP_DigestFinalXOF(ctx, stream.data, len) == 1);
    EVP_MD_CTX_free(ctx);
    return stream;
}

static const uint8_t *take_short(const uint8_t *at, struct env_span *out)
{
    *out = (struct env_span){at + 1, *at};
    return at + 1 + *at;
}

static void accumulate(size_t rounds, const char *answer)
{
    struct bytes stream = shake(rounds * LONGEST_ROUND);
    struct bytes expected = hex_read(answer);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    const uint8_t *at = stream.data;
    uint8_t sealed[256 + ENV_XAES_TAG_LEN], out[256], sum[32];

    ck_assert_int_eq(EVP_DigestInit_ex(hash, EVP_shake128(), NULL), 1);
    for (size_t i = 0; i < rounds; i++) {
        const uint8_t *key = at, *nonce = at + 32;
        struct env_span plain, aad;

        at = take_short(take_short(at + 32 + 24, &plain), &aad);
        seal(key, nonce, aad, plain, 256, sealed);
        ck_demand(EVP_DigestUpdate(hash, sealed, plain.len + ENV_XAES_TAG_LEN) == 1, "a hash");
        ck_demand(open_it(key, nonce, aad, (struct env_span){sealed, plain.len + ENV_XAES_TAG_LEN},
                          out) == ENV_R_NONE &&
                      memcmp(out, plain.data, plain.len) == 0,
                  "round %zu does not open", i);
    }
    ck_assert_int_eq(EVP_DigestFinalXOF(hash, sum, sizeof(sum)), 1);
    ck_assert_mem_eq(sum, expected.data, sizeof(sum));
    EVP_MD_CTX_free(hash);
    bytes_free(&stream);
    bytes_free(&expected);
}

/* With ENVELOPE_LONG the million as well. */
START_TEST(accumulated_vectors_hold)
{
    FILE *file = vectors_open("xaes/accumulated.txt");
    unsigned long rounds = 0;
    char answer[65];
    int count = 0;

    while (fscanf(file, "%lu %64s", &rounds, answer) == 2) {
        if (rounds <= 10000 || getenv("ENVELOPE_LONG") != NULL) {
            accumulate(rounds, answer);
            count++;
        }
    }
    (void)fclose(file);
    ck_assert_int_ge(count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: XAES-256-GCM");
    TCase *tcase = tcase_create("xaes");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, vectors_hold);
    tcase_add_test(tcase, nothing_altered_opens);
    tcase_add_test(tcase, accumulated_vectors_hold);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
