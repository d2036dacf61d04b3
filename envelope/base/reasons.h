/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every reason that the provider puts on OpenSSL's error stack, with its text. The numbers are part
 * of the interface (a program may compare ERR_GET_REASON): never renumber, only append.
 */
#ifndef ENVELOPE_REASONS_H
#define ENVELOPE_REASONS_H

/* clang-format off */
#define ENV_REASONS(X)                                                                             \
    /* the module and its surroundings */                                                          \
    X(INTERNAL,              100, "internal error")                                                \
    X(NO_MEMORY,             101, "out of memory")                                                 \
    X(NO_AES_GCM,            102, "no provider offers AES-256-GCM, HMAC and SHA-2: activate default or fips, and see propquery") \
    X(RANDOM_FAILED,         103, "no random bytes could be had")                                  \
    X(CRYPTO_FAILED,         104, "an operation of libcrypto failed")                              \
    /* configuration: the data names the key */                                                    \
    X(CONFIG_VALUE,          110, "bad value in the configuration")                                \
    X(CONFIG_UNKNOWN_KEY,    111, "unknown key in the configuration")                              \
    X(CONFIG_BAD_URI,        112, "bad pkcs11: URI")                                               \
    X(CONFIG_PIN_SOURCE,     113, "the PIN source can not be read")                                \
    /* how a cipher is called */                                                                   \
    X(NOT_INITIALISED,       120, "the context is not initialised")                                \
    X(MESSAGE_FINISHED,      121, "the message is finished: initialise the context again")         \
    X(CONTEXT_FAILED,        122, "the context failed before: initialise it again")                \
    X(NO_OUTPUT_BUFFER,      123, "input without an output buffer (associated data is the context parameter)") \
    X(UPDATE_TOO_LARGE,      124, "the update is larger than the cipher can write in one call")    \
    X(SMALL_UPDATE,          125, "another update after one of less than 64 KiB: size buffers by the block size, or use ENVELOPE") \
    X(OUTPUT_TOO_SMALL,      126, "the output buffer is too small")                                \
    X(COPY_WHILE_SEALING,    127, "a context that seals can not be copied once its message has begun") \
    X(FORKED_WHILE_SEALING,  128, "this process did not begin the message: only the one that did can go on sealing it") \
    X(MESSAGE_TOO_LONG,      129, "the message has too many segments")                             \
    X(BAD_KEY_LENGTH,        130, "the key must be 32 bytes")                                      \
    X(KEY_IS_NO_SELECTOR,    131, "the key bytes name no KEK (they hold a KEK's label, NUL-padded, or zeros; passwords are not supported)") \
    X(BAD_PARAMETER,         132, "bad parameter")                                                 \
    X(CONTEXT_TOO_LONG,      133, "the context is longer than 4096 bytes")                         \
    X(PARAMETER_TOO_LATE,    134, "the parameter can not change once the message has begun")       \
    /* what was given to open */                                                                   \
    X(NOT_A_MESSAGE,         140, "the input is not an envelope message")                          \
    X(TRUNCATED,             141, "the message is truncated")                                      \
    X(TRAILING_DATA,         142, "data after the end of the message")                             \
    X(BAD_HEADER,            143, "malformed header")                                              \
    X(HEADER_TOO_LONG,       144, "the header is too long")                                        \
    X(TOO_MANY_RECIPIENTS,   145, "too many recipients")                                           \
    X(UNSUPPORTED_RECIPIENT, 146, "the header has a kind of recipient that is not supported")      \
    X(WRONG_CONTENT,         147, "the header belongs to another kind of content")                 \
    X(NOT_AUTHENTIC,         148, "the header does not verify: altered, or not for this KEK")      \
    X(BAD_FLOE_HEADER,       149, "malformed FLOE header")                                         \
    X(SEGMENT_LENGTH,        150, "unsupported segment length")                                    \
    X(NEEDS_ENVELOPE_1M,     151, "the message has segments of 1 MiB: open it with ENVELOPE-1M")   \
    X(CONTEXT_MISMATCH,      152, "the context is not the one that the message was sealed with, or the FLOE header was altered") \
    X(BAD_SEGMENT,           153, "a segment does not verify")                                     \
    X(BAD_SEGMENT_LENGTH,    154, "a segment has an impossible length")                            \
    /* KEKs and tokens */                                                                          \
    X(NO_KEK_CONFIGURED,     160, "no KEK is configured (kek in openssl.cnf, the kek parameter or -K)") \
    X(KEK_NOT_FOUND,         161, "no such KEK on the configured tokens")                          \
    X(KEK_AMBIGUOUS,         162, "more than one key matches")                                     \
    X(KEK_NOT_HERE,          163, "no KEK of this message is on the configured tokens")            \
    X(KEK_NOT_ALLOWED,       164, "open-kek does not allow this KEK")                              \
    X(KEK_EXTRACTABLE,       165, "the KEK is extractable (allow-weak-kek = yes accepts it)")      \
    X(KEK_NOT_SENSITIVE,     166, "the KEK is not sensitive (allow-weak-kek = yes accepts it)")    \
    X(KEK_PUBLIC,            167, "the KEK is a public object that anyone may have planted (allow-weak-kek = yes accepts it)") \
    X(KEK_IMPORTED,          168, "the KEK was outside the token once (allow-imported-kek = yes accepts it)") \
    X(KEK_TOO_WEAK,          169, "the KEK is weaker than the data key (allow-weak-kek = yes accepts it)") \
    X(KEK_WITHOUT_ID,        170, "the KEK has no CKA_ID of 1 to 64 bytes: give it one")           \
    X(KEK_USAGE,             171, "the KEK's attributes or the token's mechanisms do not allow wrapping") \
    X(KEK_SELF_TEST,         172, "what the KEK wrapped it could not unwrap")                      \
    X(WRAP_FAILED,           173, "the token could not wrap the data key")                         \
    X(UNWRAP_FAILED,         174, "the token could not unwrap the data key")                       \
    X(NO_MODULE,             180, "no PKCS#11 module could be loaded")                             \
    X(NO_TOKEN,              181, "no token matches the configuration")                            \
    X(TOKEN_FAILED,          182, "the token failed")                                              \
    X(PIN_WRONG,             183, "the token refused the PIN (it is not tried again)")             \
    X(PIN_MISSING,           184, "the token needs a PIN and none is configured (pin-source)")     \
    X(PIN_LOCKED,            185, "the PIN is locked")                                             \
    X(SESSIONS_EXHAUSTED,    186, "the token has no session left")                                 \
    /* key wrap as a cipher */                                                                     \
    X(ONE_UPDATE,            200, "key wrap takes everything in one update: this is the second")   \
    X(DEFAULT_IV_ONLY,       201, "with a KEK in a token key wrap has its default IV alone")       \
    X(INPUT_LENGTH,          202, "key wrap does not take input of this length")                   \
    X(WRAP_LENGTH,           203, "the token can not be shown to do key wrap as RFC 5649 has it for this length") \
    X(WRAPPED_KEY,           204, "the wrapped key does not verify: altered, or not for this KEK") \
    X(KEK_LENGTH,            205, "the KEK is not an AES key of the length that the cipher says")  \
    X(ONE_KEK,               206, "key wrap takes one KEK, and kek in openssl.cnf names several")  \
    X(NO_STOCK_CIPHER,       207, "the key is none of a token's and no other provider offers the cipher: activate default or fips") \
    X(WRAP_KEY_LENGTH,       208, "the key has not the length that the cipher says")                 \
    /* KEKs that are on several tokens, and messages for several KEKs */                           \
    X(KEK_DIFFERS,           240, "keys of one CKA_ID are not the same key: give one of them another id, or name the token") \
    X(KEK_UNPROVEN,          241, "it can not be shown that a key of the same CKA_ID is the same key: no mechanism is common to both") \
    X(KEK_TOKEN_NONCE,       242, "the token chooses the nonces of AES-GCM, which may repeat where the KEK is on several tokens") \
    X(NO_KEK_LEFT,           243, "of the KEKs to seal with none can be reached, and all are optional") \
    /* KEKs as keys of OpenSSL */                                                                  \
    X(KEK_EXISTS,            220, "the token has such a KEK already (same-label:yes makes another of the label)") \
    X(KEK_NOT_MADE,          221, "the token could not make the KEK")                              \
    X(TOKEN_READ_ONLY,       222, "the token is read-only: no KEK can be made in it")              \
    X(KEK_KIND,              223, "unsupported type or length of KEK (AES: 128, 192, 256 bits; RSA: 3072 to 8192)") \
    X(TOKEN_AMBIGUOUS,       224, "more than one token matches: say which (token)")                \
    X(LABEL_MISSING,         225, "a new KEK needs a label")                                       \
    X(KEK_NO_EXPORT,         226, "a KEK never leaves its token: there is nothing to export")      \
    X(KEK_NO_IMPORT,         227, "a KEK is made in its token: nothing is imported")               \
    X(NO_PUBLIC_HALF,        228, "an AES KEK has no public half")                                 \
    X(BAD_REFERENCE,         229, "malformed KEK reference")                                       \
    X(NO_KEY,                230, "the operation needs a KEK")                                     \
    X(OTHER_KEK,             231, "the input is for another KEK than the one given")               \
    X(INPUT_TOO_LONG,        232, "longer than 64 KiB: use the cipher ENVELOPE")                   \
    /* RSA KEKs */                                                                                 \
    X(OAEP_PARAMETERS,       233, "unsupported OAEP parameters (hash and MGF1 of SHA-1 or of SHA-256, no label)") \
    X(KEK_FILE,              234, "the file of the KEK can not be read")                           \
    X(KEK_FILE_CONTENT,      235, "the file of the KEK is not one certificate or public key (PEM or DER)") \
    X(KEK_FILE_PRIVATE,      236, "the file of the KEK has a private key in it: only its certificate or public key belongs there") \
    /* headers for other KEKs */                                                                   \
    X(KEKS_DO_NOT_FIT,       247, "the KEKs do not fit into one header: name fewer of them")       \
    X(REWRAP_DECRYPT,        248, "ENVELOPE-REWRAP has one direction: encrypt (openssl enc -e)")   \
    /* files that the command changes: the data names the file */                                  \
    X(FILE_FAILED,           256, "a call on the file failed")                                     \
    X(FILE_LOCKED,           257, "another process has the file locked")                           \
    X(FILE_CHANGED,          258, "the file changed meanwhile")                                    \
    X(FILE_UNSAFE,           259, "the file can not be changed safely") \
    /* PINs */                                                                                     \
    X(PIN_FINAL_TRY,         260, "one try of the PIN is left, and it is not taken (pin-final-try = yes takes it)") \
    /* the audit log */                                                                            \
    X(AUDIT_FAILED,          270, "the use of the KEK could not be recorded (audit-required = yes)") \
    /* processes */                                                                                \
    X(FORKED_INSIDE_TOKEN,   276, "this process was forked while a token did not answer its parent: it can use tokens only after exec") \
    /* lists of the command */                                                                     \
    X(LINE_TOO_LONG,         285, "the new line would be longer than 128 KiB: name fewer KEKs")
/* clang-format on */

enum env_reason {
    ENV_R_NONE = 0,
#define ENV_REASON_ENUM(name, number, text) ENV_R_##name = (number),
    ENV_REASONS(ENV_REASON_ENUM)
#undef ENV_REASON_ENUM
};

#endif
