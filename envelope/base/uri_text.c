/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/uri_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/printable.h"

#define SCHEME "pkcs11:"

bool env_uri_is(const char *text)
{
    return strncasecmp(text, SCHEME, strlen(SCHEME)) == 0;
}

/* Whether text begins with a lower-case word, ignoring white space in between. */
static bool begins_with(const char *text, const char *word)
{
    for (; *word != '\0'; word++) {
        text += strspn(text, " \t\n\v\f\r");
        if (tolower((unsigned char)*text) != *word)
            return false;
        text++;
    }
    return true;
}

/*
 * A PIN belongs after the '?', but p11-kit also accepts one in the path, and drops white space
 * anywhere. An attribute like pin=1234 is probably meant as a PIN.
 */
static const char *find_pin(const char *text)
{
    for (; *text != '\0'; text++) {
        if (begins_with(text, "pin-"))
            return text;
        if (strchr(":;&", *text) != NULL && begins_with(text + 1, "pin"))
            return text + 1;
    }
    return NULL;
}

void env_uri_shown(char *out, size_t size, const char *text)
{
    static const char cut[] = "...";
    size_t len = strcspn(text, "?");
    const char *pin = find_pin(text);

    if (pin != NULL && (size_t)(pin - text) < len)
        len = (size_t)(pin - text);
    if (text[len] == '\0' && len < size) {
        env_printable(out, size, text, len);
        return;
    }
    if (len > size - sizeof(cut))
        len = size - sizeof(cut);
    env_printable(out, size - sizeof(cut) + 1, text, len);
    memcpy(out + strlen(out), cut, sizeof(cut));
}
