/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a KEK that is to be made, judged before a token is. */
#ifndef ENVELOPE_KEK_REQUEST_H
#define ENVELOPE_KEK_REQUEST_H

#include "envelope/base/config.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/uri.h"

#define ENV_KEK_NEW_ID_LEN 16u /* of the id that we make up */

/* LABEL_MISSING, UNWRAPS_ALONE, KEK_KIND, BAD_PARAMETER and what the policy would say of it. */
ENV_RESULT env_kek_request_check(const struct env_config *config,
                                 const struct env_kek_request *request,
                                 struct env_error_detail *detail);

/* The URI of the token; NULL: none is named. A label stands for the URI that has nothing else. */
ENV_RESULT env_kek_request_token(const char *text, P11KitUri **out,
                                 struct env_error_detail *detail);

#endif
