/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/operation.h"

#include <stddef.h>

static _Thread_local const struct env_operation *current_operation;

void env_operation_begin(struct env_operation *operation)
{
    operation->outer = current_operation;
    current_operation = operation;
}

void env_operation_end(void)
{
    current_operation = current_operation->outer;
}

const struct env_operation *env_operation_current(void)
{
    return current_operation;
}
