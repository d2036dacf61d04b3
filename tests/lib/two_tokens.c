/* SPDX-License-Identifier: Apache-2.0 */
#include "two_tokens.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint8_t value[32] = {1, 2, 3, 4};
const uint8_t other_value[32] = {5, 6, 7, 8};
const char *first;
const char *other;

void two_tokens_setup(void)
{
    ring_setup_any_token();
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

void ring_begin(void)
{
    struct env_kek_facts *facts = malloc(sizeof(*facts));

    ck_assert_ptr_nonnull(facts);
    ring = ring_new();
    kek = ring_select_one(ring, NULL);
    assert_round_trip(kek, kek);
    kek->vtable->describe(kek, facts);
    first = strcmp(facts->token, "kek") == 0 ? "kek" : "second";
    other = strcmp(facts->token, "kek") == 0 ? "second" : "kek";
    free(facts);
}

void until_it_is_tried_again(void)
{
    (void)usleep(2200000);
}
