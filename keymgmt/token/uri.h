/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11: URIs (RFC 7512): parsing them, showing them without their PIN, wiping them. */
#ifndef ENVELOPE_URI_H
#define ENVELOPE_URI_H

#include <p11-kit/uri.h>

#include "envelope/base/uri_text.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/p11.h"

/*
 * key names the configuration key or parameter that the text came from. Fails with CONFIG_BAD_URI.
 */
ENV_RESULT env_uri_parse(const char *text, const char *key, P11KitUri **out,
                         struct env_error_detail *detail);

/* The same for a list, separated by spaces. */
struct env_uris {
    size_t count;
    P11KitUri **list;
};

ENV_RESULT env_uris_parse(const char *text, const char *key, struct env_uris *out,
                          struct env_error_detail *detail);
void env_uris_free(struct env_uris *uris);

/* True if it names the token, its slot or its module. */
bool env_uri_names_token(P11KitUri *uri);

/* Wipes a pin-value; uri may be NULL. */
void env_uri_free(P11KitUri *uri);

/* The URI as p11-kit writes it, with its pin-value wiped and left out; NULL: no memory. */
char *env_uri_without_pin(P11KitUri *uri);

#endif
