/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one JSON line for each use of a KEK (docs/AUDIT.md lists the fields). It never
 * contains a key, a PIN or plaintext. Nothing is kept between two lines, neither a descriptor nor a
 * lock, so that forks, threads and log rotation need no special handling.
 */
#ifndef ENVELOPE_AUDIT_H
#define ENVELOPE_AUDIT_H

#include "envelope/base/config.h"
#include "envelope/format/crypto.h"
#include "envelope/message/kek.h"

struct env_audit {
    const struct env_config *config; /* must have passed env_config_check before the first use */
    const struct env_crypto *crypto; /* for the message id */
    const struct env_errors *errors;
};

enum env_audit_operation {
    ENV_AUDIT_WRAP,
    ENV_AUDIT_UNWRAP, /* and verifying what depends on it: the header's MAC */
    ENV_AUDIT_KEY_WRAP,
    ENV_AUDIT_KEY_UNWRAP,
    ENV_AUDIT_GENERATE,
    ENV_AUDIT_SELF_TEST, /* on random bytes that protect nothing */
    /* for named keys */
    ENV_AUDIT_OPEN, /* for use, also if that was refused */
    ENV_AUDIT_CREATE,
    ENV_AUDIT_IMPORT,
    ENV_AUDIT_EXPORT,
    ENV_AUDIT_ROTATE,
    ENV_AUDIT_STAND_IN, /* made or revoked */
    ENV_AUDIT_DESTROY,
    ENV_AUDIT_TENANT_KEY,   /* the command made one under a named key */
    ENV_AUDIT_STATE_CHANGE, /* seen in state-file, or in the folder of keys */
    ENV_AUDIT_SEAL_COUNT,   /* this process has sealed with a key this many times */
    ENV_AUDIT_OPERATIONS,
};

/* Its name in a line. */
const char *env_audit_operation_word(enum env_audit_operation operation);

/*
 * The name in a line of the way in which a data key is wrapped: a word of `wrap` in the
 * configuration.
 */
const char *env_audit_mechanism_word(enum env_wrap_alg alg);

/* A named key that is sealed or opened, and for whom. */
struct env_audit_subject {
    enum env_audit_operation operation;
    const char *named_key;   /* NAME@N */
    const char *application; /* the application whose stand-in asked for it, or NULL */
};

/* One use of a KEK. NULL members become null in the line. */
struct env_audit_use {
    enum env_audit_operation operation;
    const struct env_kek *kek;
    const struct env_refused_kek *refused; /* the KEK that was refused, if there is no kek */
    const struct env_kek_id *id;           /* what was asked for, if no KEK was found */
    const uint8_t *dek; /* of the message: on success the line has the message's id */
    const struct env_wrapped *wrapped; /* on success the line has the mechanism */
    /* If neither is known: the selector, without a label that came as key bytes ... */
    const struct env_selector *selector;
    const char *way;         /* for SELF_TEST: how the KEK wraps, and why; NULL: not known */
    const char *label;       /* ... or the label of a KEK that was to be made */
    const char *named_key;   /* NAME or NAME@N; NULL: none is involved */
    const char *application; /* its stand-in asked, and openssl.cnf names none */
    uint64_t count;          /* of SEAL_COUNT; otherwise, above 1, the uses in this line */
};

/* Fills in the subject, if there is one. */
static inline void env_audit_use_subject(struct env_audit_use *use,
                                         const struct env_audit_subject *subject)
{
    if (subject == NULL)
        return;
    use->operation = subject->operation;
    use->named_key = subject->named_key;
    use->application = subject->application;
}

#define ENV_AUDIT_MESSAGE_ID_LEN 16u

/* Links lines to a file: the same id for all uses with one DEK. It reveals nothing of the DEK. */
ENV_RESULT env_audit_message_id(const struct env_crypto *crypto, const uint8_t dek[ENV_DEK_LEN],
                                uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN]);

/*
 * Records a use that ended in result, and returns result. If the use cannot be recorded and
 * audit-required is set, it raises AUDIT_FAILED, and the caller must not give anything out. Without
 * a log, or with audit NULL, it does nothing.
 */
ENV_RESULT env_audit_record(const struct env_audit *audit, const struct env_audit_use *use,
                            ENV_RESULT result);

/* The same before failures are raised: false, and why, if audit-required is set. */
bool env_audit_write(const struct env_audit *audit, const struct env_audit_use *use,
                     ENV_RESULT result, char *why, size_t why_size);

/* Whether the log can be written at all; called before the first operation. Raises CONFIG_VALUE. */
ENV_RESULT env_audit_check(const struct env_audit *audit);

#endif
