/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/edge.h"

#include "provider/common/instances.h"

int env_edge_result(const struct env_provctx *provctx, ENV_RESULT r)
{
    if (!env_ok(r) && !r.raised)
        (void)ENV_RAISE(&provctx->errors, r.reason, "%s", "");
    env_operation_end();
    return env_ok(r) ? 1 : 0;
}

void env_edge_without_object(const char *file, int line, const char *func)
{
    env_instances_raise(ENV_R_NO_CONTEXT, file, line, func);
}
