/* SPDX-License-Identifier: Apache-2.0 */
/* What a parent and its child do with the same messages. */
#ifndef FORKS_FAMILY_H
#define FORKS_FAMILY_H

#include "child.h"
#include "message.h"

struct family {
    const struct message *sealed; /* by whoever was first */
    struct message sealing;       /* half done by the parent ... */
    struct message opening;
    struct message *of_child; /* shared: what the child sealed */
    unsigned number;          /* children differ */
    enum child_end end;
    pid_t pid;
};

/* Begins two messages and forks; both go on with them, as far as they may. */
void family_begin(struct family *f);

/* The parent's part, while the child may still be at its own. */
void family_go_on(struct family *f);

/* Waits for the child, and opens what it sealed. */
void family_end(struct family *f);

/* What all do all the time. */
void family_seal_and_open(const struct message *sealed);

#endif
