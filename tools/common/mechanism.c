/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/mechanism.h"

#define AES_OID "2.16.840.1.101.3.4.1."
#define OAEP_OID "1.2.840.113549.1.1.7"

const struct tool_mechanism *tool_mechanism(enum env_wrap_alg alg)
{
    static const struct tool_mechanism mechanisms[] = {
        [ENV_WRAP_NONE] = {ENV_KEK_AES, "unknown", ""},
        [ENV_WRAP_AES128_KW] = {ENV_KEK_AES, "AES-128 key wrap (RFC 3394)", AES_OID "5"},
        [ENV_WRAP_AES192_KW] = {ENV_KEK_AES, "AES-192 key wrap (RFC 3394)", AES_OID "25"},
        [ENV_WRAP_AES256_KW] = {ENV_KEK_AES, "AES-256 key wrap (RFC 3394)", AES_OID "45"},
        [ENV_WRAP_AES128_KWP] = {ENV_KEK_AES, "AES-128 key wrap (RFC 5649)", AES_OID "8"},
        [ENV_WRAP_AES192_KWP] = {ENV_KEK_AES, "AES-192 key wrap (RFC 5649)", AES_OID "28"},
        [ENV_WRAP_AES256_KWP] = {ENV_KEK_AES, "AES-256 key wrap (RFC 5649)", AES_OID "48"},
        [ENV_WRAP_AES128_GCM] = {ENV_KEK_AES, "AES-128-GCM", AES_OID "6"},
        [ENV_WRAP_AES192_GCM] = {ENV_KEK_AES, "AES-192-GCM", AES_OID "26"},
        [ENV_WRAP_AES256_GCM] = {ENV_KEK_AES, "AES-256-GCM", AES_OID "46"},
        [ENV_WRAP_RSA_OAEP_SHA1] = {ENV_KEK_RSA, "RSA-OAEP with SHA-1", OAEP_OID},
        [ENV_WRAP_RSA_OAEP_SHA256] = {ENV_KEK_RSA, "RSA-OAEP with SHA-256", OAEP_OID},
    };
    size_t i = (size_t)alg;

    return i < sizeof(mechanisms) / sizeof(mechanisms[0]) && mechanisms[i].words != NULL
               ? &mechanisms[i]
               : &mechanisms[ENV_WRAP_NONE];
}

const char *tool_kek_type(enum env_kek_type type)
{
    return type == ENV_KEK_RSA ? "RSA" : "AES";
}
