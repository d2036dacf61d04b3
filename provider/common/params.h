/* SPDX-License-Identifier: Apache-2.0 */
/* The names of our own parameters. */
#ifndef ENVELOPE_PARAMS_H
#define ENVELOPE_PARAMS_H

#define ENV_CIPHER_PARAM_KEK "kek"
#define ENV_CIPHER_PARAM_CONTEXT "context"
#define ENV_CIPHER_PARAM_FIELD_KEY "field-key"
#define ENV_CIPHER_PARAM_TENANT_KEY "tenant-key"
#define ENV_CIPHER_PARAM_TENANT "tenant"

#endif
