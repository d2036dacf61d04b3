/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open named key is in its own pages and nowhere else, which core dumps leave out; when its file
 * is gone and the folder was looked at again it is nowhere at all. A child opens one and stops; the
 * parent, which has not had it, looks through the child's memory.
 */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "child.h"
#include "envelope/base/secret.h"
#include "envelope/named/folder.h"
#include "envelope/named/store.h"
#include "hmac_state.h"
#include "memory_search.h"
#include "named_case.h"
#include "stopped_clock.h"

#define KEY_LEN 32u
#define PIECE 16u

/* What both processes see. It is not searched. */
static struct shared {
    const char *stage;
    bool open; /* the key is, now */
    uint8_t key[KEY_LEN];
    char stand_in[ENV_STAND_IN_MAX + 1];
} * shared;

static void set_up(void)
{
    clock_stop();
    named_set_up();
    named_configure(&named_config->allow_keys, "orders");
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void tear_down(void)
{
    named_tear_down();
    ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
}

static void stop(const char *stage, bool open)
{
    shared->stage = stage;
    shared->open = open;
    (void)raise(SIGSTOP);
}

/* ---- the child ---- */

static int make(const char *stage)
{
    static const struct env_selector configured;
    struct named_recipe recipe = {0};
    struct env_named_clear clear;
    struct named_made made;
    struct env_named_sealed *sealed = named_parts(&recipe, &clear, &made);
    struct bytes bytes;
    uint8_t *file = NULL;
    size_t len = 0;

    child_demand(RAND_bytes(shared->key, KEY_LEN) == 1);
    memcpy(sealed->key, shared->key, KEY_LEN);
    memcpy(shared->stand_in, made.stand_in, sizeof(shared->stand_in));
    child_demand(env_ok(env_named_seal(named_context, &configured, &clear, sealed, &file, &len)));
    env_secret_free(sealed, sizeof(*sealed));
    bytes = (struct bytes){file, len, len};
    named_put_file("orders@1.envkey", &bytes);
    OPENSSL_free(file);
    stop(stage, false);
    return 0;
}

static ENV_RESULT ask(struct env_named_keys *keys, const struct env_named_ref **ref)
{
    const struct env_named_wish wish = {env_use_number("AES-256-GCM"), true};

    return keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)shared->stand_in, strlen(shared->stand_in)}, &wish,
        ref);
}

static int destroyed(void *arg)
{
    struct env_state_watch *states = env_state_watch_new(
        named_config, named_context->keyring->audit, named_context->errors, NULL);
    struct env_named_keys *keys = env_store_new(named_config, named_context, states);
    const struct env_named_ref *ref = NULL;

    (void)arg;
    child_demand(make("made") == 0);
    child_demand(env_ok(ask(keys, &ref)));
    child_demand(memcmp(ref->key.data, shared->key, KEY_LEN) == 0);
    stop("open", true);
    keys->vtable->release(keys, ref);
    stop("released", true);
    named_remove("orders", 1);
    clock_move(61000);
    child_demand(!env_ok(ask(keys, &ref)));
    stop("destroyed", false);
    keys->vtable->free(keys);
    env_state_watch_free(states);
    return 0;
}

static int unloaded(void *arg)
{
    struct env_state_watch *states = env_state_watch_new(
        named_config, named_context->keyring->audit, named_context->errors, NULL);
    struct env_named_keys *keys = env_store_new(named_config, named_context, states);
    const struct env_named_ref *ref = NULL;

    (void)arg;
    child_demand(make("made") == 0);
    child_demand(env_ok(ask(keys, &ref)));
    keys->vtable->release(keys, ref);
    keys->vtable->free(keys);
    env_state_watch_free(states);
    stop("unloaded", false);
    return 0;
}

/* The last byte of the body is another: what came of it goes. */
static int altered(void *arg)
{
    struct env_key_file *file = NULL;
    struct env_named_sealed *sealed = env_secret_alloc(sizeof(*sealed));
    struct stat st;
    int folder = -1;

    (void)arg;
    child_demand(make("made") == 0);
    child_demand(env_ok(env_key_folder_open(named_context->errors, named_folder, &folder, &st)));
    child_demand(env_ok(env_key_file_read(named_context->errors, named_context->crypto, folder,
                                          "orders", 1, &file)));
    (void)close(folder);
    file->clear.stand_ins[0].hint[0] ^= 1;
    child_demand(!env_ok(env_named_open(named_context, file, false, sealed)));
    env_key_file_free(file);
    stop("refused", false);
    env_secret_free(sealed, sizeof(*sealed));
    return 0;
}

/* ---- its parent ---- */

struct findings {
    unsigned bad;
    unsigned kept; /* in memory that dumps leave out, while it is open */
};

static void judge(void *arg, const struct mapping *mapping, uintptr_t at,
                  const struct needle *needle)
{
    struct findings *findings = arg;

    if (at >= (uintptr_t)shared && at < (uintptr_t)(shared + 1))
        return;
    if (shared->open && !mapping->dumped && strcmp(needle->name, "named key") == 0) {
        findings->kept++;
        return;
    }
    findings->bad++;
    (void)fprintf(stderr, "%s: %s at %p in %s%s\n", shared->stage, needle->name, (void *)at,
                  mapping->name, mapping->dumped ? "" : " (not in dumps)");
}

static void look_through(pid_t pid)
{
    struct needle needles[8];
    struct findings findings = {0};
    struct hmac_state hmac;
    size_t count = 0;

    hmac_state_sha384(shared->key, KEY_LEN, &hmac);
    for (size_t at = 0; at < KEY_LEN; at += PIECE)
        needles[count++] = (struct needle){"named key", shared->key + at, PIECE};
    needles[count++] = (struct needle){"HMAC under the key", hmac.inner, PIECE};
    needles[count++] = (struct needle){"HMAC under the key", hmac.outer, PIECE};
    ck_assert_uint_gt(memory_search(pid, needles, count, judge, &findings), 1u << 20);
    ck_assert_msg(findings.bad == 0, "%s: %u found", shared->stage, findings.bad);
    ck_assert_uint_eq(findings.kept, shared->open ? KEY_LEN / PIECE : 0);
}

static void watch_child(int (*work)(void *arg))
{
    ck_assert_uint_ge(watch_stops(work, look_through), 2);
}

START_TEST(a_key_is_in_its_pages_and_goes_with_its_file)
{
    watch_child(destroyed);
}
END_TEST

START_TEST(a_key_goes_with_the_store)
{
    watch_child(unloaded);
}
END_TEST

START_TEST(a_file_that_is_refused_leaves_no_key)
{
    watch_child(altered);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets: named keys");
    TCase *tcase = tcase_create("named keys");

    arena_install();
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_key_is_in_its_pages_and_goes_with_its_file);
    tcase_add_test(tcase, a_key_goes_with_the_store);
    tcase_add_test(tcase, a_file_that_is_refused_leaves_no_key);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
