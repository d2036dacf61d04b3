/* SPDX-License-Identifier: Apache-2.0 */
/* AES-SIV: the examples of RFC 5297, Wycheproof's vectors, values of every short length. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "envelope/format/siv.h"
#include "hex.h"

#define MOST 512

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

struct vector {
    char name[16];
    bool valid;
    struct env_siv_key key;
    struct bytes parts[4]; /* of associated data */
    size_t count;
    struct bytes plain, sealed;
};

static void read_parts(struct vector *v, char *list)
{
    char *rest = NULL;

    v->count = 0;
    for (char *part = strtok_r(list, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest))
        v->parts[v->count++] = hex_read(part);
}

static bool next_vector(FILE *file, struct vector *v)
{
    char line[2048], result[16], key[160], aad[400], plain[400], sealed[400];
    struct bytes bytes;

    do {
        if (fgets(line, sizeof(line), file) == NULL)
            return false;
    } while (line[0] == '#');
    ck_assert_int_eq(
        sscanf(line, "%15s %15s %159s %399s %399s %399s", v->name, result, key, aad, plain, sealed),
        6);
    v->valid = strcmp(result, "valid") == 0;
    bytes = hex_read(key);
    ck_assert(env_ok(env_siv_key_set(crypto, (struct env_span){bytes.data, bytes.len}, &v->key)));
    bytes_free(&bytes);
    read_parts(v, aad);
    v->plain = hex_read(plain);
    v->sealed = hex_read(sealed);
    return true;
}

static void vector_free(struct vector *v)
{
    for (size_t i = 0; i < v->count; i++)
        bytes_free(&v->parts[i]);
    bytes_free(&v->plain);
    bytes_free(&v->sealed);
}

static void check_vector(const struct vector *v)
{
    struct env_span spans[4];
    struct env_siv_component components[4];
    size_t len = v->sealed.len - ENV_SIV_LEN;
    uint8_t siv[ENV_SIV_LEN], out[MOST];
    ENV_RESULT r;

    for (size_t i = 0; i < v->count; i++) {
        spans[i] = (struct env_span){v->parts[i].data, v->parts[i].len};
        components[i] = (struct env_siv_component){&spans[i], 1};
    }
    memset(out, 0xA5, sizeof(out));
    r = env_siv_open(crypto, &v->key, components, v->count, v->sealed.data,
                     (struct env_span){v->sealed.data + ENV_SIV_LEN, len}, out);
    if (!v->valid) {
        ck_assert_msg(r.reason == ENV_R_FIELD_NOT_AUTHENTIC, "%s opens", v->name);
        ck_assert_msg(bytes_are((struct bytes){.data = out, .len = len}, 0), "%s leaves bytes",
                      v->name);
        return;
    }
    ck_assert_msg(env_ok(r) && len == v->plain.len && memcmp(out, v->plain.data, len) == 0,
                  "%s does not open", v->name);
    ck_assert(env_ok(env_siv_seal(crypto, &v->key, components, v->count,
                                  (struct env_span){v->plain.data, len}, siv, out)));
    ck_assert_msg(memcmp(siv, v->sealed.data, sizeof(siv)) == 0 &&
                      memcmp(out, v->sealed.data + sizeof(siv), len) == 0,
                  "%s is sealed to something else", v->name);
}

static int check_file(const char *path)
{
    FILE *file = vectors_open(path);
    struct vector v;
    int count = 0;

    for (; next_vector(file, &v); count++) {
        check_vector(&v);
        vector_free(&v);
    }
    (void)fclose(file);
    return count;
}

START_TEST(the_rfc_s_examples_hold)
{
    ck_assert_int_eq(check_file("siv/rfc5297.txt"), 2);
}
END_TEST

START_TEST(wycheproof_s_vectors_hold)
{
    ck_assert_int_eq(check_file("siv/wycheproof.txt"), 442);
}
END_TEST

/* Around the lengths where S2V has its cases; a component in pieces is the same component. */
START_TEST(every_length_opens_and_pieces_are_joined)
{
    static const uint8_t bytes[ENV_SIV_KEY_MAX] = {3, 1, 4};
    struct bytes plain = bytes_plain(100, 1);
    const struct env_span whole = {(const uint8_t *)"table.column", 12};
    const struct env_span pieces[] = {
        {(const uint8_t *)"table", 5}, {NULL, 0}, {(const uint8_t *)".column", 7}};
    const struct env_siv_component one = {&whole, 1}, three = {pieces, 3};
    uint8_t siv[ENV_SIV_LEN], again[ENV_SIV_LEN], out[100], opened[100];
    struct env_siv_key key;

    ck_assert(env_ok(env_siv_key_set(crypto, (struct env_span){bytes, sizeof(bytes)}, &key)));
    for (size_t len = 0; len <= plain.len; len++) {
        struct env_span value = {plain.data, len};

        ck_assert(env_ok(env_siv_seal(crypto, &key, &one, 1, value, siv, out)));
        ck_assert(env_ok(env_siv_seal(crypto, &key, &three, 1, value, again, opened)));
        ck_assert_mem_eq(siv, again, sizeof(siv));
        ck_assert(env_ok(
            env_siv_open(crypto, &key, &three, 1, siv, (struct env_span){out, len}, opened)));
        ck_assert_mem_eq(opened, plain.data, len);
        ck_assert_int_eq(
            env_siv_open(crypto, &key, &one, 0, siv, (struct env_span){out, len}, opened).reason,
            ENV_R_FIELD_NOT_AUTHENTIC);
    }
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: AES-SIV");
    TCase *tcase = tcase_create("siv");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_rfc_s_examples_hold);
    tcase_add_test(tcase, wycheproof_s_vectors_hold);
    tcase_add_test(tcase, every_length_opens_and_pieces_are_joined);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
