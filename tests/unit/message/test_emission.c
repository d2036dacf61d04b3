/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of emission.h: what is written and what is left, for every state of a small cipher
 * and many states of the real ones. The bytes are counted here as the callers count them.
 */
#include "contract.h"
#include "envelope/message/stream.h"

#define BIO_ROOM 288u /* that BIO_f_cipher has beyond a piece */

/* A cipher small enough to look at every state of it: 40 bytes of plaintext a segment. */
#define SMALL_PLAIN 40u
#define SMALL_BLOCK (SMALL_PLAIN + 32u)
#define SMALL_HEADERS (SMALL_BLOCK - 64u)
static const struct env_stream_kind small = {.segment_len = SMALL_BLOCK, .block_size = SMALL_BLOCK};
static const struct env_stream_kind small_strict = {
    .segment_len = SMALL_BLOCK, .block_size = SMALL_BLOCK, .strict = true};

static uint64_t state; /* of the random sequence */

static size_t plain_of(const struct env_stream_kind *kind)
{
    return kind->segment_len - 32;
}

/* What a message of n bytes that has just been made of `now` leaves when it writes what it may. */
struct outcome {
    size_t allowance;
    size_t written;
    size_t last; /* what final writes then */
    struct env_emission then;
};

static struct outcome take(const struct env_stream_kind *kind, const struct env_emission *now,
                           size_t n)
{
    const size_t segments = env_emission_segments(kind, now->filled, n);
    const size_t made = now->waiting + segments * kind->segment_len;
    struct outcome o = {.allowance = env_emission_allowance(kind, n, segments)};

    ck_demand(segments == (now->filled + n) / plain_of(kind), "%zu segments", segments);
    o.written = env_emission_written(kind, now, n);
    ck_demand(o.written <= made && o.written <= o.allowance, "%zu bytes: %zu", n, o.written);
    /* as much as there is and may be; of large updates it may be a little less, where that fits */
    ck_demand(o.written == made || o.written == o.allowance ||
                  (n > 8192 && o.allowance - o.written < 32 && (made - o.written) % 32 == 0),
              "%zu bytes: %zu of %zu", n, o.written, made);
    o.then = (struct env_emission){
        .begun = true, .waiting = made - o.written, .filled = (now->filled + n) % plain_of(kind)};
    o.last = o.then.waiting + o.then.filled + 32;
    return o;
}

/* Whether EVP's contract, and a strict cipher's, let this be. */
static bool may_be(const struct env_stream_kind *kind, const struct env_emission *now, size_t n,
                   const struct outcome *o)
{
    if (!kind->strict)
        return o->allowance <= n + kind->block_size;
    return now->begun ? o->last <= kind->block_size : o->written + o->last <= n + kind->block_size;
}

/* The allowance is what emission.h says, in other words. */
static void check_allowance(const struct env_stream_kind *kind, size_t segments, size_t n,
                            size_t allowance)
{
    size_t more = segments > 0 ? segments * 32 : 32;

    if (kind->strict)
        more = 32;
    else if (n >= 4096 && more < BIO_ROOM)
        more = BIO_ROOM;
    ck_demand(allowance == n + more, "%zu bytes: %zu instead of %zu", n, allowance, n + more);
}

/* One update in one state: judged rightly, and what it leaves fits. False when it is refused. */
static bool check_update(const struct env_stream_kind *kind, const struct env_emission *now,
                         size_t n, struct outcome *o)
{
    bool fits = env_emission_fits(kind, now, n);

    *o = take(kind, now, n);
    check_allowance(kind, (now->filled + n) / plain_of(kind), n, o->allowance);
    ck_demand(fits == may_be(kind, now, n, o), "%zu + %zu, then %zu: %d", now->waiting, now->filled,
              n, fits);
    ck_demand(!fits || o->last <= kind->block_size, "%zu + %zu, then %zu leave %zu", now->waiting,
              now->filled, n, o->last);
    ck_demand(!fits || !kind->strict || o->then.waiting == 0 || now->begun ||
                  o->last <= kind->block_size - 32,
              "%zu + %zu, then %zu leave %zu", now->waiting, now->filled, n, o->last);
    ck_demand(fits == (n <= env_emission_most(kind, now)), "%zu bytes are not the most", n);
    ck_demand(fits || n > plain_of(kind), "%zu bytes are refused", n);
    return fits;
}

/* Every update in every state that a small cipher can be in. */
static void every_state(const struct env_stream_kind *kind)
{
    for (size_t headers = 0; headers <= SMALL_HEADERS; headers++) {
        for (size_t n = 1; n <= 70 * SMALL_PLAIN; n++) {
            const struct env_emission first = {false, headers, 0};
            struct outcome o;

            (void)check_update(kind, &first, n, &o);
        }
    }
    for (size_t waiting = 0; waiting <= SMALL_PLAIN; waiting++) {
        for (size_t filled = 0; filled < SMALL_PLAIN; filled++) {
            const struct env_emission now = {true, waiting, filled};

            for (size_t n = 1; waiting + filled + 32 <= SMALL_BLOCK && n <= 5 * SMALL_PLAIN; n++) {
                struct outcome o;

                (void)check_update(kind, &now, n, &o);
            }
        }
    }
}

START_TEST(every_update_leaves_what_final_may_write)
{
    every_state(&small);
    every_state(&small_strict);
}
END_TEST

/* Sizes near everything that has an edge. */
static size_t any_size(const struct env_stream_kind *kind)
{
    const size_t plain = plain_of(kind);
    const size_t edges[] = {1, 256, 4096, 8192, plain, 2 * plain, 9 * plain, 128 * plain};

    switch (random_between(&state, 0, 3)) {
    case 0:
        return random_between(&state, 1, 300);
    case 1:
        return random_between(&state, 1, 20000);
    case 2:
        return random_between(&state, 1, 3 * plain);
    default:
        return edges[random_between(&state, 0, 7)] + random_between(&state, 0, 2);
    }
}

static const struct env_stream_kind *const kinds[] = {
    &env_stream_envelope, &env_stream_envelope_strict, &env_stream_envelope_64k,
    &env_stream_envelope_64k_strict};

START_TEST(random_updates_leave_what_final_may_write)
{
    const struct env_stream_kind *kind = kinds[_i / 2];

    state = seed_for_run(_i % 2);
    for (int i = 0; i < 30000; i++) {
        struct env_emission now = {false, random_between(&state, 75, HEADERS_SEALED_MAX), 0};
        const size_t same = random_between(&state, 0, 1) == 0 ? any_size(kind) : 0;
        size_t updates = random_between(&state, 0, 40);
        struct outcome o;

        ck_assert_uint_le(now.waiting + 32, kind->block_size); /* final alone */
        while (updates-- > 0 && check_update(kind, &now, same != 0 ? same : any_size(kind), &o))
            now = o.then;
    }
}
END_TEST

/* ---- BIO_f_cipher, which is written to ---- */

/*
 * Writes `len` bytes in pieces of at most `piece`, the last as short as it comes, through a buffer
 * for `block` bytes. Returns after how many pieces nothing waits any more.
 */
static size_t write_to_bio(size_t block, size_t headers, size_t piece, size_t len)
{
    const struct env_stream_kind *kind = &env_stream_envelope;
    struct env_emission now = {false, headers, 0};
    size_t lags = 0;
    struct outcome o;

    for (size_t done = 0, pieces = 1; done < len; pieces++) {
        size_t n = len - done < piece ? len - done : piece;

        ck_demand(check_update(kind, &now, n, &o), "%zu after %zu are refused", n, done);
        ck_demand(o.written <= block + BIO_ROOM, "%zu of a piece of %zu", o.written, n);
        ck_demand(o.last <= block + BIO_ROOM, "final writes %zu", o.last);
        lags = o.then.waiting > 0 ? pieces : lags;
        now = o.then;
        done += n;
    }
    return lags;
}

START_TEST(pieces_of_a_bio_fit_into_its_buffer)
{
    static const size_t pieces[] = {4096, 8192}; /* of OpenSSL 3, and of 4 */

    for (size_t i = 0; i < 2; i++) {
        for (size_t headers = 200; headers <= HEADERS_SEALED_MAX; headers += 37) {
            for (size_t tail = 0; tail <= pieces[i]; tail += tail % 512 < 3 ? 1 : 101)
                (void)write_to_bio(pieces[i], headers, pieces[i], 3 * pieces[i] + tail);
            for (size_t n = 1; n < pieces[i]; n += n < 300 ? 1 : 97) /* what others write to it */
                (void)write_to_bio(pieces[i], headers, n, 5 * n + 3);
        }
    }
}
END_TEST

/* A short header leaves with the first segment, the longest within 16, and nothing lags for good.
 */
START_TEST(nothing_lags_behind_a_short_header)
{
    ck_assert_uint_eq(write_to_bio(4096, 252, 4096, 4096 * 40), 0);
    ck_assert_uint_eq(write_to_bio(4096, 256, 4096, 4096 * 40), 0);
    ck_assert_uint_eq(write_to_bio(4096, 257, 4096, 4096 * 40), 1);
    ck_assert_uint_eq(write_to_bio(4096, HEADERS_SEALED_MAX, 4096, 4096 * 40), 15);
}
END_TEST

/* ---- limits that the documents name ---- */

START_TEST(limits_are_what_the_documents_say)
{
    const struct env_emission one_kek = {false, 252, 0};
    const struct env_emission longest = {false, HEADERS_SEALED_MAX, 0};
    const struct env_emission full = {true, 0, SEGMENT_PLAIN - 1};
    const struct env_emission full_64k = {true, 0, SEGMENT_64K - 32 - 1};

    ck_assert_uint_eq(env_emission_most(&env_stream_envelope_strict, &one_kek), 495615);
    ck_assert_uint_eq(env_emission_most(&env_stream_envelope_strict, &longest), 8191);
    ck_assert_uint_eq(env_emission_most(&env_stream_envelope_64k_strict, &one_kek), 133758975);
    ck_assert_uint_eq(env_emission_most(&env_stream_envelope, &full), LARGEST_UPDATE);
    ck_assert_uint_eq(env_emission_most(&env_stream_envelope_64k, &full_64k), 134283264);
}
END_TEST

/* Pieces of one length go on for ever, but for long ones that are strict: 32 bytes a piece leave.
 */
START_TEST(large_pieces_go_on)
{
    static const struct {
        const struct env_stream_kind *kind;
        size_t piece;
        size_t most;
    } runs[] = {
        {&env_stream_envelope_64k, 65536, 100000},
        {&env_stream_envelope_64k, 100000, 100000},
        {&env_stream_envelope_64k, 1 << 20, 100000},
        {&env_stream_envelope_64k_strict, 65536, 100000},
        {&env_stream_envelope_64k_strict, 1 << 20, 136},
    };
    struct outcome o;

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct env_emission now = {false, 252, 0};
        size_t count = 0;

        while (count < 100000 && check_update(runs[i].kind, &now, runs[i].piece, &o)) {
            now = o.then;
            count++;
        }
        ck_assert_uint_eq(count, runs[i].most);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: what is written, and what is left");
    TCase *tcase = tcase_create("emission");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, every_update_leaves_what_final_may_write);
    tcase_add_loop_test(tcase, random_updates_leave_what_final_may_write, 0, 8);
    tcase_add_test(tcase, pieces_of_a_bio_fit_into_its_buffer);
    tcase_add_test(tcase, nothing_lags_behind_a_short_header);
    tcase_add_test(tcase, limits_are_what_the_documents_say);
    tcase_add_test(tcase, large_pieces_go_on);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
