/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/vendor_mechanisms.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Words in the manufacturerID or libraryDescription of CK_INFO, in any case. */
static const struct {
    enum env_vendor vendor;
    const char *word;
} vendors[] = {
    /* the devices of AWS CloudHSM and of Azure are made by Cavium, later Marvell */
    {ENV_VENDOR_AWS, "cloudhsm"},  {ENV_VENDOR_AWS, "cloud hsm"},    {ENV_VENDOR_AWS, "amazon"},
    {ENV_VENDOR_AWS, "cavium"},    {ENV_VENDOR_AWS, "marvell"},      {ENV_VENDOR_LUNA, "luna"},
    {ENV_VENDOR_LUNA, "safenet"},  {ENV_VENDOR_LUNA, "chrystoki"},   {ENV_VENDOR_LUNA, "gemalto"},
    {ENV_VENDOR_GOOGLE, "google"}, {ENV_VENDOR_GOOGLE, "cloud kms"},
};

/*
 * Sources. AWS: /opt/cloudhsm/include/pkcs11t.h and "Supported mechanisms for the PKCS #11
 * library"; the known answers of key wrap show what zero padding does, as for CKM_AES_KEY_WRAP_PAD.
 * Luna: "CKM_AES_KW" and "CKM_AES_KWP" in the mechanism summary of Luna 7. Google: kmsp11.h.
 */
static const struct {
    enum env_vendor vendor;
    enum env_aes_family family;
    CK_MECHANISM_TYPE type;
} numbers[] = {
    {ENV_VENDOR_AWS, ENV_AES_KW, 0x80002109UL},  /* CKM_CLOUDHSM_AES_KEY_WRAP_NO_PAD */
    {ENV_VENDOR_AWS, ENV_AES_PAD, 0x8000216FUL}, /* CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD */
    {ENV_VENDOR_LUNA, ENV_AES_KW, 0x80000170UL},    {ENV_VENDOR_LUNA, ENV_AES_KWP, 0x80000171UL},
    {ENV_VENDOR_GOOGLE, ENV_AES_GCM, 0x8001E101UL}, /* CKM_CLOUDKMS_AES_GCM */
};

#define AWS_AES_GCM 0x80001087UL /* CKM_CLOUDHSM_AES_GCM */

static bool has_word(const unsigned char *field, size_t size, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= size; i++) {
        if (strncasecmp((const char *)field + i, word, len) == 0)
            return true;
    }
    return false;
}

enum env_vendor env_vendor_of(const CK_INFO *module)
{
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
        if (has_word(module->manufacturerID, sizeof(module->manufacturerID), vendors[i].word) ||
            has_word(module->libraryDescription, sizeof(module->libraryDescription),
                     vendors[i].word))
            return vendors[i].vendor;
    }
    return ENV_VENDOR_OTHER;
}

CK_RV env_token_vendor(struct env_token *token, enum env_vendor *out)
{
    CK_INFO info = {0};
    CK_RV rv;

    *out = atomic_load(&token->vendor);
    if (*out != ENV_VENDOR_UNKNOWN)
        return CKR_OK;
    rv = ENV_P11(token->fn->C_GetInfo(&info));
    if (rv != CKR_OK)
        return rv;
    *out = env_vendor_of(&info);
    atomic_store(&token->vendor, (unsigned)*out);
    return rv;
}

CK_MECHANISM_TYPE env_vendor_mechanism(enum env_vendor vendor, enum env_aes_family family)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].family == family && numbers[i].vendor == vendor)
            return numbers[i].type;
    }
    return 0;
}

CK_MECHANISM_TYPE env_vendor_gcm_in_front(struct env_token *token)
{
    enum env_vendor vendor;

    return env_token_vendor(token, &vendor) == CKR_OK && vendor == ENV_VENDOR_AWS ? AWS_AES_GCM : 0;
}
