/* SPDX-License-Identifier: Apache-2.0 */
#include "named_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "provider/common/provctx.h"

OSSL_LIB_CTX *named_libctx;
struct env_dek_context *named_context;
struct env_config *named_config;
char named_folder[TEMPORARY_PATH];

void named_set_up(void)
{
    EVP_CIPHER *cipher;
    struct env_provctx *provctx;

    fake_reset();
    named_libctx = fake_libctx_new();
    cipher = EVP_CIPHER_fetch(named_libctx, "ENVELOPE", NULL);
    ck_assert_ptr_nonnull(cipher);
    provctx = OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher));
    named_context = &provctx->dek;
    named_config = &provctx->config;
    EVP_CIPHER_free(cipher);
    ck_assert(env_ok(env_crypto_ready(named_context->crypto)));
    ck_assert(env_ok(env_config_check(named_config, named_context->errors)));
    temporary_directory(named_folder);
    named_configure(&named_config->keys_directory, named_folder);
}

void named_configure(char **field, const char *value)
{
    OPENSSL_free(*field);
    *field = value != NULL ? OPENSSL_strdup(value) : NULL;
}

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    }
    ck_assert_int_eq(closedir(dir), 0);
    ck_assert_int_eq(rmdir(path), 0);
}

void named_tear_down(void)
{
    fake_libctx_free(named_libctx);
    remove_all(named_folder);
    ck_assert_int_eq(fake_references(), 0);
}

static void fill_stand_in(const struct named_recipe *recipe, struct env_named_clear *clear,
                          struct env_named_sealed *sealed, struct named_made *made)
{
    made->stand_in[0] = '\0';
    if (recipe->without_stand_in)
        return;
    if (recipe->stand_in != NULL)
        (void)snprintf(made->stand_in, sizeof(made->stand_in), "%s", recipe->stand_in);
    else
        ck_assert(env_ok(env_stand_in_make(named_context->crypto,
                                           env_stand_in_length(env_uses_of(clear), sealed->key_len),
                                           made->stand_in)));
    ck_assert(env_ok(env_stand_in_hash(
        named_context->crypto,
        (struct env_span){(const uint8_t *)made->stand_in, strlen(made->stand_in)},
        sealed->hashes[0])));
    sealed->stand_in_count = clear->stand_in_count = 1;
    (void)snprintf(clear->stand_ins[0].application, sizeof(clear->stand_ins[0].application),
                   "webshop");
}

struct env_named_sealed *named_parts(const struct named_recipe *recipe,
                                     struct env_named_clear *clear, struct named_made *made)
{
    struct env_named_sealed *sealed = env_secret_alloc(sizeof(*sealed));
    env_uses uses = 0;

    ck_assert_ptr_nonnull(sealed);
    memset(clear, 0, sizeof(*clear));
    ck_assert(env_ok(env_uses_for(named_context->errors,
                                  recipe->uses != NULL ? recipe->uses : "AES-256-GCM",
                                  recipe->key_len, recipe->mixed, &uses)));
    env_uses_to_clear(uses, clear);
    clear->mixed = recipe->mixed;
    clear->origin = recipe->origin;
    clear->created = 1767225600; /* 2026-01-01 */
    clear->seal_from = recipe->seal_from != 0 ? recipe->seal_from : clear->created;
    clear->not_after = recipe->not_after;
    (void)snprintf(clear->owner, sizeof(clear->owner), "the shop's people");
    (void)snprintf(sealed->name, sizeof(sealed->name), "%s",
                   recipe->name != NULL ? recipe->name : "orders");
    sealed->number = recipe->number > 0 ? recipe->number : 1;
    sealed->key_len = recipe->key_len > 0 ? recipe->key_len : env_uses_key_len(uses);
    for (size_t i = 0; i < sealed->key_len; i++)
        sealed->key[i] = (uint8_t)((recipe->fill > 0 ? recipe->fill : 1) + i);
    memcpy(made->key, sealed->key, sealed->key_len);
    made->key_len = sealed->key_len;
    fill_stand_in(recipe, clear, sealed, made);
    return sealed;
}

struct bytes named_bytes(const struct named_recipe *recipe, struct named_made *made)
{
    static const struct env_selector configured;
    struct env_named_clear clear;
    struct env_named_sealed *sealed = named_parts(recipe, &clear, made);
    struct bytes bytes;
    uint8_t *file = NULL;
    size_t len = 0;

    ck_assert(env_ok(env_named_seal(named_context, &configured, &clear, sealed, &file, &len)));
    env_secret_free(sealed, sizeof(*sealed));
    bytes = bytes_of(file, len);
    OPENSSL_free(file);
    return bytes;
}

void named_put_file(const char *file, const struct bytes *bytes)
{
    char path[TEMPORARY_PATH + ENV_NAMED_FILE_NAME];
    char new_path[TEMPORARY_PATH + ENV_NAMED_FILE_NAME + 8];
    FILE *out;

    (void)snprintf(path, sizeof(path), "%s/%s", named_folder, file);
    if (bytes == NULL) {
        (void)unlink(path);
        named_touch_folder();
        return;
    }
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    out = fopen(new_path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(fchmod(fileno(out), 0600), 0);
    ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->len, out), bytes->len);
    temporary_close(out, new_path);
    ck_assert_int_eq(rename(new_path, path), 0);
    named_touch_folder();
}

struct named_made named_put(const struct named_recipe *recipe)
{
    struct named_made made;
    struct bytes bytes = named_bytes(recipe, &made);
    char file[ENV_NAMED_FILE_NAME];

    env_named_file_name(recipe->name != NULL ? recipe->name : "orders",
                        recipe->number > 0 ? recipe->number : 1, file);
    named_put_file(file, &bytes);
    bytes_free(&bytes);
    return made;
}

void named_remove(const char *name, uint32_t number)
{
    char file[ENV_NAMED_FILE_NAME];

    env_named_file_name(name, number, file);
    named_put_file(file, NULL);
}

void named_touch_folder(void)
{
    static long nanoseconds;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000}};

    times[1].tv_nsec = ++nanoseconds;
    ck_assert_int_eq(utimensat(AT_FDCWD, named_folder, times, 0), 0);
}
