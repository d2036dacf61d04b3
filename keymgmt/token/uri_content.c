/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/uri_content.h"

#include "keymgmt/token/uri.h"
#include "keymgmt/token/versions.h"

ENV_RESULT env_uri_content(const char *text, const char *key, struct env_uri_content *out,
                           struct env_error_detail *detail)
{
    const CK_ATTRIBUTE *label;
    P11KitUri *uri;

    ENV_TRY(env_uri_parse(text, key, &uri, detail));
    label = p11_kit_uri_get_attribute(uri, CKA_LABEL);
    out->key = p11_kit_uri_get_attribute(uri, CKA_ID) != NULL ||
               (label != NULL && !env_versions_named(label->pValue, label->ulValueLen));
    out->pin = p11_kit_uri_get_pin_value(uri) != NULL || p11_kit_uri_get_pin_source(uri) != NULL;
    env_uri_free(uri);
    return ENV_OK;
}
