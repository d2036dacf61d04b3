/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/field_memo.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "envelope/base/secret.h"
#include "envelope/base/thread_number.h"

#define ANSWERS 4u
#define WORDS_MAX 80u

struct answer {
    int64_t until; /* 0: the entry is empty */
    unsigned use;
    bool by_name;
    bool seals;
    uint8_t id[ENV_FIELD_ID_LEN];
    size_t len;
    uint8_t words[WORDS_MAX]; /* the name or the stand-in */
    struct env_field_key key;
};

/* Lives in secret memory. A thread that has taken it out of its place owns it. */
struct answers {
    unsigned next; /* the entry to replace */
    struct answer all[ANSWERS];
};

struct env_field_memo {
    struct {
        _Atomic(struct answers *) answers;
        char apart[2 * ENV_CACHE_LINE - sizeof(void *)];
    } places[ENV_THREAD_NUMBERS];
};

struct env_field_memo *env_field_memo_new(void)
{
    return OPENSSL_zalloc(sizeof(struct env_field_memo));
}

static void answers_free(struct answers *answers)
{
    env_secret_free(answers, sizeof(*answers));
}

void env_field_memo_free(struct env_field_memo *memo)
{
    for (size_t i = 0; memo != NULL && i < ENV_THREAD_NUMBERS; i++)
        answers_free(atomic_load(&memo->places[i].answers));
    OPENSSL_free(memo);
}

static struct answers *take(struct env_field_memo *memo, size_t place)
{
    return atomic_exchange(&memo->places[place].answers, NULL);
}

static void give(struct env_field_memo *memo, size_t place, struct answers *answers)
{
    if (answers != NULL)
        answers_free(atomic_exchange(&memo->places[place].answers, answers));
}

static struct env_span words_of(const struct env_field_question *question)
{
    return question->name != NULL
               ? (struct env_span){(const uint8_t *)question->name, strlen(question->name)}
               : question->stand_in;
}

/*
 * Constant-time like CRYPTO_memcmp, but eight bytes at a time: comparing a stand-in then takes a
 * fiftieth of a short field's time.
 */
static bool are_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t differences = 0;
    size_t i;

    for (i = 0; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
        uint64_t x, y;

        memcpy(&x, a + i, sizeof(x));
        memcpy(&y, b + i, sizeof(y));
        differences |= x ^ y;
        __asm__("" : "+r"(differences)); /* keeps the compiler from ending the loop early */
    }
    for (; i < len; i++)
        differences |= (uint64_t)(a[i] ^ b[i]);
    return differences == 0;
}

static bool answers_it(const struct answer *answer, const struct env_field_question *question,
                       struct env_span words, int64_t now)
{
    return answer->until > now && answer->use == question->use &&
           answer->by_name == (question->name != NULL) && answer->seals == (question->id == NULL) &&
           (question->id == NULL || memcmp(answer->id, question->id, sizeof(answer->id)) == 0) &&
           answer->len == words.len && are_same(answer->words, words.data, words.len);
}

bool env_field_memo_get(struct env_field_memo *memo, const struct env_field_question *question,
                        struct env_field_key *out)
{
    const unsigned place = env_thread_number();
    const struct env_span words = words_of(question);
    struct answers *answers = take(memo, place);
    bool found = false;
    int64_t now;

    if (answers == NULL)
        return false;
    now = env_clock_ms();
    for (size_t i = 0; !found && i < ANSWERS; i++) {
        found = answers_it(&answers->all[i], question, words, now);
        if (found)
            *out = answers->all[i].key;
    }
    give(memo, place, answers);
    return found;
}

/* Also for other threads' entries; a thread checks the ones that it takes out itself. */
static void wipe_old(struct env_field_memo *memo, int64_t now)
{
    for (size_t place = 0; place < ENV_THREAD_NUMBERS; place++) {
        struct answers *answers;

        if (atomic_load_explicit(&memo->places[place].answers, memory_order_relaxed) == NULL)
            continue;
        answers = take(memo, place);
        for (size_t i = 0; answers != NULL && i < ANSWERS; i++) {
            if (answers->all[i].until != 0 && answers->all[i].until <= now)
                OPENSSL_cleanse(&answers->all[i], sizeof(answers->all[i]));
        }
        give(memo, place, answers);
    }
}

static void write_answer(struct answer *answer, const struct env_field_question *question,
                         struct env_span words, const struct env_field_key *key, int64_t now)
{
    answer->until = now + ENV_FIELD_MEMO_MS;
    answer->use = question->use;
    answer->by_name = question->name != NULL;
    answer->seals = question->id == NULL;
    if (question->id != NULL)
        memcpy(answer->id, question->id, sizeof(answer->id));
    answer->len = words.len;
    memcpy(answer->words, words.data, words.len);
    answer->key = *key;
}

void env_field_memo_put(struct env_field_memo *memo, const struct env_field_question *question,
                        const struct env_field_key *key)
{
    const unsigned place = env_thread_number();
    const struct env_span words = words_of(question);
    const int64_t now = env_clock_ms();
    struct answers *answers;

    wipe_old(memo, now);
    if (words.len > WORDS_MAX)
        return;
    answers = take(memo, place);
    if (answers == NULL)
        answers = env_secret_alloc(sizeof(*answers));
    if (answers == NULL)
        return;
    write_answer(&answers->all[answers->next], question, words, key, now);
    answers->next = (answers->next + 1) % ANSWERS;
    give(memo, place, answers);
}
