/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key that the provider's section of openssl.cnf may have, one row each. The rows generate
 * the fields of struct env_config, reading, checking, probable misspellings, what envelope check
 * knows, and the list that the manual is compared with. A new key needs a row here, an entry in
 * docs/envelope.7, and bad values in tests/integration/bad_configuration.sh, which asks for them.
 *
 *   TEXT(field, name, usual, judge, slips)
 *       char *field. usual: the default, or NULL. judge: checks a value that is not empty, or NULL.
 *   CHOICE(field, name, type, value, words, slips)
 *       char *field; type value. One of the words, which are in the order of the enum's values; the
 *       first is the default.
 *   YES_NO(field, name, value, slips)
 *       char *field; bool value. no is the default.
 *   UNLESS_NO(field, name, value, slips)
 *       The same for what takes effect as soon as the provider is loaded, and must not be switched
 *       off by a typo: it is on unless the value is no, also under one of its misspellings. Its
 *       first use then reports the error.
 *   SPLICE(field, name, value, judge, slips)
 *       char *field; bool value. A list of stock OpenSSL's algorithms that become ours. value is
 *       true if the key is present at all, also under one of its misspellings and whatever is wrong
 *       with it: algorithms that should be ours must not stay stock OpenSSL's. Their first use then
 *       reports the error.
 *   NUMBER(field, name, value, least, most, usual, unit, slips)
 *       char *field; unsigned value.
 *
 * slips are misspellings that the rules in config_slips.h do not produce.
 */
#ifndef ENVELOPE_CONFIG_KEYS_H
#define ENVELOPE_CONFIG_KEYS_H

/* clang-format off */
#define ENV_CONFIG_KEYS(TEXT, CHOICE, YES_NO, UNLESS_NO, SPLICE, NUMBER)                           \
    /* paths separated by spaces; default: the modules that p11-kit knows */                       \
    TEXT(module_path, "pkcs11-module-path", NULL, NULL, "module-path pkcs11-module")               \
    /* CK_C_INITIALIZE_ARGS.pReserved */                                                           \
    TEXT(module_init_args, "pkcs11-module-init-args", NULL, NULL, "")                              \
    /* pkcs11: URIs that narrow the tokens */                                                      \
    TEXT(token, "token", NULL, NULL, "token-label")                                                \
    /* file:PATH, credential:NAME or env:NAME */                                                   \
    TEXT(pin_source, "pin-source", NULL, NULL, "pin pin-value pin_value")                          \
    /* a PIN is tried even if the token locks after a failure */                                   \
    YES_NO(pin_final_try, "pin-final-try", pin_final_try_on, "pin-last-try")                       \
    /* the folder with salted hashes of PINs that tokens refused */                                \
    TEXT(pin_failure_memory, "pin-failure-memory", NULL, env_judge_pin_failure_memory,             \
         "pin-memory pin-failures")                                                                \
    /* for devices that keep the sessions of processes that ended */                               \
    YES_NO(close_at_exit, "close-at-exit", close_at_exit_on,                                       \
           "close-on-exit close-sessions-at-exit logout-at-exit")                                  \
    /* labels, pkcs11: URIs or file: names, separated by spaces */                                 \
    TEXT(kek, "kek", NULL, NULL, "key kek-label label")                                            \
    /* the KEKs that sealing can do without */                                                     \
    TEXT(kek_optional, "kek-optional", NULL, NULL, "optional-kek optional-keks keks-optional")     \
    /* for AES KEKs, except the last: RSA KEKs always use OAEP */                                  \
    CHOICE(wrap, "wrap", enum env_wrap_choice, wrap_choice,                                        \
           "auto aes-kw aes-kwp aes-gcm rsa-oaep", "wrapping")                                     \
    CHOICE(oaep_hash, "oaep-hash", enum env_oaep_hash, oaep_hash_choice, "auto sha256 sha1",       \
           "oaep-md oaep-hashes")                                                                  \
    /* the application context, UTF-8, if the program sets none */                                 \
    TEXT(context, "context", NULL, env_judge_context, "")                                              \
    /* the only KEKs that may open: labels, ids in hex, pkcs11: URIs or file: names */             \
    TEXT(open_kek, "open-kek", NULL, NULL, "")                                                     \
    /* the same for KEKs that may also open, and never seal */                                     \
    TEXT(open_only_kek, "open-only-kek", NULL, NULL, "open-only retired-kek")                      \
    /* the same for KEKs that neither open nor seal */                                             \
    TEXT(disabled_kek, "disabled-kek", NULL, NULL, "disable-kek")                                  \
    /* for the algorithms that we fetch */                                                         \
    TEXT(propquery, "propquery", NULL, env_judge_propquery,                                            \
         "prop-query properties property-query")                                                   \
    YES_NO(allow_weak_kek, "allow-weak-kek", weak_allowed, "")                                     \
    /* allows sealing outside of CKA_START_DATE and CKA_END_DATE */                                \
    YES_NO(allow_expired_kek, "allow-expired-kek", expired_allowed, "allow-expired")               \
    /* when envelope check begins to warn, and the greatest age of a KEK; 0: no warning */         \
    NUMBER(kek_expiry_warning, "kek-expiry-warning", kek_expiry_warning_days, 0, 3650, 30,         \
           "days", "expiry-warning kek-expiry")                                                    \
    NUMBER(max_kek_age, "max-kek-age", max_kek_age_days, 0, 36500, 0, "days",                      \
           "kek-max-age kek-age")                                                                  \
    YES_NO(allow_short_kek, "allow-short-kek", short_allowed, "")                                  \
    YES_NO(allow_imported_kek, "allow-imported-kek", imported_allowed, "")                         \
    /* key wrap under stock names: a typo must never make stock OpenSSL wrap under a selector */   \
    UNLESS_NO(standard_names, "standard-names", standard_names_on, "stock-names")                  \
    /* file:/PATH, syslog, syslog:/PATH, unix:/PATH or stderr */                                   \
    TEXT(audit_log, "audit-log", NULL, env_judge_audit_log, "audit audit-file")                        \
    /* the program's name in the log: an interpreter may run many programs */                      \
    TEXT(application, "application", NULL, env_judge_application, "app app-name application-name")     \
    YES_NO(audit_required, "audit-required", audit_required_on, "")                                \
    YES_NO(pkcs11_scheme, "pkcs11-scheme", pkcs11_scheme_on, "")                                   \
    /* ENVELOPE for callers with smaller buffers than EVP requires */                              \
    YES_NO(strict_output, "strict-output", strict_output_on, "strict output-strict")               \
    /* stock OpenSSL's algorithms that accept a stand-in for a named key: stock_names.h */         \
    SPLICE(key_ciphers, "key-ciphers", key_ciphers_on, env_stock_judge_ciphers,                    \
           "ciphers cipher stock-ciphers")                                                         \
    SPLICE(key_kdfs, "key-kdfs", key_kdfs_on, env_stock_judge_kdfs, "kdfs kdf stock-kdfs")         \
    /* we activate default, or fips and base: without the module nothing starts */                 \
    YES_NO(stock_providers_here, "stock-providers-here", stock_providers_here_on,                  \
           "stock-provider-here providers-here")                                                   \
    /* for a session, if the token has no more */                                                  \
    NUMBER(session_wait, "session-wait", session_wait_seconds, 0, 9999, 10, "seconds",             \
           "session-timeout")                                                                      \
    /* where the key files are */                                                                  \
    TEXT(keys_directory, "keys-directory", "/etc/envelope/keys", env_judge_keys_directory,                       \
         "key-directory keys-dir key-dir")                                                         \
    /* what this process may use: NAME, NAME@N or NAME* */                                         \
    TEXT(allow_keys, "allow-keys", NULL, env_judge_allow_keys, "allowed-keys keys-allowed")            \
    YES_NO(keys_open_at_start, "keys-open-at-start", keys_open_at_start_on,                        \
           "open-keys-at-start keys-at-start")                                                     \
    NUMBER(keys_refresh, "keys-refresh", keys_refresh_seconds, 1, 86400, 60, "seconds",            \
           "key-refresh")                                                                          \
    /* accepts key files that only RSA KEKs open */                                                \
    YES_NO(keys_by_rsa, "keys-by-rsa", keys_by_rsa_on, "key-by-rsa")                               \
    /* a file or folder with later revocations */                                                  \
    TEXT(state_file, "state-file", NULL, env_judge_state_file, "state")                                      \
    NUMBER(state_refresh, "state-refresh", state_refresh_seconds, 1, 86400, 60, "seconds", "")                                                                \
    /* the named key for fields, if the program names none: NAME or NAME@N */                      \
    TEXT(field_key, "field-key", NULL, env_judge_field_key, "field")                                   \
    /* how many tenant keys stay open */                                                           \
    NUMBER(tenant_key_cache, "tenant-key-cache", tenant_key_cache_entries, 0, 1000000, 1024,       \
           "tenants", "tenant-cache tenants-cache")
/* clang-format on */

#endif
