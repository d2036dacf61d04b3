/* SPDX-License-Identifier: Apache-2.0 */
#include "family.h"

#include <pthread.h>

void family_seal_and_open(const struct message *sealed)
{
    struct message own;

    message_seal(&own);
    message_open(&own);
    message_open(sealed);
}

static void *work_in_thread(void *sealed)
{
    child_at("a thread of a child");
    family_seal_and_open(sealed);
    return NULL;
}

static void use_threads(const struct family *f)
{
    pthread_t threads[2];

    child_at("a child, with its threads");
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, work_in_thread, (void *)(size_t)f->sealed) != 0)
            fail("no thread");
    }
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
}

/* Its half of a message is its parent's, and this process's grandparent has ended or not. */
static void be_grandchild(void *arg)
{
    struct family *f = arg;

    child_at("a grandchild, sealing and opening");
    family_seal_and_open(f->sealed);
    child_at("a grandchild, with halves of its parent");
    message_open_rest(&f->opening, f->sealed);
    message_must_not_go_on(&f->sealing);
}

static void have_grandchild(const struct family *f)
{
    struct family own = *f;
    pid_t pid;

    child_at("a child, for a grandchild");
    message_seal_half(&own.sealing);
    message_open_half(&own.opening, own.sealed);
    pid = child_start(be_grandchild, &own, CHILD_EXIT);
    message_seal_rest(&own.sealing);
    message_open_rest(&own.opening, own.sealed);
    child_wait(pid);
    message_open(&own.sealing);
}

static void go_on_in_child(struct family *f)
{
    child_at("a child, with its parent's sealing");
    message_must_not_go_on(&f->sealing);
    child_at("a child, with its parent's opening");
    message_open_rest(&f->opening, f->sealed);
}

static void be_child(void *arg)
{
    struct family *f = arg;

    if (f->number % 2 == 0)
        go_on_in_child(f);
    child_at("a child, opening what its parent sealed");
    message_open(f->sealed);
    child_at("a child, sealing");
    message_seal(f->of_child);
    child_at("a child, opening what it sealed");
    message_open(f->of_child);
    if (f->number % 2 != 0)
        go_on_in_child(f);
    if (f->number % 4 == 1)
        use_threads(f);
    if (f->number % 4 == 2)
        have_grandchild(f);
}

void family_begin(struct family *f)
{
    message_seal_half(&f->sealing);
    message_open_half(&f->opening, f->sealed);
    f->of_child->len = 0;
    f->pid = child_start(be_child, f, f->end);
}

void family_go_on(struct family *f)
{
    message_seal_rest(&f->sealing);
    message_open_rest(&f->opening, f->sealed);
    message_open(&f->sealing);
}

void family_end(struct family *f)
{
    child_wait(f->pid);
    message_open(f->of_child);
}
