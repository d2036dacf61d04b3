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
    ENV_AUDIT_RAW_WRAP,
    ENV_AUDIT_RAW_UNWRAP,
    ENV_AUDIT_GENERATE,
    ENV_AUDIT_SELF_TEST, /* of random bytes that protect nothing */
};

/* One use. What is NULL is null in the line. */
struct env_audit_use {
    enum env_audit_operation operation;
    const struct env_kek *kek;
    const struct env_kek_id *id; /* what was asked for, where no KEK was found */
    const uint8_t *dek;          /* of the message: its id is told where the use succeeded */
};

/*
 * Records a use that ended in result, and returns that. AUDIT_FAILED, raised, when it can not be
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
