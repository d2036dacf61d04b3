/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of sealing and opening fields, with tenant keys too: see each_allocation.h. */
#include <string.h>

#include "each_allocation.h"
#include "failing_alloc.h"
#include "fake_field_keys.h"
#include "field_calls.h"

static struct bytes value, field, key;
static const char *name;
static int sealing;

/* One of the two ciphers, with a stand-in or with a tenant key in the key bytes. */
static struct field_call call(void)
{
    return (struct field_call){.libctx = lib, .cipher = name, .key = key};
}

static void set_up_for(int way)
{
    struct field_call making;
    struct bytes secret = bytes_plain(32, 1), tenants, sealed;

    fake_reset();
    fake_field_reset();
    lib = fake_field_libctx("tenant-key-cache = 1\n");
    value = bytes_plain(400, 2); /* more than is opened on the stack */
    name = way % 2 == 0 ? FIELD : DETERMINISTIC;
    if (way < 2) {
        key = field_key_text(way == 0 ? STAND_IN_USERS : STAND_IN_EMAIL);
    } else {
        tenants = field_key_text(STAND_IN_TENANTS);
        making = (struct field_call){
            .libctx = lib, .cipher = FIELD, .key = tenants, .context = "tenant key v1:acme"};
        sealed = field_seal(&making, secret);
        key = field_key_form(STAND_IN_TENANTS, sealed, "acme", "users.otp");
        bytes_free(&sealed);
        bytes_free(&tenants);
    }
    making = call();
    field = field_seal(&making, value);
    bytes_free(&secret);
}

static void tear_down(void)
{
    bytes_free(&value);
    bytes_free(&field);
    bytes_free(&key);
    OSSL_LIB_CTX_free(lib);
    lib = NULL;
    ck_assert_int_eq(atomic_load(&fake_field_lent), 0);
}

static void prepare(void)
{
    fetch_cipher(name);
    fake_field_changed(); /* the key is looked up again */
}

static bool run(void)
{
    struct bytes in = sealing ? value : field;
    int n = 0, last = 0;
    bool ok = EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1 &&
              EVP_CIPHER_CTX_set_key_length(ctx, (int)key.len) == 1 &&
              EVP_CipherInit_ex2(ctx, NULL, key.data, NULL, sealing, NULL) == 1 &&
              EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.len) == 1 &&
              EVP_CipherFinal_ex(ctx, out + n, &last) == 1;

    out_len = (size_t)(n + last);
    return ok;
}

static void check(void)
{
    struct field_call opening = call();

    if (sealing) {
        field_opens(&opening, (struct bytes){.data = out, .len = out_len}, value);
        return;
    }
    ck_assert_uint_eq(out_len, value.len);
    ck_assert_mem_eq(out, value.data, value.len);
}

START_TEST(fields_survive_each_failing_allocation)
{
    struct operation op = {NULL, prepare, run, check, free_cipher, false};

    set_up_for(_i);
    op.name = name;
    for (sealing = 0; sealing <= 1; sealing++)
        run_all(&op);
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: fields");
    TCase *tcase = tcase_create("fields");

    failing_alloc_install();
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, fields_survive_each_failing_allocation, 0, 4);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
