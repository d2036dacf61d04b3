/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring_kek.h"

#include <check.h>
#include <string.h>

struct env_kek *kek;

static const uint8_t dek[ENV_DEK_LEN] = {9, 9, 9};

void keyring_kek_teardown(void)
{
    env_kek_free(kek);
    keyring_teardown();
}

struct env_wrapped wrap(void)
{
    struct env_wrapped wrapped;
    ENV_RESULT r = kek->vtable->wrap(kek, dek, &wrapped);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    return wrapped;
}

enum env_reason wrap_reason(void)
{
    struct env_wrapped wrapped;
    ENV_RESULT r = kek->vtable->wrap(kek, dek, &wrapped);

    ck_assert(env_ok(r) || r.raised);
    return r.reason;
}

enum env_reason unwrap_reason(const struct env_wrapped *wrapped)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    ENV_RESULT r = kek->vtable->unwrap(kek, wrapped, NULL, back);

    if (env_ok(r))
        ck_assert_mem_eq(back, dek, sizeof(dek));
    ck_assert(env_ok(r) || r.raised == (r.reason != ENV_R_NOT_AUTHENTIC));
    return r.reason;
}

void assert_opens(const struct env_wrapped *wrapped)
{
    ck_assert_msg(unwrap_reason(wrapped) == ENV_R_NONE, "%s", raised_text());
}

void assert_says(const char *text)
{
    ck_assert_msg(strstr(raised_text(), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  raised_text());
}
