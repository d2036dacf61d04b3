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
    X(RANDOM_FAILED,         103, "no random bytes are available")                                  \
    X(CRYPTO_FAILED,         104, "a libcrypto operation failed")                              \
    /* configuration: the data names the key */                                                    \
    X(CONFIG_VALUE,          110, "bad value in the configuration")                                \
    X(CONFIG_UNKNOWN_KEY,    111, "unknown key in the configuration")                              \
    X(CONFIG_BAD_URI,        112, "bad pkcs11: URI")                                               \
    X(CONFIG_PIN_SOURCE,     113, "the PIN source cannot be read")                                \
    /* how a cipher is called */                                                                   \
    X(NOT_INITIALISED,       120, "the context is not initialised")                                \
    X(MESSAGE_FINISHED,      121, "the message is finished: initialise the context again")         \
    X(CONTEXT_FAILED,        122, "the context failed before: initialise it again")                \
    X(NO_OUTPUT_BUFFER,      123, "input without an output buffer (associated data is the context parameter)") \
    X(UPDATE_TOO_LARGE,      124, "the update is larger than the cipher can write in one call")    \
    X(SMALL_UPDATE,          125, "another update after one of less than 64 KiB: ENVELOPE-64K is not for openssl enc (use ENVELOPE), and programs size buffers by its block size") \
    X(OUTPUT_TOO_SMALL,      126, "the output buffer is too small")                                \
    X(COPY_WHILE_SEALING,    127, "a context that is sealing cannot be copied once its message has begun") \
    X(FORKED_WHILE_SEALING,  128, "only the process that began the message can continue sealing it") \
    X(MESSAGE_TOO_LONG,      129, "the message has too many segments")                             \
    X(BAD_KEY_LENGTH,        130, "the key must be 32 bytes")                                      \
    X(KEY_IS_NO_SELECTOR,    131, "the key bytes name no KEK (they hold a KEK's label, NUL-padded, or zeros; passwords are not supported): use -K 0 for the configured one") \
    X(BAD_PARAMETER,         132, "bad parameter")                                                 \
    X(CONTEXT_TOO_LONG,      133, "the context is longer than 4096 bytes")                         \
    X(PARAMETER_TOO_LATE,    134, "the parameter cannot change once the message has begun")       \
    /* what was given to open */                                                                   \
    X(NOT_A_MESSAGE,         140, "the input is not an envelope message")                          \
    X(TRUNCATED,             141, "the message is truncated")                                      \
    X(TRAILING_DATA,         142, "data after the end of the message")                             \
    X(BAD_HEADER,            143, "malformed header")                                              \
    X(HEADER_TOO_LONG,       144, "the header is too long")                                        \
    X(TOO_MANY_RECIPIENTS,   145, "too many recipients")                                           \
    X(UNSUPPORTED_RECIPIENT, 146, "the header has an unsupported kind of recipient")      \
    X(WRONG_CONTENT,         147, "the header belongs to another kind of content")                 \
    X(NOT_AUTHENTIC,         148, "the header does not verify: altered, or not for this KEK")      \
    X(BAD_FLOE_HEADER,       149, "malformed FLOE header")                                         \
    X(SEGMENT_LENGTH,        150, "unsupported segment length")                                    \
    X(NEEDS_ENVELOPE_64K,    151, "the message has segments of 64 KiB: open it with ENVELOPE-64K") \
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
    X(KEK_TOO_WEAK,          169, "the KEK is weaker than the data key (allow-weak-kek = yes accepts it, allow-short-kek = yes an RSA one)") \
    X(KEK_WITHOUT_ID,        170, "the KEK has no CKA_ID: give it one")           \
    X(KEK_USAGE,             171, "the KEK's attributes or the token's mechanisms do not allow wrapping") \
    X(KEK_SELF_TEST,         172, "the KEK could not unwrap what it had wrapped")                      \
    X(WRAP_FAILED,           173, "the token could not wrap the data key")                         \
    X(UNWRAP_FAILED,         174, "the token could not unwrap the data key")                       \
    X(NO_MODULE,             180, "no PKCS#11 module could be loaded")                             \
    X(NO_TOKEN,              181, "no token matches the configuration")                            \
    X(TOKEN_FAILED,          182, "the token failed")                                              \
    X(PIN_WRONG,             183, "the token refused the PIN (it is not tried again)")             \
    X(PIN_MISSING,           184, "the token needs a PIN and none is configured (pin-source)")     \
    X(PIN_LOCKED,            185, "the PIN is locked")                                             \
    X(SESSIONS_EXHAUSTED,    186, "the token has no sessions left")                                 \
    /* key wrap as a cipher */                                                                     \
    X(ONE_UPDATE,            200, "key wrap takes all its input in one update: this is the second")   \
    X(DEFAULT_IV_ONLY,       201, "key wrap with a KEK in a token supports only the default IV")       \
    X(INPUT_LENGTH,          202, "key wrap does not take input of this length")                   \
    X(WRAP_LENGTH,           203, "the token cannot be shown to implement RFC 5649 key wrap for this length") \
    X(WRAPPED_KEY,           204, "the wrapped key does not verify: altered, or not for this KEK") \
    X(KEK_LENGTH,            205, "the KEK is not an AES key of the length that the cipher needs")  \
    X(ONE_KEK,               206, "key wrap takes one KEK, and kek in openssl.cnf names several")  \
    X(NO_STOCK_CIPHER,       207, "the key is not in a token, and no other provider offers the cipher: activate default or fips") \
    X(WRAP_KEY_LENGTH,       208, "the key does not have the length that the cipher needs")                 \
    /* KEKs that are on several tokens, and messages for several KEKs */                           \
    X(KEK_DIFFERS,           240, "keys with the same CKA_ID differ: give one of them another id, or name the token") \
    X(KEK_UNPROVEN,          241, "keys with the same CKA_ID cannot be shown to be the same key: they have no mechanism in common") \
    X(KEK_TOKEN_NONCE,       242, "the token chooses the nonces of AES-GCM, which may repeat where the KEK is on several tokens") \
    X(NO_KEK_LEFT,           243, "none of the KEKs to seal with can be reached, and all are optional") \
    /* KEKs as keys of OpenSSL */                                                                  \
    X(KEK_EXISTS,            220, "the token already has such a KEK (same-label:yes makes another with this label)") \
    X(KEK_NOT_MADE,          221, "the token could not make the KEK")                              \
    X(TOKEN_READ_ONLY,       222, "the token is read-only: no KEK can be made in it")              \
    X(KEK_KIND,              223, "unsupported type or length of KEK (AES: 128, 192, 256 bits; RSA: 3072 to 8192)") \
    X(TOKEN_AMBIGUOUS,       224, "more than one token matches: name one (token)")                \
    X(LABEL_MISSING,         225, "a new KEK needs a label")                                       \
    X(KEK_NO_EXPORT,         226, "a KEK never leaves its token: there is nothing to export")      \
    X(KEK_NO_IMPORT,         227, "a KEK is made in its token and cannot be imported")               \
    X(NO_PUBLIC_HALF,        228, "an AES KEK has no public half")                                 \
    X(BAD_REFERENCE,         229, "malformed KEK reference")                                       \
    X(NO_KEY,                230, "the operation needs a KEK")                                     \
    X(OTHER_KEK,             231, "the input is for a KEK other than the one given")               \
    X(INPUT_TOO_LONG,        232, "longer than 64 KiB: use the cipher ENVELOPE")                   \
    X(UNWRAPS_ALONE,         376, "a KEK that only unwraps is a copy of one that wraps: name that one (copy-of)") \
    X(COPY_NOT_LOCKED,       377, "the token does not prevent the copy from being given other uses")  \
    /* RSA KEKs */                                                                                 \
    X(OAEP_PARAMETERS,       233, "unsupported OAEP parameters (hash and MGF1 of SHA-1 or of SHA-256, no label)") \
    X(KEK_FILE,              234, "the KEK file cannot be read")                           \
    X(KEK_FILE_CONTENT,      235, "the KEK file does not hold exactly one certificate or public key (PEM or DER)") \
    X(KEK_FILE_PRIVATE,      236, "the KEK file contains a private key: only the certificate or public key belongs there") \
    /* headers for other KEKs */                                                                   \
    X(KEKS_DO_NOT_FIT,       247, "the KEKs do not fit into one header: name fewer of them")       \
    X(REWRAP_DECRYPT,        248, "ENVELOPE-REWRAP only encrypts (openssl enc -e)")   \
    /* files that the command changes: the data names the file */                                  \
    X(FILE_FAILED,           256, "an operation on the file failed")                                     \
    X(FILE_LOCKED,           257, "another process has locked the file")                           \
    X(FILE_CHANGED,          258, "the file changed in the meantime")                                    \
    X(FILE_UNSAFE,           259, "the file cannot be changed safely") \
    /* PINs */                                                                                     \
    X(PIN_FINAL_TRY,         260, "only one PIN attempt is left, and it is not used (pin-final-try = yes uses it)") \
    X(PIN_ENVIRONMENT,       375, "a set-user-ID program does not take a PIN from its environment: use pin-source = file:PATH")  \
    X(PIN_REMEMBERED,        440, "the token refused this PIN before, and it is not tried again until it changes (pin-failure-memory)") \
    /* the audit log */                                                                            \
    X(AUDIT_FAILED,          270, "the use of the KEK could not be recorded (audit-required = yes)") \
    /* processes */                                                                                \
    X(FORKED_INSIDE_TOKEN,   276, "this process was forked while a token was not answering its parent: it can use tokens only after exec") \
    /* lists of the command */                                                                     \
    X(LINE_TOO_LONG,         285, "the new line would be longer than 128 KiB: name fewer KEKs")    \
    /* callbacks without an object */                                                              \
    X(NO_CONTEXT,            305, "the context or key is empty: the copy that should have made it was refused") \
    /* the module and the program's libcrypto */                                                   \
    X(FOREIGN_LIBCRYPTO,     340, "the module was built for a different libcrypto from the program's: install one that was built for it") \
    /* files of the command */                                                                     \
    X(MESSAGE_IN_BASE64,     320, "the message is in base64 and was left unchanged: decode it first (base64 -di FILE > NEW)") \
    /* who may open, and what a header may have */                                                 \
    X(KEK_NOT_NAMED,         345, "the configuration does not name this RSA key, and anyone can seal to it: if it is a KEK, list it in open-only-kek") \
    X(KEK_OPENS_ONLY,        346, "open-only-kek says that this KEK opens and does not seal")      \
    X(DUPLICATE_RECIPIENT,   347, "the header names one KEK twice")                                 \
    /* named keys */                                                                               \
    X(KEY_REFUSED,           350, "the key bytes or the name stand for no named key that may be used here (the audit log says why)") \
    X(KEY_UNKNOWN,           351, "there is no such named key")                                    \
    X(KEY_NOT_ALLOWED,       352, "allow-keys does not name this key")                             \
    X(KEY_WRONG_USE,         353, "the named key was not made for this algorithm")                 \
    X(KEY_REVOKED,           354, "the stand-in was revoked")                                      \
    X(KEY_DISABLED,          355, "state-file disables this named key")                            \
    X(KEY_AWAY,              356, "the named key could not be opened a moment ago: it will be tried again soon") \
    X(KEY_FILE_BAD,          357, "the key file is malformed, or its contents do not match its name")         \
    X(KEY_BY_RSA,            358, "only RSA KEKs open the key file, which does not prove who made it (keys-by-rsa = yes accepts it)") \
    X(KEY_USES,              359, "a named key cannot have these uses")                             \
    X(KEY_SEALS_NOT,         360, "no version of the named key may seal now (seal-from, not-after)") \
    X(KEYS_FOLDER,           361, "the folder of named keys cannot be used")                       \
    X(KEY_EXISTS,            362, "a key file of this name already exists")                      \
    X(IS_NAMED_KEY,          363, "the input is a named key: only envelope key and programs that may use it can open it") \
    X(STATE_FILE,            364, "the state file cannot be used")                                 \
    X(KEK_DISABLED,          365, "this KEK is disabled (disabled-kek)")                           \
    /* named keys, in the command */                                                               \
    X(KEY_ONE_PLACE,         366, "losing one token would lose the key: kek must name a second KEK, in another token or as file: (--single accepts one)") \
    X(KEY_NO_EXPORT,         367, "the key was made non-exportable")                           \
    X(STAND_IN_EXISTS,       368, "the application already has a stand-in for this key, which is not shown again: revoke it (--revoke), or choose another name") \
    X(STAND_IN_UNKNOWN,      369, "the application has no stand-in for this key")                  \
    X(STAND_INS_FULL,        370, "the key already has 16 stand-ins, the maximum")             \
    X(STAND_IN_SHORT,        371, "the stand-in would be as short as the key, and easier to guess (--short accepts it)") \
    X(KEY_MIGRATION,         372, "lookups do not find what another version of this key sealed: rotating it is a migration (--deterministic)") \
    X(KEY_RSA_OPENED,        373, "only an RSA KEK opens the key file, which does not prove who made it (--trust-rsa accepts it)") \
    X(KEY_NUMBER_USED,       378, "this version existed and was destroyed: its number is not used again") \
    X(KEY_OTHER_LENGTH,      379, "a key of this name already exists and has another length") \
    X(KEY_NEVER_SEALS,       381, "the version would never seal: its not-after comes before its seal-from") \
    X(STAND_IN_BLANKS,       386, "a line end or a blank follows the key's stand-in: remove it") \
    X(STAND_IN_MISPLACED,    387, "the key bytes are a named key's stand-in, which key wrap does not take") \
    /* stock OpenSSL's names */                                                                    \
    X(STOCK_NOT_THERE,       390, "no other provider offers the algorithm as it is needed, so it takes no key: activate default or fips, and see propquery") \
    X(STOCK_NO_ROOM,         391, "too many library contexts in this process have key-ciphers or key-kdfs: the algorithm takes no key in this one") \
    X(KEY_NOT_LISTED,        392, "the key bytes are a named key's stand-in, and key-ciphers does not list the cipher") \
    X(SELECTOR_MISPLACED,    393, "the key bytes name a KEK (kek:), which this cipher cannot use: ENVELOPE and key wrap can") \
    X(NAMED_KEY_LENGTH,      394, "the named key's length differs from its stand-in's, or is more than the cipher takes") \
    X(STOCK_NOT_ACTIVATED,   395, "one of OpenSSL's own providers could not be activated")                                                     \
    /* fields and tenant keys */                                                                   \
    X(FIELD_NOT_AUTHENTIC,   400, "the field does not verify: altered, cut, extended, or sealed with another context") \
    X(FIELD_KEY_UNKNOWN,     401, "no version of the key has the key id in the field")     \
    X(FIELD_OTHER_CIPHER,    402, "the field was sealed with the other cipher for fields (ENVELOPE-FIELD, ENVELOPE-FIELD-DETERMINISTIC)") \
    X(NOT_A_FIELD,           403, "the input is not a field")                                         \
    X(FIELD_TOO_SHORT,       404, "the input is shorter than any field")                           \
    X(FIELD_SECOND_UPDATE,   405, "opening a field, or sealing one deterministically, takes one update: this is the second") \
    X(FIELD_NO_UPDATE,       406, "no value was given before the end")                                  \
    X(FIELD_NO_KEY,          407, "no named key is given: use field-key (as a parameter or in openssl.cnf) or key bytes") \
    X(FIELD_KEY_BYTES,       408, "the key bytes are neither a stand-in, nor of the form ENVF, nor zeros") \
    X(FIELD_KEY_FORM,        409, "malformed key bytes of the form ENVF")                          \
    X(FIELD_KEY_LENGTH,      410, "the key must be 16 to 4608 bytes long")                         \
    X(FIELD_NOT_IN_FIPS,     411, "ENVELOPE-FIELD-DETERMINISTIC is not available with fips=yes")   \
    X(FIELD_TOO_LONG,        412, "the value is too long for a field: use ENVELOPE")               \
    X(FIELD_NO_AES,          413, "no provider offers AES in ECB, CBC and CTR: activate default or fips, and see propquery") \
    X(TENANT_KEY_CLOSED,     414, "the tenant key does not open for this tenant under this named key") \
    X(TENANT_INCOMPLETE,     415, "a tenant key (81 bytes) and its tenant (1 to 255 bytes) go together") \
    X(TENANT_KEY_VALUE,      416, "a tenant key has 32 bytes, and is sealed with ENVELOPE-FIELD for a tenant of 1 to 255 bytes") \
    X(TENANT_KEY_STAYS,      417, "a tenant key is never given out: use it with tenant-key and tenant") \
    /* tokens as they are */                                                                       \
    X(TOKEN_IV,              418, "the token made no fresh IV for AES-GCM, and two wraps under one IV give the KEK away: use another mechanism (wrap)") \
    X(TOKEN_IV_MOVED,        420, "the token gives AES-GCM's IV back in another way than at first use, so nothing was sealed: see what changed, and start the program again") \
    /* a KEK's life */                                                                             \
    X(KEK_NOT_YET,           430, "the KEK does not seal before its start date (allow-expired-kek = yes ignores dates)") \
    X(KEK_EXPIRED,           431, "the KEK's last day is over: it opens, but no longer seals; make the next version (allow-expired-kek = yes ignores dates)") \
    X(KEK_DATES,             432, "a KEK cannot have these dates")                                  \
    X(KEK_NO_VERSION,        433, "no version of the KEK may seal today")                          \
    X(KEK_VERSIONS_NAMED,    434, "NAME/* names all versions of a KEK, and here one is wanted: name it (NAME/1)") \
    X(KEK_GAP,               435, "between the last day of the last version and the start of the next there would be days on which nothing can be sealed") \
    X(KEK_COPIES_BY_HAND,    436, "the last version is on several tokens, and no token hands a key to another: --token says where the next one is made") \
    X(KEK_LAST_VERSION,      419, "the last version has the highest number that there is: give the KEK another name") \
    X(KEK_TOKEN_AWAY,        447, "a token of the configuration is not there, and may have the next version, or a copy of the last one: remove it from token if it is gone for good") \
    X(KEK_NAMED_TWICE,       446, "kek names this KEK on several tokens, by URIs: --token says which of them is meant") \
    X(KEK_VERSION_RACE,      437, "another machine made the same version: two keys have its label, and neither seals by NAME/*") \
    /* key bytes that begin as a stand-in or a selector do */                                      \
    X(SELECTOR_IN_FIPS,      441, "the key bytes name a KEK, and the cipher was asked for with fips=yes: a token's key wrap does not have that property (ask with -fips)") \
    X(STAND_IN_ENCODED,      442, "the key bytes are the text of a named key's stand-in in hexadecimal or base64: decode it, or give the stand-in as it is") \
    X(STAND_IN_LONGER,       443, "the key bytes begin with a named key's stand-in, and something follows it") \
    X(STAND_IN_PRECEDED,     444, "a blank, a quotation mark or a byte order mark precedes the key's stand-in, or it is in UTF-16: give the stand-in alone") \
    X(SELECTOR_CHANGED,      445, "the key bytes are a KEK's selector (kek:) in another form: give it as it is, in UTF-8, with nothing before it") \
    /* files that the command seals and opens */                                                   \
    X(ALREADY_SEALED,        450, "the input is already sealed (--again seals it once more)")      \
    X(READ_BACK_DIFFERS,     451, "what was read back is not what was sealed")                     \
    X(OUTPUT_EXISTS,         452, "the output already exists (--force replaces it)")               \
    X(OUTPUT_IS_INPUT,       453, "the output is the input file: give it another name (-o)") \
    X(SOURCE_STAYS,          454, "the source file could not be removed afterwards (--remove-source)")    \
    X(OUTPUT_UNNAMED,        455, "the input's name gives no name for the output: give one (-o)") \
    X(STOPPED,               456, "stopped by a signal")                                           \
    X(RANGE_PAST_END,        457, "the range begins after the end of the plaintext")
/* clang-format on */

enum env_reason {
    ENV_R_NONE = 0,
#define ENV_REASON_ENUM(name, number, text) ENV_R_##name = (number),
    ENV_REASONS(ENV_REASON_ENUM)
#undef ENV_REASON_ENUM
};

#endif
