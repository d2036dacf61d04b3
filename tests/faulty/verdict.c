/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/reasons.h"
#include "keymgmt/token/ckr.h"

#define TEXT_MAX 1024u

const char *faulty_call_name(enum faulty_call call)
{
    static const char *const names[] = {
#define FAULTY_NAME(name) #name,
        FAULTY_CALLS(FAULTY_NAME)
#undef FAULTY_NAME
    };

    return call < FAULTY_CALLS_COUNT ? names[call] : "any";
}

bool verdict_is_failure(enum faulty_kind kind)
{
    return kind == FAULTY_FAILS || kind == FAULTY_FAILS_AFTER;
}

bool verdict_is_lie(enum faulty_kind kind)
{
    return kind >= FAULTY_LENGTH_ZERO && kind <= FAULTY_UNWRITTEN;
}

bool verdict_is_loss(enum faulty_kind kind)
{
    return kind >= FAULTY_DROPS;
}

static const char *kind_name(const struct test_case *c)
{
    static const char *const names[] = {
        "fails",
        "fails after",
        "length zero",
        "length too short",
        "length too long",
        "length far too long",
        "length unavailable",
        "length of 2^63",
        "garbage",
        "binary text",
        "other types",
        "a search without end",
        "lies of all kinds",
        "nothing written",
        "drops sessions",
        "module forgets",
        "token leaves",
    };

    return names[c->kind];
}

static void bad(const struct test_case *c, struct tally *tally, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void bad(const struct test_case *c, struct tally *tally, const char *fmt, ...)
{
    static const char *const modes[] = {"never", "once", "from then on", "and all others after it"};
    va_list ap;

    tally->bad++;
    printf("BAD: %s %s, call %u %s %s (%s) %s: ", c->place, c->operation->name, c->at,
           faulty_call_name(c->function), kind_name(c),
           verdict_is_failure(c->kind) ? env_ckr_name(c->code) : "-", modes[c->mode]);
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

/* A compiler that was called with relative paths puts them before the names. */
static bool is_our_file(const char *file)
{
    while (strncmp(file, "../", 3) == 0)
        file += 3;
    return strncmp(file, "provider/", 9) == 0 || strncmp(file, "keymgmt/", 8) == 0 ||
           strncmp(file, "envelope/", 9) == 0;
}

/*
 * The provider's entries on the error stack; the first of them is copied. They are known by their
 * file: libcrypto gives the library a new number each time that a provider is loaded, and has 128
 * numbers.
 */
static unsigned take_errors(int *reason, char text[TEXT_MAX])
{
    const char *data;
    const char *file;
    unsigned long e;
    unsigned n = 0;
    int flags;

    *reason = 0;
    text[0] = '\0';
    while ((e = ERR_get_error_all(&file, NULL, NULL, &data, &flags)) != 0) {
        if (!is_our_file(file))
            continue;
        if (n++ == 0) {
            *reason = ERR_GET_REASON(e);
            (void)snprintf(text, TEXT_MAX, "%s", (flags & ERR_TXT_STRING) != 0 ? data : "");
        }
    }
    return n;
}

static bool is_on_our_list(int reason)
{
    switch (reason) {
#define REASON_CASE(name, number, text) case number:
        ENV_REASONS(REASON_CASE)
#undef REASON_CASE
        return true;
    default:
        return false;
    }
}

/*
 * An error about data that does not verify names no token: an attacker would learn from it. Bad
 * ciphertexts have codes that may also mean other things.
 */
static bool looks_like_bad_ciphertext(const struct test_case *c)
{
    bool unwraps = c->function == FAULTY_C_UnwrapKey || c->function == FAULTY_C_Decrypt;

    if (!verdict_is_failure(c->kind))
        return verdict_is_lie(c->kind) && (unwraps || c->function == FAULTY_C_GetAttributeValue ||
                                           c->mode == FAULTY_ALL_FUNCTIONS);
    return env_ckr_bad_ciphertext(c->code) && (unwraps || c->mode == FAULTY_ALL_FUNCTIONS);
}

/* Whether the token that has the key is absent, which is not a failure. */
static bool left_its_slot(const struct test_case *c)
{
    return getenv("FAULTS_TOKEN") != NULL &&
           (c->kind == FAULTY_LEAVES ||
            (verdict_is_failure(c->kind) && c->code == CKR_TOKEN_NOT_PRESENT));
}

/* A token that says it is empty, or has another name, is not the one that is wanted. */
bool verdict_lies_about_itself(const struct test_case *c)
{
    return getenv("FAULTS_TOKEN") != NULL && verdict_is_lie(c->kind) &&
           c->function == FAULTY_C_GetTokenInfo;
}

/* The error of a token's failure has its code and the token, or the module if that failed. */
static bool names_what_failed(const struct test_case *c, int reason, const char *text)
{
    bool fails = verdict_is_failure(c->kind);
    char token[64];

    (void)snprintf(token, sizeof(token), "token '%s'", world_token());
    if (reason == ENV_R_NOT_AUTHENTIC || reason == ENV_R_WRAPPED_KEY)
        return looks_like_bad_ciphertext(c);
    if (reason == ENV_R_KEK_NOT_FOUND && (left_its_slot(c) || verdict_lies_about_itself(c)))
        return strstr(text, "looked at token '") != NULL;
    if (c->kind == FAULTY_GARBAGE && verdict_lies_about_itself(c))
        return strstr(text, "token '") != NULL; /* of whatever name */
    if (reason == ENV_R_TOKEN_FAILED && left_its_slot(c) &&
        strstr(text, "the token is gone") != NULL)
        return strstr(text, token) != NULL;
    if (reason == ENV_R_NO_TOKEN && fails && c->code != CKR_TOKEN_NOT_PRESENT)
        return false;
    if (reason != ENV_R_NO_TOKEN && fails && strstr(text, env_ckr_name(c->code)) == NULL)
        return false;
    return strstr(text, token) != NULL || strstr(text, "faulty_p11.so") != NULL ||
           ((reason == ENV_R_KEK_NOT_HERE || reason == ENV_R_OTHER_KEK) && verdict_is_lie(c->kind));
}

bool verdict_must_be_fooled(const struct test_case *c)
{
    if (!verdict_is_lie(c->kind))
        return false;
    /* a padded key may have any length of eight; the call that says it may be a later one */
    if (c->kind == FAULTY_LENGTH_SHORT &&
        (c->function == FAULTY_C_GetAttributeValue || c->mode == FAULTY_ALL_FUNCTIONS) &&
        strcmp(c->operation->name, "unwrap-pad") == 0)
        return true;
    return c->kind == FAULTY_GARBAGE || c->kind == FAULTY_MIXED ||
           strcmp(c->operation->name, "list") == 0 ||
           (c->kind == FAULTY_UNWRITTEN && c->function == FAULTY_C_GetAttributeValue);
}

/*
 * What is lost and can be had again at once is no error; nor is anything that happens to one token
 * where the setting can do without it.
 */
static bool has_to_succeed(const struct test_case *c, int reason)
{
    /* a key that cannot open what it wraps is not out of reach */
    if (getenv("FAULTS_OPTIONAL") != NULL)
        return !verdict_is_lie(c->kind) &&
               (reason != ENV_R_KEK_SELF_TEST || !looks_like_bad_ciphertext(c));
    if (c->kind == FAULTY_DROPS || c->kind == FAULTY_FORGETS)
        return true;
    return getenv("FAULTS_HAVE_REPLICA") != NULL && !verdict_is_lie(c->kind);
}

/* Whether a terminal can show it: no control characters, of any kind, and UTF-8. */
static bool is_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned long c;
    int len;

    for (; *at != '\0'; at += len) {
        len = UTF8_getc(at, (int)strlen((const char *)at), &c);
        if (len <= 0 || c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
            (c >= 0x2066 && c <= 0x2069))
            return false;
    }
    return true;
}

void verdict_of_outcome(const struct test_case *c, enum outcome outcome, struct tally *tally)
{
    char text[TEXT_MAX];
    int reason;
    unsigned entries = take_errors(&reason, text);

    tally->cases++;
    if (outcome == OUTCOME_WRONG && !verdict_must_be_fooled(c))
        bad(c, tally, "WRONG OUTPUT");
    if (outcome == OUTCOME_GOOD) {
        tally->recovered++;
        if (entries > 0)
            bad(c, tally, "a success with an error: %d %s", reason, text);
    }
    if (outcome != OUTCOME_FAILED)
        return;
    tally->refused++;
    if (has_to_succeed(c, reason))
        bad(c, tally, "it failed: %d %s", reason, text);
    if (entries != 1)
        bad(c, tally, "%u errors: %d %s", entries, reason, text);
    else if (!is_on_our_list(reason))
        bad(c, tally, "an unknown reason: %d %s", reason, text);
    else if (!names_what_failed(c, reason, text))
        bad(c, tally, "it does not say what failed: %d %s", reason, text);
    if (!is_text(text))
        bad(c, tally, "its text is not fit for a terminal: %d", reason);
}

/* Whether the fault took from us what is needed to clean up. */
static bool could_not_destroy(const struct test_case *c)
{
    bool makes = c->function == FAULTY_C_GenerateKey || c->function == FAULTY_C_GenerateKeyPair ||
                 c->function == FAULTY_C_CopyObject;

    return verdict_is_lie(c->kind) || c->kind == FAULTY_LEAVES ||
           c->function == FAULTY_C_DestroyObject || c->mode == FAULTY_ALL_FUNCTIONS ||
           (makes && c->kind == FAULTY_FAILS_AFTER);
}

/*
 * A key that was unwrapped but not returned lives as long as its session, which a bad ciphertext
 * does not end.
 */
static bool may_leave_object(const struct test_case *c)
{
    if (c->kind == FAULTY_UNWRITTEN &&
        (c->function == FAULTY_C_DestroyObject || c->mode == FAULTY_ALL_FUNCTIONS))
        return true;
    return c->kind == FAULTY_FAILS_AFTER &&
           (looks_like_bad_ciphertext(c) || env_ckr_loss(c->code) == ENV_LOSS_KEY);
}

void verdict_of_remains(const struct test_case *c, enum outcome again,
                        const struct faulty_control *control, struct tally *tally)
{
    unsigned allowed = world_tokens() + control->lost_sessions; /* one each */
    size_t objects = world_session_objects();
    char text[TEXT_MAX];
    int reason;
    unsigned entries = take_errors(&reason, text);

    if (control->hits == 0)
        bad(c, tally, "the fault never happened");
    if (reason == ENV_R_KEK_NOT_FOUND && left_its_slot(c))
        return; /* with others present, slots are read again only every 5 seconds */
    if (reason == ENV_R_WRAP_LENGTH && verdict_is_lie(c->kind))
        return; /* wrong answers to what the token was tested with are remembered */
    if ((reason == ENV_R_OTHER_KEK || reason == ENV_R_KEK_NOT_NAMED) && verdict_must_be_fooled(c))
        return; /* and so is a wrong id, and a wrong label */
    if (again != OUTCOME_GOOD)
        bad(c, tally, "then, without a fault: %s %d %s",
            again == OUTCOME_WRONG ? "wrong output" : "failed", reason, text);
    else if (entries > 0)
        bad(c, tally, "then, a success with an error: %d %s", reason, text);
    if (control->sessions > allowed)
        bad(c, tally, "%u sessions are open", control->sessions);
    if (objects > 0 && control->lost_sessions == 0 && !may_leave_object(c))
        bad(c, tally, "%zu session objects are left", objects);
    if (c->operation->makes_objects > 0) {
        size_t made = world_keys(OPERATION_NEW_KEY);

        /* those of the second try */
        if (made != (again == OUTCOME_GOOD ? c->operation->makes_objects : 0) &&
            !could_not_destroy(c))
            bad(c, tally, "%zu objects were made", made);
    }
}
