/* SPDX-License-Identifier: Apache-2.0 */
/* Which 32 key bytes are a KEK's label, and which are not. */
#include <string.h>

#include "caller.h"
#include "provider/common/selector_key.h"

#define KEY_LEN ENV_SELECTOR_KEY_LEN

static uint8_t key[KEY_LEN];
static char label[KEY_LEN + 1];

static int reason(void)
{
    memset(label, 'x', sizeof(label));
    return (int)env_selector_from_key(key, sizeof(key), label).reason;
}

static void set_key(const void *bytes, size_t len)
{
    memset(key, 0, sizeof(key));
    memcpy(key, bytes, len);
}

/* Bytes of a key that is not a label are never copied into the label: they may be secret. */
static void refused(void)
{
    static const char empty[KEY_LEN + 1];

    ck_demand(reason() == ENV_R_KEY_IS_NO_SELECTOR, "accepted as \"%s\"", label);
    ck_demand(memcmp(label, empty, sizeof(label)) == 0, "the label was written");
}

static void accepted(size_t len)
{
    ck_demand(reason() == ENV_R_NONE, "refused");
    ck_demand(strlen(label) == len && memcmp(label, key, len) == 0, "the label is another");
}

START_TEST(a_key_of_zeros_chooses_nothing)
{
    set_key("", 0);
    accepted(0);
}
END_TEST

START_TEST(labels_of_every_length_are_accepted)
{
    for (size_t len = 1; len <= KEY_LEN; len++) {
        memset(key, 0, sizeof(key));
        memset(key, 'k', len);
        accepted(len); /* 32 bytes have no NUL behind them */
    }
}
END_TEST

START_TEST(keys_of_other_lengths_are_refused)
{
    static const size_t lengths[] = {0, 1, 16, 24, 31, 33, 48, 64, SIZE_MAX};
    uint8_t longer[64];

    memset(longer, 'k', sizeof(longer));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        ck_assert_int_eq(env_selector_from_key(longer, lengths[i], label).reason,
                         ENV_R_BAD_KEY_LENGTH);
}
END_TEST

/* NULs are padding: nothing may stand behind the first. */
START_TEST(nothing_may_follow_a_nul)
{
    for (size_t at = 0; at + 1 < KEY_LEN; at++) {
        for (size_t behind = at + 1; behind < KEY_LEN; behind++) {
            memset(key, 0, sizeof(key));
            memset(key, 'k', at);
            key[behind] = 'k';
            refused();
        }
    }
}
END_TEST

START_TEST(control_characters_are_refused)
{
    for (unsigned byte = 1; byte < 0x80; byte++) {
        for (size_t at = 0; at < KEY_LEN; at++) {
            memset(key, 'k', sizeof(key));
            key[at] = (uint8_t)byte;
            if (byte < 0x20 || byte == 0x7F)
                refused();
            else
                accepted(KEY_LEN);
        }
    }
}
END_TEST

/* U+0080 to U+009F are control characters too. */
START_TEST(c1_control_characters_are_refused)
{
    for (unsigned byte = 0x80; byte < 0xA0; byte++) {
        const uint8_t text[] = {'k', 0xC2, (uint8_t)byte, 'k'};

        set_key(text, sizeof(text));
        refused();
    }
}
END_TEST

/* RFC 3629, written out here once more. Returns the number of bytes. */
static size_t encode(uint32_t c, uint8_t out[4])
{
    static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)(first[len] | c);
    return len;
}

START_TEST(every_unicode_character_is_accepted)
{
    for (uint32_t c = 0xA0; c <= 0x1FFFFF; c++) {
        uint8_t bytes[4];
        size_t len = encode(c, bytes);

        set_key(bytes, len);
        if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            refused();
        else
            accepted(len);
    }
}
END_TEST

/* A character cut off by the end of the key, or by the padding. */
START_TEST(cut_characters_are_refused)
{
    static const uint32_t characters[] = {0xE9, 0x20AC, 0x1F511};

    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[4];
        size_t len = encode(characters[i], bytes);

        for (size_t kept = 1; kept <= len; kept++) {
            set_key(bytes, kept);
            if (kept < len)
                refused();
            else
                accepted(len);
            memset(key, 'k', sizeof(key));
            memcpy(key + KEY_LEN - kept, bytes, kept);
            if (kept < len)
                refused();
            else
                accepted(KEY_LEN);
        }
    }
}
END_TEST

/* Every sequence of two bytes, and three that begin with one that starts a character. */
START_TEST(malformed_utf8_is_refused)
{
    for (unsigned a = 0x80; a < 0x100; a++) {
        for (unsigned b = 0; b < 0x100; b++) {
            const uint8_t two[] = {(uint8_t)a, (uint8_t)b};
            bool good = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF;

            if (a == 0xC2 && b < 0xA0)
                continue; /* see c1_control_characters_are_refused */
            set_key(two, 2);
            if (good)
                accepted(2);
            else
                refused();
        }
    }
    for (unsigned a = 0xE0; a < 0x100; a++) {
        for (unsigned b = 0; b < 0x10000; b++) {
            const uint8_t three[] = {(uint8_t)a, (uint8_t)(b >> 8), (uint8_t)b};
            uint32_t c = (a & 0xFu) << 12 | (b >> 8 & 0x3Fu) << 6 | (b & 0x3F);
            bool good =
                a < 0xF0 && (b & 0xC0C0) == 0x8080 && c >= 0x800 && !(c >= 0xD800 && c <= 0xDFFF);

            set_key(three, 3);
            if (good)
                accepted(3);
            else
                refused();
        }
    }
}
END_TEST

/* What a password gives: the chance that 32 such bytes are a label is nil. */
START_TEST(derived_keys_are_refused)
{
    uint64_t state = 4711;

    for (int i = 0; i < 200000; i++) {
        for (size_t j = 0; j < KEY_LEN; j++)
            key[j] = (uint8_t)(next_random(&state) >> 40);
        refused();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: selectors in key bytes");
    TCase *tcase = tcase_create("keys");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, a_key_of_zeros_chooses_nothing);
    tcase_add_test(tcase, labels_of_every_length_are_accepted);
    tcase_add_test(tcase, keys_of_other_lengths_are_refused);
    tcase_add_test(tcase, nothing_may_follow_a_nul);
    tcase_add_test(tcase, control_characters_are_refused);
    tcase_add_test(tcase, c1_control_characters_are_refused);
    tcase_add_test(tcase, every_unicode_character_is_accepted);
    tcase_add_test(tcase, cut_characters_are_refused);
    tcase_add_test(tcase, malformed_utf8_is_refused);
    tcase_add_test(tcase, derived_keys_are_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
