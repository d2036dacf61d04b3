/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/back_off.h"

#include <stdatomic.h>
#include <stdio.h>

#include "envelope/base/clock.h"
#include "envelope/base/fork_generation.h"

void env_back_off_init(struct env_back_off *back_off)
{
    atomic_init(&back_off->away, false);
    (void)pthread_mutex_init(&back_off->lock, NULL);
}

void env_back_off_clear(struct env_back_off *back_off)
{
    (void)pthread_mutex_destroy(&back_off->lock);
}

bool env_back_off_is_away(ENV_RESULT r, const struct env_error_detail *detail)
{
    if (env_ok(r))
        return false;
    return r.reason == ENV_R_NO_TOKEN || r.reason == ENV_R_NO_MODULE ||
           detail->loss >= ENV_LOSS_SESSION;
}

static bool is_asker(const struct env_back_off *back_off)
{
    return pthread_equal(back_off->asker, pthread_self()) != 0;
}

static void say_when(const struct env_back_off *back_off, int64_t now,
                     struct env_error_detail *detail)
{
    char words[64] = "; another thread is asking";

    if (!back_off->asking)
        (void)snprintf(words, sizeof(words), "; next attempt in %u s",
                       (unsigned)((back_off->next - now + 999) / 1000));
    *detail = back_off->failure;
    env_error_detail_behind(detail, words);
}

bool env_back_off_may_ask(struct env_back_off *back_off, struct env_error_detail *detail)
{
    bool may = true;

    if (!atomic_load(&back_off->away))
        return true;
    (void)pthread_mutex_lock(&back_off->lock);
    if (back_off->generation != env_fork_generation()) {
        atomic_store(&back_off->away, false);
    } else if (atomic_load(&back_off->away)) {
        int64_t now = env_clock_ms();
        bool due = now >= back_off->next;

        may = !back_off->asking && (due || (is_asker(back_off) && !back_off->others));
        if (may) {
            back_off->asking = true;
            back_off->due = due;
            back_off->others = false;
            back_off->asker = pthread_self();
        } else {
            back_off->others = true;
            say_when(back_off, now, detail);
        }
    }
    (void)pthread_mutex_unlock(&back_off->lock);
    return may;
}

/* Called with the lock. */
static void note_failure(struct env_back_off *back_off, const struct env_error_detail *detail)
{
    if (!atomic_load(&back_off->away)) {
        back_off->generation = env_fork_generation();
        back_off->wait = ENV_BACK_OFF_FIRST;
        back_off->others = false;
        back_off->asker = pthread_self();
    } else if (!back_off->asking || !is_asker(back_off)) {
        back_off->others = true; /* its attempt began before the first one failed */
        return;
    } else if (back_off->due && back_off->wait < ENV_BACK_OFF_LAST) {
        back_off->wait *= 2;
        if (back_off->wait > ENV_BACK_OFF_LAST)
            back_off->wait = ENV_BACK_OFF_LAST;
    }
    back_off->asking = false;
    back_off->next = env_clock_ms() + back_off->wait;
    back_off->failure = *detail;
    atomic_store(&back_off->away, true);
}

void env_back_off_settle(struct env_back_off *back_off, ENV_RESULT r,
                         const struct env_error_detail *detail)
{
    bool away = env_back_off_is_away(r, detail);

    if (!away && !atomic_load(&back_off->away))
        return;
    (void)pthread_mutex_lock(&back_off->lock);
    if (away)
        note_failure(back_off, detail);
    else
        atomic_store(&back_off->away, false);
    (void)pthread_mutex_unlock(&back_off->lock);
}
