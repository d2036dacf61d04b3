/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/header.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stddef.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/header_der.h"
#include "envelope/format/header_template.h"

/*
 * The info of HKDF-Expand for the MAC's key. FLOE's infos begin with 00 00, so they always differ.
 */
static const char mac_label[] = "envelope header MAC v1";

/* ---- the header's length ---- */

ENV_RESULT env_header_length(struct env_span peek, size_t *len)
{
    uint8_t first[ENV_HEADER_PEEK] = {0};
    const unsigned char *p = first;
    const ASN1_OBJECT *wanted = OBJ_nid2obj(NID_id_smime_ct_authEnvelopedData);
    long content_len = 0;
    int tag = 0;
    int class = 0;
    int flags;
    size_t oid_der_len;

    if (peek.len == 0)
        return ENV_FAIL(ENV_R_TRUNCATED);
    memcpy(first, peek.data, peek.len < sizeof(first) ? peek.len : sizeof(first));
    if (first[0] != (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (peek.len < sizeof(first))
        return ENV_FAIL(ENV_R_TRUNCATED);
    /* A length field has at most 9 bytes, so this stays inside first whatever omax says. */
    ERR_set_mark();
    flags = ASN1_get_object(&p, &content_len, &tag, &class, LONG_MAX / 2);
    ERR_pop_to_mark();
    if ((flags & 0x80) != 0 || flags != V_ASN1_CONSTRUCTED)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE); /* an impossible or an indefinite length */
    oid_der_len = 2 + OBJ_length(wanted);
    if ((size_t)(p - first) + oid_der_len > sizeof(first) || p[0] != V_ASN1_OBJECT ||
        p[1] != OBJ_length(wanted) || memcmp(p + 2, OBJ_get0_data(wanted), OBJ_length(wanted)) != 0)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (content_len > (long)(ENV_HEADER_MAX - (size_t)(p - first)))
        return ENV_FAIL(ENV_R_HEADER_TOO_LONG);
    *len = (size_t)(p - first) + (size_t)content_len;
    return ENV_OK;
}

/* ---- memory ---- */

/*
 * The shortest recipient: [2] SEQUENCE, version, SEQUENCE with an id of 1 byte, SEQUENCE with an
 * OID of 9, the wrapped DEK. A shorter one is refused, and nothing after it is read.
 */
#define SHORTEST_RECIPIENT (2u + 3u + 5u + 13u + 2u + ENV_DEK_LEN + 8u)

size_t env_header_most_recipients(size_t der_len)
{
    size_t most = der_len / SHORTEST_RECIPIENT + 1;

    return most < ENV_KEK_RECIPIENTS_MAX ? most : ENV_KEK_RECIPIENTS_MAX;
}

static size_t size_for(size_t recipients)
{
    return offsetof(struct env_header, recipients) + recipients * sizeof(struct env_recipient);
}

struct env_header *env_header_new(size_t recipients)
{
    struct env_header *header = OPENSSL_malloc(size_for(recipients));

    if (header != NULL)
        header->parameters = (struct env_span){NULL, 0};
    return header;
}

struct env_header *env_header_take(size_t recipients)
{
    return env_secret_alloc(size_for(recipients));
}

void env_header_give(struct env_header *header, size_t recipients)
{
    if (header != NULL)
        memset(header, 0, size_for(recipients)); /* not secret, but the next user expects zeros */
    env_secret_free_wiped(header, size_for(recipients));
}

/* ---- reading and writing ---- */

/* Refuses two recipients of the same kind and reference: a token would be asked once for each. */
static ENV_RESULT check_duplicates(const struct env_header *header)
{
    for (size_t i = 1; i < header->count; i++) {
        const struct env_recipient *a = &header->recipients[i];

        for (size_t j = 0; j < i; j++) {
            const struct env_recipient *b = &header->recipients[j];

            if (env_wrap_is_rsa(a->wrapped.alg) == env_wrap_is_rsa(b->wrapped.alg) &&
                env_kek_id_equal(&a->id, &b->id))
                return ENV_FAIL(ENV_R_DUPLICATE_RECIPIENT);
        }
    }
    return ENV_OK;
}

ENV_RESULT env_header_decode(struct env_span der, struct env_header *out)
{
    if (env_header_template_read(der, out))
        return check_duplicates(out);
    ENV_TRY(env_header_der_read(der, out));
    ENV_TRY(check_duplicates(out));
    env_header_template_learn(out);
    return ENV_OK;
}

static ENV_RESULT header_mac(struct env_prk *dek, struct env_span der,
                             uint8_t mac[ENV_HEADER_MAC_LEN])
{
    const struct env_span label = {(const uint8_t *)mac_label, sizeof(mac_label) - 1};
    uint8_t key[32];
    ENV_RESULT r;

    if (der.len < ENV_HEADER_MAC_LEN)
        return ENV_FAIL(ENV_R_INTERNAL);
    r = env_prk_expand(dek, &label, 1, key, sizeof(key));
    /* the MAC's value is the last field: everything before it is covered */
    if (env_ok(r))
        r = env_hmac_sha256(dek->crypto, (struct env_span){key, sizeof(key)},
                            (struct env_span){der.data, der.len - ENV_HEADER_MAC_LEN}, mac);
    OPENSSL_cleanse(key, sizeof(key));
    return r;
}

static ENV_RESULT write_without_mac(const struct env_header *header, uint8_t **der, size_t *der_len)
{
    bool known = false;

    if (header->count <= ENV_KEK_RECIPIENTS_MAX)
        ENV_TRY(check_duplicates(header)); /* such a header could not be opened */
    ENV_TRY(env_header_template_write(header, &known, der, der_len));
    if (known)
        return ENV_OK;
    ENV_TRY(env_header_der_write(header, der, der_len));
    env_header_template_learn(header);
    return ENV_OK;
}

ENV_RESULT env_header_encode_under(struct env_prk *dek, const struct env_header *header,
                                   uint8_t **der, size_t *der_len)
{
    uint8_t *out = NULL;
    size_t len = 0;
    ENV_RESULT r;

    ENV_TRY(write_without_mac(header, &out, &len));
    r = header_mac(dek, (struct env_span){out, len}, out + len - ENV_HEADER_MAC_LEN);
    if (!env_ok(r)) {
        OPENSSL_free(out);
        return r;
    }
    *der = out;
    *der_len = len;
    return ENV_OK;
}

ENV_RESULT env_header_verify_under(struct env_prk *dek, struct env_span der)
{
    uint8_t mac[ENV_HEADER_MAC_LEN];
    ENV_RESULT r = header_mac(dek, der, mac);

    if (env_ok(r) && CRYPTO_memcmp(mac, der.data + der.len - sizeof(mac), sizeof(mac)) != 0)
        r = ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    /* an attacker who alters the header would have to know this value */
    OPENSSL_cleanse(mac, sizeof(mac));
    return r;
}

/* ---- the same with a DEK from which nothing else is expanded ---- */

ENV_RESULT env_header_encode(const struct env_crypto *crypto, const struct env_header *header,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len)
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, (struct env_span){dek, ENV_DEK_LEN});

    if (env_ok(r))
        r = env_header_encode_under(&prk, header, der, der_len);
    env_prk_clear(&prk);
    return r;
}

ENV_RESULT env_header_verify(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, (struct env_span){dek, ENV_DEK_LEN});

    if (env_ok(r))
        r = env_header_verify_under(&prk, der);
    env_prk_clear(&prk);
    return r;
}
