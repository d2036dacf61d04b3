/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_p11.so: SoftHSM that behaves like devices that are not available here. It is in front of the
 * module that HSM_MODULE names and takes away, renames and refuses what the device of HSM_PROFILE
 * does by its documents (profiles.c has them). What a device computes that SoftHSM does not (KWP by
 * C_Encrypt, OAEP with SHA-256) is computed from what SoftHSM does with the same key. Keys that a
 * device's own tools make are made in SoftHSM by the tests.
 */
#ifndef TESTS_HSM_H
#define TESTS_HSM_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#define HSM_IV 16u

/* Where AES-GCM's IV comes from. */
enum hsm_iv {
    HSM_IV_CALLERS,
    HSM_IV_ZEROED,   /* a zeroed buffer of the caller's, filled by C_Encrypt */
    HSM_IV_APPENDED, /* whatever the caller says: 16 bytes, behind the output */
    HSM_IV_LUNA_793, /* by ulIvLen and ulIvBits, behind the output */
    HSM_IV_IN_FRONT, /* pIv NULL: 12 bytes, before the output */
    /* what no device should do, and ours has to notice */
    HSM_IV_REPEATED,    /* as ZEROED, and always the same */
    HSM_IV_TAKES_ZEROS, /* as ZEROED, but the zeros are the IV */
    HSM_IV_MOVES,       /* as ZEROED for two wraps, and then as APPENDED */
    HSM_IV_HIDES,       /* as APPENDED for two wraps, and then it goes nowhere */
};

/* How the mechanism is computed underneath. */
enum hsm_work { HSM_SAME, HSM_KW, HSM_PAD, HSM_KWP, HSM_GCM, HSM_OAEP };

struct hsm_mechanism {
    CK_MECHANISM_TYPE type; /* the device's number */
    CK_FLAGS flags;
    enum hsm_work work;
    enum hsm_iv iv; /* of HSM_GCM */
};

#define HSM_MECHANISMS 10u
#define HSM_REFUSED 6u

struct hsm_profile {
    const char *name;
    const char *manufacturer; /* CK_INFO */
    const char *description;
    struct hsm_mechanism mechanisms[HSM_MECHANISMS]; /* others are not there */
    CK_RV create_secret;                    /* C_CreateObject of a secret key; CKR_OK: it is made */
    CK_RV wrap_key;                         /* C_WrapKey and C_UnwrapKey, whatever the mechanism */
    CK_RV set_attribute;                    /* C_SetAttributeValue */
    CK_RV generate;                         /* C_GenerateKey */
    CK_RV generate_pair;                    /* C_GenerateKeyPair */
    CK_RV copy;                             /* C_CopyObject */
    CK_ATTRIBUTE_TYPE refused[HSM_REFUSED]; /* by C_GenerateKey and C_GenerateKeyPair ... */
    CK_RV refusal;                          /* ... with this */
    const CK_ATTRIBUTE_TYPE *only;          /* these alone may be said; 0 ends them */
    CK_ULONG id_max;                        /* bytes of a CKA_ID that may be given; 0: any */
    bool id_chosen;           /* one that was not given has two bytes of the device's */
    bool readable_refused;    /* an unwrapped key may not be CKA_SENSITIVE false */
    bool unwrap_needs_length; /* CKA_VALUE_LEN */
    bool handles_of_session;  /* a key's handle is good in the session that found it alone */
    bool no_random;
    bool no_login;             /* it is not needed, and any PIN is right: HSM_PIN is the real one */
    CK_ULONG random_least;     /* bytes that C_GenerateRandom may be asked for */
    bool oaep_key_hash;        /* SHA-256 alone */
    bool opens_anything;       /* C_Decrypt gives what C_Encrypt got or it gave last, whatever it is
                                  asked */
    bool always_authenticates; /* CKA_ALWAYS_AUTHENTICATE of private keys */
};

extern const struct hsm_profile hsm_profiles[];

/* The module underneath, and the profile; NULL where the environment names none. */
CK_FUNCTION_LIST *hsm_base(void);
const struct hsm_profile *hsm_profile(void);

const struct hsm_mechanism *hsm_mechanism(CK_MECHANISM_TYPE type);

/* CKR_KEY_HANDLE_INVALID, or the handle underneath. */
CK_RV hsm_handle_in(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object);
CK_OBJECT_HANDLE hsm_handle_out(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

/* ---- operations.c: an operation that C_EncryptInit or C_DecryptInit began ---- */

CK_RV hsm_encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV hsm_encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                  CK_ULONG *out_len);
CK_RV hsm_decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV hsm_decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                  CK_ULONG *out_len);
CK_RV hsm_wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                   CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *len);
CK_RV hsm_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                     CK_BYTE *wrapped, CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count,
                     CK_OBJECT_HANDLE *key);

/* ---- computed.c: what SoftHSM does not do, from what it does ---- */

/* RFC 5649, by AES-ECB. out has room for in_len + 16 bytes. */
CK_RV hsm_kwp_wrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const CK_BYTE *in,
                   CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len);
CK_RV hsm_kwp_unwrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const CK_BYTE *in,
                     CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len);

/* RSAES-OAEP with SHA-256, of what plain RSA made of the ciphertext. */
CK_RV hsm_oaep_sha256(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                      CK_ULONG *out_len);

/* ---- objects.c: making, finding and reading keys ---- */

CK_RV hsm_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *object);
CK_RV hsm_copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                      CK_ULONG count, CK_OBJECT_HANDLE *copy);
CK_RV hsm_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
CK_RV hsm_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV hsm_set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV hsm_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                       CK_ULONG *count);
CK_RV hsm_generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
                       CK_ULONG count, CK_OBJECT_HANDLE *key);
CK_RV hsm_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                            CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                            CK_OBJECT_HANDLE *private_key);

#endif
