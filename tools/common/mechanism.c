/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/mechanism.h"

#include <openssl/objects.h>

#include "envelope/format/wrap_algorithm.h"

struct tool_mechanism tool_mechanism(enum env_wrap_alg alg)
{
    const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(alg);
    struct tool_mechanism m = {ENV_KEK_AES, "unknown", ""};

    if (algorithm == NULL)
        return m;
    m.type = algorithm->family == ENV_WRAP_FAMILY_OAEP ? ENV_KEK_RSA : ENV_KEK_AES;
    m.words = algorithm->words;
    (void)OBJ_obj2txt(m.oid, sizeof(m.oid), OBJ_nid2obj(algorithm->nid), 1);
    return m;
}

const char *tool_kek_type(enum env_kek_type type)
{
    return type == ENV_KEK_RSA ? "RSA" : "AES";
}
