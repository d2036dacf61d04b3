/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation in the default library context, which the module uses itself at every call.
 *
 *     token_reenter MODULE [alone]
 *
 * alone: only we offer AES, so nothing works; but there is an error, and it does not hang.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/reasons.h"
#include "operations.h"
#include "world.h"

static void run_all(void)
{
    for (const struct operation *o = operations; o < operations + OPERATIONS_AES; o++) {
        for (int i = 0; i < 3; i++) {
            if (o->run(NULL) != OUTCOME_GOOD)
                world_fail("%s does not work", o->name);
            if (o->makes_objects > 0)
                world_destroy_keys(OPERATION_NEW_KEY);
        }
    }
}

static void refuse(void)
{
    unsigned long e;

    if (operations[0].run(NULL) != OUTCOME_FAILED)
        world_fail("%s works", operations[0].name);
    while ((e = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(e) >= ERR_LIB_USER && ERR_GET_REASON(e) == ENV_R_NO_AES_GCM)
            return;
    }
    world_fail("it does not say why it does not work");
}

int main(int argc, char **argv)
{
    struct faulty_control *control;

    if (argc < 2)
        world_fail("token_reenter MODULE [alone]");
    control = world_begin(argv[1]);
    control->reenter = true;
    if (argc == 3) {
        refuse();
        return 0;
    }
    operations_prepare(NULL);
    run_all();
    if (operations_verify(NULL) == 0 || control->reentries < 500)
        world_fail("too little was done");
    operations_forget_all();
    if (control->wrong_reentries > 0 || control->searched_secret > 0)
        world_fail("of %u uses inside %u went wrong; %u searches for a key's bytes",
                   control->reentries, control->wrong_reentries, control->searched_secret);
    printf("%u uses of libcrypto inside calls\n", control->reentries);
    return 0;
}
