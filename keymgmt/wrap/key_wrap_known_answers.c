/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/key_wrap_known_answers.h"

#include <stdatomic.h>
#include <string.h>

#include "envelope/message/kek.h"
#include "keymgmt/wrap/key_wrap_lengths.h"
#include "keymgmt/wrap/session_object.h"

#define KNOWN_MAX 32u
#define TESTED (ENV_KEY_WRAP_ALL_LENGTHS + 1)

struct known_answer {
    unsigned kind;
    size_t len;
    uint8_t plain[KNOWN_MAX];
    size_t wrapped_len;
    uint8_t wrapped[KNOWN_MAX + 8];
};

/*
 * The key of RFC 5649 section 6, with the two examples there. The other answers were made with a
 * separate implementation of the RFC and agree with OpenSSL's.
 */
static const uint8_t known_key[24] = {
    0x58, 0x40, 0xdf, 0x6e, 0x29, 0xb0, 0x2a, 0xf1, 0xab, 0x49, 0x3b, 0x70,
    0x5b, 0xf1, 0x6e, 0xa1, 0xae, 0x83, 0x38, 0xf4, 0xdc, 0xc1, 0x76, 0xa8,
};

static const struct known_answer known_answers[] = {
    {ENV_KEY_WRAP_BLOCKS,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     40,
     {0xfe, 0x6a, 0x03, 0x20, 0x61, 0x7d, 0x94, 0xd5, 0xab, 0xcd, 0x3c, 0xad, 0xbb, 0x5a,
      0x15, 0xee, 0x23, 0x57, 0x4a, 0xd2, 0xa6, 0x50, 0x9b, 0x3f, 0x5a, 0x2b, 0x3b, 0x9d,
      0x96, 0xfd, 0xa7, 0x66, 0xe6, 0xd1, 0x20, 0x42, 0x53, 0x50, 0x38, 0x95}},
    {ENV_KEY_WRAP_ONE_BLOCK,
     8,
     {0, 1, 2, 3, 4, 5, 6, 7},
     16,
     {0xeb, 0xc0, 0x33, 0x08, 0x64, 0xfe, 0x68, 0x1e, 0xad, 0x53, 0xd8, 0x39, 0xb3, 0x4b, 0x9c,
      0x66}},
    {ENV_KEY_WRAP_RAGGED,
     20,
     {0xc3, 0x7b, 0x7e, 0x64, 0x92, 0x58, 0x43, 0x40, 0xbe, 0xd1,
      0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68, 0xf7, 0x38},
     32,
     {0x13, 0x8b, 0xde, 0xaa, 0x9b, 0x8f, 0xa7, 0xfc, 0x61, 0xf9, 0x77,
      0x42, 0xe7, 0x22, 0x48, 0xee, 0x5a, 0xe6, 0xae, 0x53, 0x60, 0xd1,
      0xae, 0x6a, 0x5f, 0x54, 0xf3, 0x73, 0xfa, 0x54, 0x3b, 0x6a}},
    {ENV_KEY_WRAP_SHORT,
     7,
     {0x46, 0x6f, 0x72, 0x50, 0x61, 0x73, 0x69},
     16,
     {0xaf, 0xbe, 0xb0, 0xf0, 0x7d, 0xfb, 0xf5, 0x41, 0x92, 0x00, 0xf2, 0xcc, 0xb5, 0x0b, 0xb2,
      0x4f}},
};

/*
 * The 20 bytes with padding that is not zero. Unwrapping it means that the padding is not checked.
 */
static const uint8_t bad_padding[32] = {
    0x35, 0x53, 0xd6, 0x88, 0xf7, 0x08, 0xe3, 0x5b, 0xb3, 0x7e, 0xff, 0x1c, 0x10, 0xe1, 0x5d, 0x81,
    0x36, 0x2f, 0x59, 0x90, 0x1b, 0x76, 0x77, 0xae, 0xbd, 0x69, 0xe2, 0x81, 0x1b, 0x5f, 0xe4, 0x61,
};

/* A key with a public value and only the uses under test. */
static CK_RV create_known_key(struct env_key_use *use, enum env_wrap_way way, CK_OBJECT_HANDLE *key)
{
    static const CK_ATTRIBUTE_TYPE data[2] = {CKA_ENCRYPT, CKA_DECRYPT};
    static const CK_ATTRIBUTE_TYPE keys[2] = {CKA_WRAP, CKA_UNWRAP};
    bool by_data = way == ENV_WAY_ENCRYPT || way == ENV_WAY_DECRYPT;

    return env_session_object_aes(use, known_key, sizeof(known_key), by_data ? data : keys, key);
}

enum answer {
    GOOD,
    BAD,  /* wrong bytes, or a refusal */
    LOST, /* a failure that says nothing about the answer */
};

/* A code that may be a refusal or a temporary failure makes the answer doubtful. */
static enum answer answer_of(const struct env_key_use *known, ENV_RESULT r, bool as_expected,
                             bool *doubtful)
{
    CK_RV rv = known->detail->rv;

    if (env_ok(r))
        return as_expected ? GOOD : BAD;
    if (env_ckr_loss(rv) != ENV_LOSS_NONE || env_ckr_says_nothing(rv))
        return LOST;
    *doubtful = *doubtful || env_ckr_ambiguous(rv);
    return BAD;
}

/* out must have room for len + ENV_KEY_WRAP_SLACK bytes. */
static ENV_RESULT run(struct env_key_use *known, struct env_aes_method method, const uint8_t *in,
                      size_t len, uint8_t *out, size_t *out_len)
{
    CK_MECHANISM mechanism = {env_aes_type(known->token, method.family), NULL, 0};
    struct env_wrap_call call = {.mechanism = &mechanism,
                                 .in = in,
                                 .in_len = len,
                                 .out = out,
                                 .len = (CK_ULONG)(len + ENV_KEY_WRAP_SLACK),
                                 .value_len = (CK_ULONG)len - 8};
    ENV_RESULT r = env_wrap_ways[method.way](known, &call);

    *out_len = env_ok(r) ? call.len : 0;
    return r;
}

/* Whether the output is the expected one. */
static enum answer ask(struct env_key_use *known, struct env_aes_method method,
                       const struct known_answer *a, bool *doubtful)
{
    uint8_t out[KNOWN_MAX + 8 + ENV_KEY_WRAP_SLACK];
    bool wraps = env_way_wraps(method.way);
    size_t len;
    ENV_RESULT r = run(known, method, wraps ? a->plain : a->wrapped,
                       wraps ? a->len : a->wrapped_len, out, &len);

    return answer_of(known, r,
                     len == (wraps ? a->wrapped_len : a->len) &&
                         memcmp(out, wraps ? a->wrapped : a->plain, len) == 0,
                     doubtful);
}

/* Whether the token refuses a ciphertext that does not verify. */
static enum answer ask_bad(struct env_key_use *known, struct env_aes_method method, bool *doubtful)
{
    uint8_t out[sizeof(bad_padding) + ENV_KEY_WRAP_SLACK];
    size_t len;
    ENV_RESULT r = run(known, method, bad_padding, sizeof(bad_padding), out, &len);

    return env_ok(r) ? BAD : answer_of(known, r, false, doubtful) == LOST ? LOST : GOOD;
}

/*
 * Goes through the known answers. The result is remembered for good, so it must not come from a
 * temporary failure: a doubtful answer is asked for twice, and at the end the token must repeat an
 * answer that it gave before.
 */
static enum answer test(struct env_key_use *known, struct env_aes_method method, unsigned *kinds)
{
    const struct known_answer *good = NULL;
    bool any_doubt = false;

    *kinds = 0;
    for (size_t i = 0; i < sizeof(known_answers) / sizeof(known_answers[0]); i++) {
        const struct known_answer *a = &known_answers[i];
        bool doubtful = false;
        enum answer answer = ask(known, method, a, &doubtful);

        if (answer == BAD && doubtful)
            answer = ask(known, method, a, &doubtful);
        if (answer == LOST)
            return LOST;
        any_doubt = any_doubt || doubtful;
        if (answer == GOOD) {
            *kinds |= a->kind;
            good = a;
        }
    }
    if (!env_way_wraps(method.way)) {
        enum answer answer = ask_bad(known, method, &any_doubt);

        if (answer == LOST)
            return LOST;
        if (answer == BAD) {
            *kinds = 0;
            return GOOD;
        }
    }
    if (!any_doubt)
        return GOOD;
    return good == NULL || ask(known, method, good, &any_doubt) != GOOD ? LOST : GOOD;
}

static ENV_RESULT prove(struct env_key_use *use, struct env_aes_method method, unsigned *kinds)
{
    struct env_error_detail detail;
    struct env_key_use known = *use;
    enum answer answer;
    CK_RV rv = create_known_key(use, method.way, &known.key);

    *kinds = method.family == ENV_AES_KWP ? ENV_KEY_WRAP_ALL_LENGTHS : 0;
    if (rv != CKR_OK) {
        if (env_ckr_loss(rv) == ENV_LOSS_NONE && !env_ckr_ambiguous(rv) &&
            !env_ckr_says_nothing(rv))
            return ENV_OK; /* the token does not let us import a key */
        return env_error_detail_ckr(use->detail, ENV_R_TOKEN_FAILED, "C_CreateObject", rv,
                                    use->where);
    }
    known.detail = &detail;
    answer = test(&known, method, kinds);
    env_session_object_destroy(&known, known.key);
    use->session_spoiled = use->session_spoiled || known.session_spoiled;
    if (answer != LOST)
        return ENV_OK;
    *use->detail = detail;
    use->detail->reason = ENV_R_TOKEN_FAILED;
    return ENV_FAIL(ENV_R_TOKEN_FAILED);
}

ENV_RESULT env_key_wrap_known_answers(struct env_key_use *use, struct env_aes_method method,
                                      unsigned *kinds)
{
    _Atomic unsigned *proven = &use->token->proven[env_aes_family_info(method.family)->index];
    unsigned shift = 8u * (unsigned)method.way;
    unsigned known = (atomic_load(proven) >> shift) & (TESTED | ENV_KEY_WRAP_ALL_LENGTHS);

    if ((known & TESTED) == 0) {
        ENV_TRY(prove(use, method, &known));
        (void)atomic_fetch_or(proven, (known | TESTED) << shift);
    }
    *kinds = known & ENV_KEY_WRAP_ALL_LENGTHS;
    return ENV_OK;
}
