/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/token_kek.h"

#include <stdatomic.h>

#include "keymgmt/wrap/wrap_rsa.h"

ENV_RESULT env_kek_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail)
{
    return key->rsa ? env_rsa_uses(token, key, uses, detail)
                    : env_aes_uses(token, key, uses, detail);
}

struct env_place env_kek_place(struct env_token_kek *kek)
{
    struct env_place place;

    (void)pthread_mutex_lock(&kek->place_lock);
    place = kek->place;
    (void)pthread_mutex_unlock(&kek->place_lock);
    return place;
}

void env_kek_set_place(struct env_token_kek *kek, const struct env_place *place)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->place = *place;
    (void)atomic_fetch_add(&kek->found, 1);
    (void)pthread_mutex_unlock(&kek->place_lock);
}

void env_kek_forget_place(struct env_token_kek *kek)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->place.epoch = 0; /* belongs to no token */
    (void)pthread_mutex_unlock(&kek->place_lock);
}

struct env_dates env_kek_dates(struct env_token_kek *kek)
{
    struct env_dates dates;

    (void)pthread_mutex_lock(&kek->place_lock);
    dates = kek->dates;
    (void)pthread_mutex_unlock(&kek->place_lock);
    return dates;
}

void env_kek_narrow_dates(struct env_token_kek *kek, const struct env_dates *dates)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->dates = env_dates_both(&kek->dates, dates);
    (void)pthread_mutex_unlock(&kek->place_lock);
}
