/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each device does, and in which document that is. Nothing here was tested on the device
 * itself.
 *
 * [aws-mech] AWS CloudHSM user guide, "Supported mechanisms for the PKCS #11 library" (Client SDK
 * 5) with its annotations; numbers: pkcs11t.h of the library [aws-attr] the same guide, "Key
 * attributes in the PKCS #11 library" [luna-gcm] Thales Luna 7 documentation, "CKM_AES_GCM": the
 * table of ulIvLen and ulIvBits for firmware 7.9.3, and the 16 bytes at the end before that
 * [luna-kw]  the same, "CKM_AES_KW", "CKM_AES_KWP"; "PKCS#11 required functions": C_UnwrapKey takes
 *            CKA_VALUE_LEN before 7.9.3
 * [luna-fips] the same, HSM policy 12: no key comes into the HSM in the clear
 * [nshield]  Entrust nShield Security World, "PKCS #11 mechanisms": CKM_AES_KEY_WRAP wraps and
 *            unwraps, CKM_AES_KEY_WRAP_KWP and CKM_AES_GCM encrypt as well; "FIPS 140 Level 3": no
 *            import in the clear, and no key that may be read
 * [kmsp11]   GoogleCloudPlatform/kms-integrations, kmsp11/docs/user_guide.md and kmsp11.h,
 *            aes_gcm.cc ("pIv should be zero-initialized")
 * [vault]    HashiCorp Vault, "PKCS#11 provider": functions, mechanisms, and "object IDs are
 *            randomized for each session"
 * [yubihsm]  Yubico, "PKCS#11 with YubiHSM 2": mechanisms; an object's id has two bytes
 * [ykcs11]   Yubico, "PIV YKCS11 module": keys are made by the management key; ids are numbers of
 *            slots; the PIN is asked for each use of some
 */
#include "hsm.h"

#define ENC (CKF_ENCRYPT | CKF_DECRYPT)
#define WRAP (CKF_WRAP | CKF_UNWRAP)
#define NO CKR_FUNCTION_NOT_SUPPORTED
#define AES_GEN                                                                                    \
    {                                                                                              \
        CKM_AES_KEY_GEN, CKF_GENERATE, HSM_SAME, 0                                                 \
    }
#define RSA_GEN                                                                                    \
    {                                                                                              \
        CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR, HSM_SAME, 0                              \
    }
#define OAEP(flags)                                                                                \
    {                                                                                              \
        CKM_RSA_PKCS_OAEP, flags, HSM_OAEP, 0                                                      \
    }
#define GCM(iv)                                                                                    \
    {                                                                                              \
        CKM_AES_GCM, ENC, HSM_GCM, iv                                                              \
    }
#define KWP_TYPE 0x210BUL

static const CK_ATTRIBUTE_TYPE bare_only[] = {CKA_TOKEN, CKA_LABEL, CKA_VALUE_LEN, CKA_MODULUS_BITS,
                                              0};
static const CK_ATTRIBUTE_TYPE google_only[] = {CKA_LABEL, 0x8001E101UL, 0};

const struct hsm_profile hsm_profiles[] = {
    {
        .name = "aws",
        .manufacturer = "Cavium", /* any of those that the library has had */
        .description = "CloudHSM PKCS#11",
        .mechanisms =
            {
                AES_GEN,
                RSA_GEN,
                OAEP(ENC | WRAP),                              /* [aws-mech] */
                GCM(HSM_IV_ZEROED),                            /* [aws-mech] 1 */
                {0x80002109UL, WRAP, HSM_KW, 0},               /* [aws-mech] 3 */
                {0x8000216FUL, WRAP, HSM_PAD, 0},              /* [aws-mech] 3 */
                {0x80001087UL, ENC, HSM_GCM, HSM_IV_IN_FRONT}, /* [aws-mech] 3 */
            },
        .refused = {CKA_ALLOWED_MECHANISMS}, /* [aws-attr] has it not */
        .refusal = CKR_ATTRIBUTE_TYPE_INVALID,
    },
    {
        /* the same, with nothing but the GCM that puts the IV in front, to see it used */
        .name = "aws-front",
        .manufacturer = "Cavium",
        .description = "CloudHSM PKCS#11",
        .mechanisms = {AES_GEN,
                       {CKM_AES_GCM, ENC, HSM_SAME, 0}, /* it lists it, and refuses it */
                       {0x80001087UL, ENC, HSM_GCM, HSM_IV_IN_FRONT}},
        .refused = {CKA_ALLOWED_MECHANISMS},
        .refusal = CKR_ATTRIBUTE_TYPE_INVALID,
    },
    {
        .name = "luna",
        .manufacturer = "SafeNet",
        .description = "Chrystoki",
        .mechanisms = {AES_GEN,
                       RSA_GEN,
                       OAEP(ENC | WRAP),
                       GCM(HSM_IV_CALLERS),              /* [luna-gcm] not in FIPS mode */
                       {0x80000170UL, WRAP, HSM_KW, 0}}, /* [luna-kw] */
        .unwrap_needs_length = true,                     /* [luna-kw] */
    },
    {
        .name = "luna-fips",
        .manufacturer = "SafeNet",
        .description = "Chrystoki",
        .mechanisms = {AES_GEN,
                       RSA_GEN,
                       OAEP(ENC | WRAP),
                       GCM(HSM_IV_APPENDED), /* [luna-gcm] before 7.9.3 */
                       {0x80000170UL, WRAP, HSM_KW, 0}},
        .create_secret = CKR_ACTION_PROHIBITED, /* [luna-fips] */
        .unwrap_needs_length = true,
    },
    {
        .name = "luna-fips-793",
        .manufacturer = "SafeNet",
        .description = "Chrystoki",
        .mechanisms = {AES_GEN,
                       RSA_GEN,
                       OAEP(ENC | WRAP),
                       GCM(HSM_IV_LUNA_793), /* [luna-gcm] */
                       {0x80000170UL, WRAP, HSM_KW, 0}},
        .create_secret = CKR_ACTION_PROHIBITED,
    },
    {
        .name = "nshield",
        .manufacturer = "nCipher Corp. Ltd",
        .description = "nFast PKCS#11",
        .mechanisms = {AES_GEN,
                       RSA_GEN,
                       OAEP(ENC | WRAP),
                       {CKM_AES_KEY_WRAP, WRAP, HSM_KW, 0}, /* [nshield] */
                       {KWP_TYPE, ENC, HSM_KWP, 0},         /* [nshield] (wraps as well there) */
                       GCM(HSM_IV_CALLERS)},
        .create_secret = CKR_ACTION_PROHIBITED, /* [nshield] */
        .readable_refused = true,               /* [nshield] */
    },
    {
        .name = "google",
        .manufacturer = "Google",
        .description = "Cloud KMS PKCS#11 Library",
        .mechanisms = {{CKM_AES_KEY_GEN, ENC, HSM_SAME, 0},
                       RSA_GEN,
                       OAEP(ENC),
                       {0x8001E101UL, ENC, HSM_GCM, HSM_IV_ZEROED}}, /* [kmsp11] */
        .create_secret = NO, /* [kmsp11], and all the others */
        .wrap_key = NO,
        .set_attribute = NO,
        .copy = NO,
        .only = google_only,
        .refusal = CKR_ARGUMENTS_BAD,
        .no_login = true,
        .random_least = 8,
        .oaep_key_hash = true,
    },
    {
        .name = "vault",
        .manufacturer = "HashiCorp",
        .description = "Vault PKCS#11",
        .mechanisms = {AES_GEN, GCM(HSM_IV_CALLERS)}, /* [vault] */
        .wrap_key = NO,
        .set_attribute = NO,
        .generate_pair = NO,
        .handles_of_session = true,
        .no_random = true,
    },
    {
        .name = "yubihsm",
        .manufacturer = "Yubico (www.yubico.com)",
        .description = "YubiHSM PKCS#11 Library",
        .mechanisms = {RSA_GEN,
                       OAEP(ENC), /* [yubihsm] */
                       {CKM_AES_ECB, ENC, HSM_SAME, 0},
                       {CKM_AES_CBC, ENC, HSM_SAME, 0}},
        .wrap_key = CKR_MECHANISM_INVALID, /* [yubihsm] its own CCM wrap alone */
        .generate = CKR_MECHANISM_INVALID,
        .copy = NO,
        .refused = {CKA_ALLOWED_MECHANISMS},
        .refusal = CKR_ATTRIBUTE_TYPE_INVALID,
        .id_max = 2, /* [yubihsm] */
        .id_chosen = true,
    },
    {
        .name = "piv",
        .manufacturer = "Yubico (www.yubico.com)",
        .description = "PKCS#11 PIV Library (SP-800-73)",
        .mechanisms = {OAEP(ENC)},
        .create_secret = NO,
        .wrap_key = NO,
        .set_attribute = NO,
        .generate = NO,
        .generate_pair = CKR_USER_TYPE_INVALID, /* [ykcs11] the management key makes them */
        .copy = NO,
        .always_authenticates = true, /* [ykcs11] */
    },
    {
        /* nobody's: how little genpkey can do with */
        .name = "bare",
        .manufacturer = "nobody",
        .description = "gets label and length",
        .mechanisms = {AES_GEN, RSA_GEN, OAEP(ENC), GCM(HSM_IV_CALLERS)},
        .only = bare_only,
        .refusal = CKR_ATTRIBUTE_TYPE_INVALID,
        .id_chosen = true,
    },
    /* what no device should do */
    {
        .name = "bad-repeats",
        .manufacturer = "nobody",
        .description = "gives every wrap one IV",
        .mechanisms = {AES_GEN, GCM(HSM_IV_REPEATED)},
    },
    {
        .name = "bad-zeros",
        .manufacturer = "nobody",
        .description = "takes zeros as the IV",
        .mechanisms = {AES_GEN, GCM(HSM_IV_TAKES_ZEROS)},
    },
    {
        .name = "bad-opens",
        .manufacturer = "nobody",
        .description = "opens what was altered",
        .mechanisms = {AES_GEN, RSA_GEN, OAEP(ENC), GCM(HSM_IV_CALLERS)},
        .opens_anything = true,
    },
    {
        .name = "bad-moves",
        .manufacturer = "nobody",
        .description = "puts IVs elsewhere after two",
        .mechanisms = {AES_GEN, GCM(HSM_IV_MOVES)},
    },
    {
        .name = "bad-hides",
        .manufacturer = "nobody",
        .description = "tells two IVs",
        .mechanisms = {AES_GEN, GCM(HSM_IV_HIDES)},
    },
    {.name = NULL},
};
