/* SPDX-License-Identifier: Apache-2.0 */
#include "two_tokens.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stopped_clock.h"

const uint8_t value[32] = {1, 2, 3, 4};
const uint8_t other_value[32] = {5, 6, 7, 8};
const char *first;
const char *other;

void two_tokens_setup(void)
{
    keyring_setup_any_token();
    softhsm_add_token("second");
    shim_on();
    kek = NULL;
}

void make_orders(const char *token, const uint8_t *bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.token = token, .label = "orders", .id = "0102", .value = bytes});
}

void make_both(void)
{
    make_orders("kek", value);
    make_orders("second", value);
}

void keyring_begin(void)
{
    struct env_kek_info *info = malloc(sizeof(*info));

    ck_assert_ptr_nonnull(info);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    assert_round_trip(kek, kek);
    kek->vtable->describe(kek, info);
    first = strcmp(info->token, "kek") == 0 ? "kek" : "second";
    other = strcmp(info->token, "kek") == 0 ? "second" : "kek";
    free(info);
}

void until_it_is_tried_again(void)
{
    clock_move(2200);
}
