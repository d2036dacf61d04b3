/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key that the provider's section of openssl.cnf may have: one row each. The fields of struct
 * env_config, reading, judging, likely misspellings, what envelope check knows and the list that
 * the manual is held against follow from it. A new key is a row here and its entry in
 * docs/envelope.7 (and its bad values in tests/integration/bad_configuration.sh, which asks for
 * them).
 *
 *   TEXT(field, name, usual, judge, slips)
 *       char *field. usual: what it is when it is left out, or NULL. judge: what else a value must
 *       be than not empty, or NULL.
 *   CHOICE(field, name, type, value, words, slips)
 *       char *field; type value. One of the words, which stand in the order of the enum's values;
 *       the first is the default.
 *   YES_NO(field, name, value, slips)
 *       char *field; bool value. no is the default.
 *   UNLESS_NO(field, name, value, slips)
 *       The same for what is in force as soon as the provider is loaded, and whose slip must not
 *       switch it off: it is on unless the value is no, also under one of its misspellings. Whoever
 *       uses it then gets the error.
 *   SPLICE(field, name, value, judge, slips)
 *       char *field; bool value. A list of stock OpenSSL's algorithms that are ours. value is true
 *       when the key stands there at all, also under one of its misspellings and whatever is wrong
 *       with it: what was to be ours must not be stock OpenSSL's. Whoever uses it then gets the
 *       error.
 *   NUMBER(field, name, value, least, most, usual, unit, slips)
 *       char *field; unsigned value.
 *
 * slips are misspellings that config_slips.h does not make of the name by itself.
 */
#ifndef ENVELOPE_CONFIG_KEYS_H
#define ENVELOPE_CONFIG_KEYS_H

/* clang-format off */
#define ENV_CONFIG_KEYS(TEXT, CHOICE, YES_NO, UNLESS_NO, SPLICE, NUMBER)                           \
    /* paths with spaces between; left out: what p11-kit knows */                                  \
    TEXT(module_path, "pkcs11-module-path", NULL, NULL, "module-path pkcs11-module")               \
    /* CK_C_INITIALIZE_ARGS.pReserved */                                                           \
    TEXT(module_init_args, "pkcs11-module-init-args", NULL, NULL, "")                              \
    /* pkcs11: URIs that narrow the tokens */                                                      \
    TEXT(token, "token", NULL, NULL, "token-label")                                                \
    /* file:PATH, credential:NAME or env:NAME */                                                   \
    TEXT(pin_source, "pin-source", NULL, NULL, "pin pin-value pin_value")                          \
    /* a try of the PIN after which the token locks is taken */                                    \
    YES_NO(pin_final_try, "pin-final-try", pin_final_try_on, "pin-last-try")                       \
    /* a folder in which PINs that tokens refused are remembered, as salted hashes */              \
    TEXT(pin_failure_memory, "pin-failure-memory", NULL, env_judge_pin_failure_memory,             \
         "pin-memory pin-failures")                                                                \
    /* for devices that keep the sessions of processes that ended */                               \
    YES_NO(close_at_exit, "close-at-exit", close_at_exit_on,                                       \
           "close-on-exit close-sessions-at-exit logout-at-exit")                                  \
    /* labels, pkcs11: URIs or file:s with spaces between */                                       \
    TEXT(kek, "kek", NULL, NULL, "key kek-label label")                                            \
    /* the KEKs that sealing can do without */                                                     \
    TEXT(kek_optional, "kek-optional", NULL, NULL, "optional-kek optional-keks keks-optional")     \
    /* about AES KEKs, but for the last: for RSA ones there is only OAEP */                        \
    CHOICE(wrap, "wrap", enum env_wrap_choice, wrap_choice,                                        \
           "auto aes-kw aes-kwp aes-gcm rsa-oaep", "wrapping")                                     \
    CHOICE(oaep_hash, "oaep-hash", enum env_oaep_hash, oaep_hash_choice, "auto sha256 sha1",       \
           "oaep-md oaep-hashes")                                                                  \
    /* the application's, UTF-8, where the program sets none */                                    \
    TEXT(context, "context", NULL, env_judge_context, "")                                              \
    /* labels, ids in hexadecimal, pkcs11: URIs or file:s that may open, and no others */          \
    TEXT(open_kek, "open-kek", NULL, NULL, "")                                                     \
    /* the same that may open besides, and never seal */                                           \
    TEXT(open_only_kek, "open-only-kek", NULL, NULL, "open-only retired-kek")                      \
    /* the same that open and seal nothing */                                                      \
    TEXT(disabled_kek, "disabled-kek", NULL, NULL, "disable-kek")                                  \
    /* for the algorithms that we fetch */                                                         \
    TEXT(propquery, "propquery", NULL, env_judge_propquery,                                            \
         "prop-query properties property-query")                                                   \
    YES_NO(allow_weak_kek, "allow-weak-kek", weak_allowed, "")                                     \
    /* sealing outside of CKA_START_DATE and CKA_END_DATE */                                       \
    YES_NO(allow_expired_kek, "allow-expired-kek", expired_allowed, "allow-expired")               \
    /* when envelope check begins to warn, and how old a KEK may get; 0: it does not */            \
    NUMBER(kek_expiry_warning, "kek-expiry-warning", kek_expiry_warning_days, 0, 3650, 30,         \
           "days", "expiry-warning kek-expiry")                                                    \
    NUMBER(max_kek_age, "max-kek-age", max_kek_age_days, 0, 36500, 0, "days",                      \
           "kek-max-age kek-age")                                                                  \
    YES_NO(allow_short_kek, "allow-short-kek", short_allowed, "")                                  \
    YES_NO(allow_imported_kek, "allow-imported-kek", imported_allowed, "")                         \
    /* key wrap under stock names: a slip must never make stock OpenSSL wrap under a selector */   \
    UNLESS_NO(standard_names, "standard-names", standard_names_on, "stock-names")                  \
    /* file:/PATH, syslog, syslog:/PATH, unix:/PATH or stderr */                                   \
    TEXT(audit_log, "audit-log", NULL, env_judge_audit_log, "audit audit-file")                        \
    /* what its lines call the program, which may be one of many that the interpreter runs */      \
    TEXT(application, "application", NULL, env_judge_application, "app app-name application-name")     \
    YES_NO(audit_required, "audit-required", audit_required_on, "")                                \
    YES_NO(pkcs11_scheme, "pkcs11-scheme", pkcs11_scheme_on, "")                                   \
    /* ENVELOPE for callers that give less room than EVP's contract */                             \
    YES_NO(strict_output, "strict-output", strict_output_on, "strict output-strict")               \
    /* what of stock OpenSSL takes a named key's stand-in for a key: see stock_names.h */          \
    SPLICE(key_ciphers, "key-ciphers", key_ciphers_on, env_stock_judge_ciphers,                    \
           "ciphers cipher stock-ciphers")                                                         \
    SPLICE(key_kdfs, "key-kdfs", key_kdfs_on, env_stock_judge_kdfs, "kdfs kdf stock-kdfs")         \
    /* default, or fips and base, are activated by us: without the module nothing starts */        \
    YES_NO(stock_providers_here, "stock-providers-here", stock_providers_here_on,                  \
           "stock-provider-here providers-here")                                                   \
    /* for a session of a token that has no more */                                                \
    NUMBER(session_wait, "session-wait", session_wait_seconds, 0, 9999, 10, "seconds",             \
           "session-timeout")                                                                      \
    /* where the key files are */                                                                  \
    TEXT(keys_directory, "keys-directory", "/etc/envelope/keys", env_judge_keys_directory,                       \
         "key-directory keys-dir key-dir")                                                         \
    /* NAME, NAME@N or NAME* that this process may use */                                          \
    TEXT(allow_keys, "allow-keys", NULL, env_judge_allow_keys, "allowed-keys keys-allowed")            \
    YES_NO(keys_open_at_start, "keys-open-at-start", keys_open_at_start_on,                        \
           "open-keys-at-start keys-at-start")                                                     \
    NUMBER(keys_refresh, "keys-refresh", keys_refresh_seconds, 1, 86400, 60, "seconds",            \
           "key-refresh")                                                                          \
    /* key files that RSA KEKs alone open */                                                       \
    YES_NO(keys_by_rsa, "keys-by-rsa", keys_by_rsa_on, "key-by-rsa")                               \
    /* a file or a folder, of what was taken away since */                                         \
    TEXT(state_file, "state-file", NULL, env_judge_state_file, "state")                                      \
    NUMBER(state_refresh, "state-refresh", state_refresh_seconds, 1, 86400, 60, "seconds", "")                                                                \
    /* the named key of fields where the program names none: NAME or NAME@N */                     \
    TEXT(field_key, "field-key", NULL, env_judge_field_key, "field")                                   \
    /* tenant keys that stay open */                                                               \
    NUMBER(tenant_key_cache, "tenant-key-cache", tenant_key_cache_entries, 0, 1000000, 1024,       \
           "tenants", "tenant-cache tenants-cache")
/* clang-format on */

#endif
