/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/describe_kek.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "keymgmt/kek/may_open.h"
#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/wrap_rsa.h"

static size_t trimmed(const unsigned char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\0'))
        len--;
    return len;
}

static void add_attribute(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    CK_ATTRIBUTE attribute = {type, (void *)(uintptr_t)value, (CK_ULONG)len};

    if (len > 0)
        (void)p11_kit_uri_set_attribute(uri, &attribute);
}

/*
 * The URI has the token label, the key label, the id and the type. It has the token's serial number
 * only when the token has no label, so that a reference survives moving the keys to another device
 * with the same label.
 */
static void write_uri(const struct env_token_kek *kek, char *out, size_t size)
{
    const CK_OBJECT_CLASS class = kek->attributes.rsa ? CKO_PRIVATE_KEY : CKO_SECRET_KEY;
    P11KitUri *uri = p11_kit_uri_new();
    CK_TOKEN_INFO *info;
    char *text = NULL;

    out[0] = '\0';
    if (uri == NULL)
        return;
    info = p11_kit_uri_get_token_info(uri);
    if (trimmed(kek->token.label, sizeof(kek->token.label)) > 0)
        memcpy(info->label, kek->token.label, sizeof(info->label));
    else
        memcpy(info->serialNumber, kek->token.serial, sizeof(info->serialNumber));
    add_attribute(uri, CKA_LABEL, kek->attributes.label, kek->attributes.label_len);
    if (kek->attributes.id_is_made)
        add_attribute(uri, CKA_ID, kek->attributes.cka_id, kek->attributes.cka_id_len);
    else
        add_attribute(uri, CKA_ID, kek->id.bytes, kek->id.len);
    add_attribute(uri, CKA_CLASS, &class, sizeof(class));
    if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) == P11_KIT_URI_OK &&
        strlen(text) < size)
        memcpy(out, text, strlen(text) + 1);
    free(text);
    p11_kit_uri_free(uri);
}

static void append(char *out, size_t size, const char *separator, const char *text)
{
    size_t len = strlen(out);

    (void)snprintf(out + len, size - len, "%s%s", len > 0 ? separator : "", text);
}

/* "AES-KW (C_WrapKey, C_UnwrapKey), AES-GCM (C_Encrypt, C_Decrypt)" */
static void write_mechanisms(unsigned uses, char *out, size_t size)
{
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_GCM; f++) {
        char ways[64] = "";

        for (unsigned w = ENV_WAY_ENCRYPT; w <= ENV_WAY_UNWRAP_KEY; w++) {
            if (env_aes_can(uses, f, w))
                append(ways, sizeof(ways), ", ", env_way_name(w));
        }
        if (ways[0] == '\0')
            continue;
        append(out, size, ", ", env_aes_family_name(f));
        (void)snprintf(out + strlen(out), size - strlen(out), " (%s)", ways);
    }
}

/* "RSA-OAEP (C_Decrypt)"; sealing does not use the token. */
static void write_oaep(unsigned uses, char *out, size_t size)
{
    if (uses == 0)
        return;
    (void)snprintf(out, size, "RSA-OAEP (%s)",
                   uses == (ENV_RSA_DECRYPT | ENV_RSA_UNWRAP_KEY) ? "C_Decrypt, C_UnwrapKey"
                   : uses == ENV_RSA_DECRYPT                      ? "C_Decrypt"
                                                                  : "C_UnwrapKey");
}

void env_token_kek_describe(const struct env_kek *base, struct env_kek_info *info)
{
    const struct env_token_kek *kek = (const struct env_token_kek *)base;
    const struct env_key_attributes *key = &kek->attributes;

    *info = (struct env_kek_info){
        .type = key->rsa ? ENV_KEK_RSA : ENV_KEK_AES,
        .bits = key->bits,
        .id = kek->id,
        .encrypt = key->encrypt,
        .decrypt = key->decrypt,
        .wrap = key->wrap,
        .unwrap = key->unwrap,
        .sensitive = key->sensitive,
        .always_sensitive = key->always_sensitive,
        .extractable = key->extractable,
        .never_extractable = key->never_extractable,
        .private_object = key->private_object,
        .local = key->local,
        .dates = env_kek_dates((struct env_token_kek *)(uintptr_t)kek),
        .refusal = env_may_open_refusal(kek),
        .modulus_len = key->modulus_len,
        .exponent_len = key->exponent_len,
    };
    env_printable(info->token, sizeof(info->token), kek->token.label,
                  trimmed(kek->token.label, sizeof(kek->token.label)));
    env_printable(info->serial, sizeof(info->serial), kek->token.serial,
                  trimmed(kek->token.serial, sizeof(kek->token.serial)));
    env_printable(info->label, sizeof(info->label), key->label, key->label_len);
    if (atomic_load(&kek->prepared))
        memcpy(info->chosen, kek->chosen, sizeof(info->chosen));
    write_uri(kek, info->uri, sizeof(info->uri));
    if (key->rsa)
        write_oaep(kek->first_uses, info->mechanisms, sizeof(info->mechanisms));
    else
        write_mechanisms(kek->first_uses, info->mechanisms, sizeof(info->mechanisms));
    memcpy(info->modulus, key->modulus, key->modulus_len);
    memcpy(info->exponent, key->exponent, key->exponent_len);
}
