/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a request to make a KEK, before any token is called. */
#ifndef ENVELOPE_KEK_REQUEST_H
#define ENVELOPE_KEK_REQUEST_H

#include "envelope/base/config.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/uri.h"

#define ENV_KEK_NEW_ID_LEN 16u /* of an id that we generate */

/* Fails with LABEL_MISSING, UNWRAPS_ALONE, KEK_KIND or BAD_PARAMETER, or as the policy would. */
ENV_RESULT env_kek_request_check(const struct env_config *config,
                                 const struct env_kek_request *request,
                                 struct env_error_detail *detail);

/*
 * The URI of the token, or NULL if none is named. A plain label becomes a URI with just that label.
 */
ENV_RESULT env_kek_request_token(const char *text, P11KitUri **out,
                                 struct env_error_detail *detail);

#endif
