/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one JSON line for each use of a KEK (docs/AUDIT.md has the fields). Never a key, a
 * PIN or a plaintext. Nothing is kept between two lines, neither a descriptor nor a lock, so that
 * forks, threads and a log that is renamed need no care.
 */
#ifndef ENVELOPE_AUDIT_H
#define ENVELOPE_AUDIT_H

#include "envelope/base/config.h"
#include "envelope/format/crypto.h"
#include "envelope/message/kek.h"

struct env_audit {
    const struct env_config *config; /* has passed env_config_check before the first use */
    const struct env_crypto *crypto; /* for the message's id */
    const struct env_errors *errors;
};

enum env_audit_operation {
    ENV_AUDIT_WRAP,
    ENV_AUDIT_UNWRAP, /* with what follows from it: the header's MAC */
    ENV_AUDIT_KEY_WRAP,
    ENV_AUDIT_KEY_UNWRAP,
    ENV_AUDIT_GENERATE,
    ENV_AUDIT_SELF_TEST, /* of random bytes that protect nothing */
    /* of named keys */
    ENV_AUDIT_OPEN, /* by whoever is to use it; also that it was refused */
    ENV_AUDIT_CREATE,
    ENV_AUDIT_IMPORT,
    ENV_AUDIT_EXPORT,
    ENV_AUDIT_ROTATE,
    ENV_AUDIT_STAND_IN, /* made or revoked */
    ENV_AUDIT_DESTROY,
    ENV_AUDIT_TENANT_KEY,   /* the command made one under a named key */
    ENV_AUDIT_STATE_CHANGE, /* seen in state-file, or in the folder of keys */
    ENV_AUDIT_SEAL_COUNT,   /* this process has sealed so often with one */
    ENV_AUDIT_OPERATIONS,
};

/* What a line calls it. */
const char *env_audit_operation_word(enum env_audit_operation operation);

/* What a line calls the way in which a data key is wrapped: a word of the configuration's wrap. */
const char *env_audit_mechanism_word(enum env_wrap_alg alg);

/* A named key that is sealed or opened, and for what. */
struct env_audit_subject {
    enum env_audit_operation operation;
    const char *named_key;   /* NAME@N */
    const char *application; /* whose stand-in asked for it; NULL: none did */
};

/* One use. What is NULL is null in the line. */
struct env_audit_use {
    enum env_audit_operation operation;
    const struct env_kek *kek;
    const struct env_refused_kek *refused; /* where there is no KEK: the one that was refused */
    const struct env_kek_id *id;           /* what was asked for, where no KEK was found */
    const uint8_t *dek;                /* of the message: its id is told where the use succeeded */
    const struct env_wrapped *wrapped; /* what wrapping gave: how is told where it succeeded */
    /* Where neither is known: the selector, of which a marked label stays untold ... */
    const struct env_selector *selector;
    const char *way;         /* of SELF_TEST: how the KEK wraps, and why so; NULL: not known */
    const char *label;       /* ... or the label of a KEK that was to be made */
    const char *named_key;   /* NAME or NAME@N; NULL: it is not about one */
    const char *application; /* whose stand-in asked for it, where openssl.cnf names none */
    uint64_t count;          /* of SEAL_COUNT; else, above 1, of uses that this line stands for */
};

/* Where there is a subject, the use is its. */
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

/* What joins a line to a file: the same for all uses with one DEK. It tells nothing of that. */
ENV_RESULT env_audit_message_id(const struct env_crypto *crypto, const uint8_t dek[ENV_DEK_LEN],
                                uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN]);

/*
 * Records a use that ended in result, and returns that. AUDIT_FAILED, raised, when it cannot be
 * recorded and audit-required says that this matters: then the caller gives nothing out. Without a
 * log, or with audit NULL, it does nothing.
 */
ENV_RESULT env_audit_record(const struct env_audit *audit, const struct env_audit_use *use,
                            ENV_RESULT result);

/* The same where failures are not raised yet: false and why when it matters. */
bool env_audit_write(const struct env_audit *audit, const struct env_audit_use *use,
                     ENV_RESULT result, char *why, size_t why_size);

/* Whether the log can be written at all: CONFIG_VALUE, raised. Before the first operation. */
ENV_RESULT env_audit_check(const struct env_audit *audit);

#endif
