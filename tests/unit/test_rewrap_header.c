/* SPDX-License-Identifier: Apache-2.0 */
/* Headers written anew for other KEKs, judged against today's, and altered by somebody without a
 * DEK. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "header_tree.h"
#include "provider/rewrap_header.h"

#define SEVERAL 3u
#define MOST_KEKS 32u

static const struct env_selector todays; /* none: the configured KEKs */
static const struct env_dek_context *context;
static uint8_t dek[ENV_DEK_LEN];

/* header_tree's message is what a test begins with, for the fake KEKs 0 to count - 1. */
static void set_up(void)
{
    EVP_CIPHER *cipher;

    header_tree_set_up();
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    context =
        &((struct env_provctx *)OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)))
             ->dek;
    EVP_CIPHER_free(cipher);
}

static struct env_span span(struct bytes bytes)
{
    return (struct env_span){bytes.data, bytes.len};
}

static struct env_header *read_any(struct bytes der)
{
    struct env_header *header = NULL;

    ck_assert(env_ok(env_dek_read_any_header(span(der), &header)));
    return header;
}

static struct bytes rewrapped(struct bytes der, enum env_content content)
{
    enum env_content found = ENV_CONTENT_MESSAGE;
    uint8_t *out = NULL;
    size_t len = 0;
    struct bytes result;

    ck_assert(env_ok(env_dek_rewrap(context, &todays, span(der), &found, &out, &len)));
    ck_assert_int_eq(found, content);
    result = bytes_of(out, len);
    OPENSSL_free(out);
    ck_assert_int_eq(fake_references(), 0);
    return result;
}

/* The reason why it can not be re-wrapped; nothing is handed out then. */
static int rewrap_reason(struct bytes der)
{
    enum env_content content = (enum env_content)77;
    uint8_t *out = NULL;
    size_t len = 4711;
    ENV_RESULT r;

    ERR_clear_error();
    r = env_dek_rewrap(context, &todays, span(der), &content, &out, &len);
    ck_assert(!env_ok(r));
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(len, 4711);
    ck_assert_int_eq(content, 77);
    ck_assert_int_eq(fake_references(), 0);
    if (r.raised)
        ck_assert_int_eq(fake_last_reason(), r.reason);
    return (int)r.reason;
}

static bool is_current(struct bytes der)
{
    struct env_header *header = read_any(der);
    bool current = true;

    ck_assert(env_ok(env_dek_is_current(context, &todays, header, span(der), &current)));
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    return current;
}

static int is_current_reason(struct bytes der)
{
    struct env_header *header = read_any(der);
    bool current = true;
    ENV_RESULT r = env_dek_is_current(context, &todays, header, span(der), &current);

    ck_assert(!current);
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    return (int)r.reason;
}

/* Opens a header of either content into dek. */
static int open_reason(struct bytes der)
{
    struct env_header *header = read_any(der);
    ENV_RESULT r = env_dek_open_header(context, header, span(der), dek);

    OPENSSL_free(header);
    return (int)r.reason;
}

static void all_absent_but(size_t present)
{
    for (size_t i = 0; i < FAKE_KEKS; i++)
        fake_keks[i].absent = i != present;
}

/* ---- re-wrapping ---- */

START_TEST(new_kek_opens_and_old_one_does_not)
{
    struct bytes old = der_encode(root);
    uint8_t old_dek[ENV_DEK_LEN];
    struct bytes new;
    struct bytes message;
    struct bytes opened;

    ck_assert_int_eq(open_reason(old), ENV_R_NONE);
    memcpy(old_dek, dek, sizeof(dek));
    fake_switch_to(1, 1);
    new = rewrapped(old, ENV_CONTENT_MESSAGE);
    ck_assert_uint_eq(new.len, old.len);
    all_absent_but(1); /* the old one */
    ck_assert_int_eq(open_reason(new), ENV_R_KEK_NOT_HERE);
    all_absent_but(0);
    ck_assert_int_eq(open_reason(new), ENV_R_NONE);
    ck_assert_mem_eq(dek, old_dek, sizeof(dek));
    message = bytes_of(new.data, new.len);
    bytes_append(&message, body.data, body.len);
    opened = caller_open(libctx, message);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&opened);
    bytes_free(&message);
    bytes_free(&new);
    bytes_free(&old);
}
END_TEST

/* From any number of KEKs to any other, whichever of the old ones is here. */
START_TEST(any_number_to_any_other)
{
    for (size_t from = 1; from <= SEVERAL; from++) {
        struct bytes old;

        header_tree_seal(from);
        old = der_encode(root);
        fake_switch_to(10, SEVERAL);
        for (size_t to = 1; to <= SEVERAL; to++) {
            struct bytes new;
            struct env_header *header;

            fake_default_count = to;
            for (size_t i = 10; i < 10 + from; i++)
                fake_keks[i].absent = i != 10 + to % from;
            new = rewrapped(old, ENV_CONTENT_MESSAGE);
            header = read_any(new);
            ck_assert_uint_eq(header->count, to);
            OPENSSL_free(header);
            for (size_t i = 0; i < to; i++) {
                all_absent_but(i);
                ck_assert_int_eq(open_reason(new), ENV_R_NONE);
            }
            bytes_free(&new);
        }
        bytes_free(&old);
        fake_reset();
    }
}
END_TEST

START_TEST(sealed_key_stays_one)
{
    uint8_t *der = NULL;
    size_t len = 0;
    uint8_t sealed_dek[ENV_DEK_LEN];
    struct bytes old;
    struct bytes new;

    ck_assert(
        env_ok(env_dek_seal(context, &todays, ENV_CONTENT_SEALED_KEY, sealed_dek, &der, &len)));
    old = bytes_of(der, len);
    OPENSSL_free(der);
    fake_switch_to(1, 1);
    new = rewrapped(old, ENV_CONTENT_SEALED_KEY);
    ck_assert(env_ok(env_dek_open(context, span(new), ENV_CONTENT_SEALED_KEY, dek)));
    ck_assert_mem_eq(dek, sealed_dek, sizeof(dek));
    ck_assert_int_eq(env_dek_open(context, span(new), ENV_CONTENT_MESSAGE, dek).reason,
                     ENV_R_WRONG_CONTENT);
    bytes_free(&new);
    bytes_free(&old);
}
END_TEST

START_TEST(failures_of_rewrapping)
{
    struct bytes old = der_encode(root);
    struct bytes half = bytes_of(old.data, old.len / 2);

    ck_assert_int_eq(rewrap_reason(half), ENV_R_BAD_HEADER);
    fake_switch_to(1, 1);
    fake_keks[1].absent = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_KEK_NOT_HERE);
    fake_keks[1].absent = false;
    fake_keks[1].fail_unwrap = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_TOKEN_FAILED);
    fake_keks[1].fail_unwrap = false;
    fake_keks[1].key[0] ^= 1;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NOT_AUTHENTIC);
    fake_keks[1].key[0] ^= 1;
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 0); /* not asked before it is open */
    fake_keks[0].fail_wrap = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_WRAP_FAILED);
    fake_default_count = 0;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NO_KEK_CONFIGURED);
    bytes_free(&half);
    bytes_free(&old);
}
END_TEST

/* The DEK's place in secret memory, which stays readable in the secure heap. */
START_TEST(dek_is_wiped)
{
    struct bytes old = der_encode(root);
    struct bytes new;

    ck_assert_int_eq(CRYPTO_secure_malloc_init(1 << 16, 64), 1);
    ck_assert_int_eq(open_reason(old), ENV_R_NONE);
    fake_switch_to(1, 1);
    for (int failing = 0; failing < 2; failing++) {
        fake_keks[0].fail_wrap = failing == 1;
        fake_keks[1].unwrapped_to = NULL;
        if (failing == 1) {
            ck_assert_int_eq(rewrap_reason(old), ENV_R_WRAP_FAILED);
        } else {
            new = rewrapped(old, ENV_CONTENT_MESSAGE);
            bytes_free(&new);
        }
        ck_assert_int_eq(CRYPTO_secure_allocated(fake_keks[1].unwrapped_to), 1);
        ck_assert(memcmp(fake_keks[1].unwrapped_to, dek, 16) != 0);
        ck_assert(memcmp(fake_keks[1].unwrapped_to + 16, dek + 16, 16) != 0);
    }
    fake_keks[1].unwrapped_to = NULL;
    old.data[old.len - 1] ^= 1; /* the MAC */
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NOT_AUTHENTIC);
    ck_assert_int_eq(CRYPTO_secure_allocated(fake_keks[1].unwrapped_to), 1);
    ck_assert(memcmp(fake_keks[1].unwrapped_to, dek, 16) != 0);
    ck_assert_uint_eq(CRYPTO_secure_used(), 0);
    bytes_free(&old);
}
END_TEST

/* ---- headers that would be too long ---- */

static void long_references(void)
{
    for (size_t i = 0; i < MOST_KEKS; i++) {
        fake_keks[i].id.len = ENV_KEK_ID_MAX;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, ENV_KEK_ID_MAX);
    }
}

/* Messages, sealed keys and headers written anew; the numbers say how far it is. */
START_TEST(too_long_to_seal)
{
    struct bytes old = der_encode(root);
    static const char *const texts[] = {
        [ENV_CONTENT_MESSAGE] = "32 KEKs make a header of 4199 bytes; at most 3990 can be sealed",
        [ENV_CONTENT_SEALED_KEY] =
            "32 KEKs make a header of 4198 bytes; at most 3990 can be sealed",
    };
    uint8_t *der = NULL;
    size_t len = 0;

    long_references();
    fake_default_count = MOST_KEKS;
    for (int i = ENV_CONTENT_MESSAGE; i <= ENV_CONTENT_SEALED_KEY; i++) {
        const char *data = "";
        int flags = 0;
        ENV_RESULT r;

        ERR_clear_error();
        memset(dek, 1, sizeof(dek));
        r = env_dek_seal(context, &todays, (enum env_content)i, dek, &der, &len);
        ck_assert_int_eq(r.reason, ENV_R_KEKS_DO_NOT_FIT);
        ck_assert_ptr_null(der);
        ck_assert(bytes_are((struct bytes){dek, sizeof(dek), 0}, 0));
        ck_assert_int_eq(fake_references(), 0);
        (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
        ck_assert_str_eq(data, texts[i]);
    }
    bytes_free(&old);
    fake_default_count = 1;
    header_tree_seal(1);
    old = der_encode(root);
    fake_default_count = MOST_KEKS;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_KEKS_DO_NOT_FIT);
    bytes_free(&old);
}
END_TEST

/* ---- whether it is for today's KEKs ---- */

START_TEST(exactly_todays_keks)
{
    for (size_t sealed = 1; sealed <= SEVERAL; sealed++) {
        struct bytes der;

        header_tree_seal(sealed);
        der = der_encode(root);
        for (size_t today = 1; today <= SEVERAL + 1; today++) {
            fake_default_count = today;
            ck_assert_int_eq(is_current(der), today == sealed);
        }
        fake_default_count = sealed;
        fake_switch_to(sealed, sealed); /* as many others */
        ck_assert(!is_current(der));
        fake_switch_to(sealed, sealed);
        ck_assert(is_current(der));
        fake_switch_to(sealed - 1, 1); /* the same in another order */
        fake_default_count = sealed;
        ck_assert(is_current(der));
        bytes_free(&der);
        fake_reset();
    }
}
END_TEST

/* Each of today's KEKs has to open it, not the first alone. */
START_TEST(every_kek_is_asked)
{
    struct bytes der;

    header_tree_seal(SEVERAL);
    der = der_encode(root);
    for (size_t i = 0; i < SEVERAL; i++) {
        fake_keks[i].key[31] ^= 1; /* another key of the same reference */
        ck_assert(!is_current(der));
        fake_keks[i].key[31] ^= 1;
        fake_keks[i].fail_unwrap = true;
        ck_assert_int_eq(is_current_reason(der), ENV_R_TOKEN_FAILED);
        fake_keks[i].fail_unwrap = false;
    }
    ck_assert(is_current(der));
    bytes_free(&der);
}
END_TEST

/* A header with a MAC as good as the DEK makes it, but recipients of the test's choice. */
static struct bytes header_with(size_t count, const size_t *keks, const uint8_t deks[][ENV_DEK_LEN])
{
    struct env_header *header = OPENSSL_zalloc(sizeof(*header));
    uint8_t *der = NULL;
    size_t len = 0;
    struct bytes bytes;

    header->count = count;
    for (size_t i = 0; i < count; i++) {
        struct env_kek_id *id = &header->recipients[i].id;
        struct env_kek *kek = NULL;

        *id = fake_keks[keks[i]].id;
        ck_assert(env_ok(
            context->keyring->vtable->lookup(context->keyring, id, ENV_WRAP_AES256_KW, &kek)));
        ck_assert(env_ok(kek->vtable->wrap(kek, deks[i], &header->recipients[i].wrapped)));
        env_kek_free(kek);
    }
    ck_assert(env_ok(env_header_encode(context->crypto, header, deks[0], &der, &len)));
    bytes = bytes_of(der, len);
    OPENSSL_free(der);
    OPENSSL_free(header);
    return bytes;
}

/* One recipient gives another DEK: found out whichever of the two is asked first. */
START_TEST(one_dek_for_all)
{
    static const uint8_t deks[2][ENV_DEK_LEN] = {{1}, {2}};
    static const uint8_t same[2][ENV_DEK_LEN] = {{1}, {1}};
    static const size_t first[] = {0, 1};
    static const size_t second[] = {1, 0};
    static const size_t twice[] = {0, 0};
    struct bytes headers[] = {header_with(2, first, deks), header_with(2, second, deks),
                              header_with(2, twice, same), header_with(2, first, same)};

    fake_default_count = 2;
    ck_assert(!is_current(headers[0]));
    ck_assert(!is_current(headers[1]));
    ck_assert(!is_current(headers[2])); /* the one KEK twice, the other not at all */
    ck_assert(is_current(headers[3]));
    for (size_t i = 0; i < 4; i++)
        bytes_free(&headers[i]);
}
END_TEST

/* Two of today's KEKs look the same: each still needs a recipient of its own. */
START_TEST(two_of_one_reference)
{
    static const uint8_t deks[2][ENV_DEK_LEN] = {{1}, {1}};
    static const size_t one_and_other[] = {0, 2};
    static const size_t both[] = {0, 0};
    struct bytes headers[] = {header_with(2, one_and_other, deks), header_with(2, both, deks)};

    fake_keks[1] = fake_keks[0];
    fake_default_count = 2;
    ck_assert(!is_current(headers[0]));
    ck_assert(is_current(headers[1]));
    for (size_t i = 0; i < 2; i++)
        bytes_free(&headers[i]);
}
END_TEST

START_TEST(broken_mac_is_not_current)
{
    struct bytes der = der_encode(root);

    der.data[der.len - 1] ^= 1;
    ck_assert(!is_current(der));
    ck_assert_int_eq(rewrap_reason(der), ENV_R_NOT_AUTHENTIC);
    bytes_free(&der);
}
END_TEST

/* A public half can not be asked: then the others decide, and one at least has to. */
START_TEST(public_halves)
{
    struct bytes der;

    header_tree_seal(2);
    der = der_encode(root);
    fake_keks[1].public_half = true;
    ck_assert(is_current(der));
    ck_assert_int_eq(atomic_load(&fake_keks[1].unwraps), 0);
    fake_keks[0].key[0] ^= 1;
    ck_assert(!is_current(der));
    fake_keks[0].key[0] ^= 1;
    fake_keks[0].public_half = true;
    ck_assert_int_eq(is_current_reason(der), ENV_R_KEK_NOT_HERE);
    /* the private half of one is on a token */
    fake_keks[5] = fake_keks[1];
    fake_keks[5].public_half = false;
    ck_assert(is_current(der));
    fake_keks[5].key[0] ^= 1;
    ck_assert(!is_current(der));
    fake_keks[5].fail_unwrap = true;
    ck_assert_int_eq(is_current_reason(der), ENV_R_TOKEN_FAILED);
    bytes_free(&der);
}
END_TEST

START_TEST(undecided_without_keks)
{
    struct bytes der = der_encode(root);

    fake_default_count = 0;
    ck_assert_int_eq(is_current_reason(der), ENV_R_NO_KEK_CONFIGURED);
    bytes_free(&der);
}
END_TEST

/* ---- through each recipient ---- */

START_TEST(each_recipient_by_itself)
{
    struct env_header *header;
    struct bytes der;
    uint8_t first[ENV_DEK_LEN];

    header_tree_seal(SEVERAL);
    der = der_encode(root);
    header = read_any(der);
    ck_assert(env_ok(env_dek_open_recipient(context, header, 0, span(der), first)));
    for (size_t i = 0; i < SEVERAL; i++) {
        size_t kek = header->recipients[i].id.bytes[0] - 0xA0u;
        const char *data = "";
        int flags = 0;

        memset(dek, 0, sizeof(dek));
        ck_assert(env_ok(env_dek_open_recipient(context, header, i, span(der), dek)));
        ck_assert_mem_eq(dek, first, sizeof(dek));
        ck_assert_int_eq(atomic_load(&fake_keks[kek].unwraps), i == 0 ? 2 : 1);
        fake_keks[kek].key[0] ^= 1;
        ck_assert_int_eq(env_dek_open_recipient(context, header, i, span(der), dek).reason,
                         ENV_R_NOT_AUTHENTIC);
        ck_assert(bytes_are((struct bytes){dek, sizeof(dek), 0}, 0));
        fake_keks[kek].absent = true;
        ERR_clear_error();
        ck_assert_int_eq(env_dek_open_recipient(context, header, i, span(der), dek).reason,
                         ENV_R_KEK_NOT_HERE);
        (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
        ck_assert_uint_eq(strlen(data), strlen("the message is for ") + 32); /* this KEK alone */
    }
    ck_assert_int_eq(env_dek_open_recipient(context, header, SEVERAL, span(der), dek).reason,
                     ENV_R_INTERNAL);
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    bytes_free(&der);
}
END_TEST

/* ---- recipients altered by somebody who lacks the DEK ---- */

/* Whatever KEKs are asked: it does not open, is not current and is not re-wrapped. */
static void ck_altered_refused(enum env_reason reason)
{
    struct bytes der = der_encode(root);

    ck_header_refused(reason);
    ck_assert_int_eq(rewrap_reason(der), reason);
    if (reason != ENV_R_BAD_HEADER)
        ck_assert(!is_current(der));
    bytes_free(&der);
}

START_TEST(recipients_stripped)
{
    for (size_t i = 0; i < SEVERAL; i++) {
        header_tree_seal(SEVERAL);
        der_remove(der_at(root, RECIPIENTS), i);
        for (size_t today = 1; today <= SEVERAL; today++) {
            fake_default_count = today;
            ck_altered_refused(ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

/* One that the attacker's own KEK wrapped, well formed in all: with a DEK of his, since he has no
 * other, or with that of a message of his own. */
static struct der *attackers_recipient(size_t kek)
{
    static const uint8_t his[1][ENV_DEK_LEN] = {{0xEE}};
    struct bytes der = header_with(1, &kek, his);
    size_t used = 0;
    struct der *tree = der_parse(der.data, der.len, &used);
    struct der *recipient = der_copy(der_at(tree, KEKRI));

    bytes_free(&der);
    der_free(tree);
    return recipient;
}

START_TEST(recipients_added)
{
    for (size_t kek = 0; kek < SEVERAL; kek++) { /* 0: one more for the KEK that is there */
        header_tree_seal(1);
        der_insert(der_at(root, RECIPIENTS), 0, attackers_recipient(kek));
        der_sort(der_at(root, RECIPIENTS));
        for (size_t today = 1; today <= SEVERAL; today++) {
            fake_default_count = today;
            ck_altered_refused(ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

START_TEST(recipients_replaced)
{
    for (size_t kek = 0; kek <= SEVERAL; kek++) {
        for (size_t i = 0; i < SEVERAL; i++) {
            header_tree_seal(SEVERAL);
            header_tree_replace(RECIPIENTS, i, attackers_recipient(kek));
            der_sort(der_at(root, RECIPIENTS));
            fake_default_count = SEVERAL;
            ck_altered_refused(ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

/* All of them his, and the MAC too: it opens, but not the body, which belongs to another DEK. */
START_TEST(header_of_his_own)
{
    static const size_t kek = 0;
    static const uint8_t his[1][ENV_DEK_LEN] = {{0xEE}};
    struct bytes der = header_with(1, &kek, his);
    size_t used = 0;

    der_free(root);
    root = der_parse(der.data, der.len, &used);
    ck_header_refused(ENV_R_CONTEXT_MISMATCH);
    bytes_free(&der);
}
END_TEST

/* A SET OF has one order: every other is no DER, and sorted again it is what it was. */
/* An RSA key that has an AES key's reference is another KEK. */
START_TEST(kinds_of_one_reference)
{
    struct bytes der = der_encode(root);

    ck_assert(is_current(der));
    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    ck_assert(!is_current(der));
    bytes_free(&der);
    header_tree_seal(1);
    der = der_encode(root);
    ck_assert(is_current(der));
    bytes_free(&der);
}
END_TEST

/* Whoever knows what a failed unwrap leaves behind can not make a header for it. */
START_TEST(header_for_what_a_failed_unwrap_leaves)
{
    static const uint8_t zeros[ENV_DEK_LEN];
    struct env_header *header;
    struct bytes before;
    uint8_t *der = NULL;
    size_t len = 0;

    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    header_tree_seal(1);
    before = der_encode(root);
    header = read_any(before);
    bytes_free(&before);
    header->recipients[0].wrapped.data[200] ^= 1;
    ck_assert(env_ok(env_header_encode(context->crypto, header, zeros, &der, &len)));
    ck_assert_int_eq(env_dek_open_header(context, header, (struct env_span){der, len}, dek).reason,
                     ENV_R_NOT_AUTHENTIC);
    ck_assert(!is_current((struct bytes){der, len, len}));
    OPENSSL_free(der);
    OPENSSL_free(header);
}
END_TEST

START_TEST(recipients_reordered)
{
    struct bytes before;
    struct bytes again;
    struct der *set;

    header_tree_seal(SEVERAL);
    before = der_encode(root);
    set = der_at(root, RECIPIENTS);
    for (size_t i = 0; i < SEVERAL; i++) {
        for (size_t j = i + 1; j < SEVERAL; j++) {
            struct der *other = set->children[i];

            set->children[i] = set->children[j];
            set->children[j] = other;
            ck_altered_refused(ENV_R_BAD_HEADER);
            set->children[j] = set->children[i];
            set->children[i] = other;
        }
    }
    der_sort(set);
    again = der_encode(root);
    ck_assert_uint_eq(again.len, before.len);
    ck_assert_mem_eq(again.data, before.data, before.len);
    bytes_free(&again);
    bytes_free(&before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("headers for other KEKs");
    TCase *tcase = tcase_create("rewrap");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, header_tree_tear_down);
    tcase_add_test(tcase, new_kek_opens_and_old_one_does_not);
    tcase_add_test(tcase, any_number_to_any_other);
    tcase_add_test(tcase, sealed_key_stays_one);
    tcase_add_test(tcase, failures_of_rewrapping);
    tcase_add_test(tcase, dek_is_wiped);
    tcase_add_test(tcase, too_long_to_seal);
    tcase_add_test(tcase, exactly_todays_keks);
    tcase_add_test(tcase, every_kek_is_asked);
    tcase_add_test(tcase, one_dek_for_all);
    tcase_add_test(tcase, two_of_one_reference);
    tcase_add_test(tcase, broken_mac_is_not_current);
    tcase_add_test(tcase, public_halves);
    tcase_add_test(tcase, undecided_without_keks);
    tcase_add_test(tcase, each_recipient_by_itself);
    tcase_add_test(tcase, recipients_stripped);
    tcase_add_test(tcase, recipients_added);
    tcase_add_test(tcase, recipients_replaced);
    tcase_add_test(tcase, header_of_his_own);
    tcase_add_test(tcase, kinds_of_one_reference);
    tcase_add_test(tcase, header_for_what_a_failed_unwrap_leaves);
    tcase_add_test(tcase, recipients_reordered);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
