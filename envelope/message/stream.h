/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message on its way through: bytes in, bytes out, in pieces of any size. sealing.c and
 * opening.c each do one direction, and rewrapping.c puts another header in front of the body;
 * stream.c has what they share.
 *
 * emission.h says how much each call may write, and why it is enough. What may not be written yet
 * waits in the backlog.
 *
 * Every failure is final for the message: the keys are wiped and the next call fails, so that an
 * ignored error cannot lead to a shorter message that looks complete.
 */
#ifndef ENVELOPE_STREAM_H
#define ENVELOPE_STREAM_H

#include "envelope/format/floe.h"
#include "envelope/message/dek.h"
#include "envelope/message/emission.h"

#define ENV_CONTEXT_MAX 4096u /* bytes of application context */

extern const struct env_stream_kind env_stream_envelope; /* segments of 4 KiB of plaintext */
extern const struct env_stream_kind env_stream_envelope_strict;
extern const struct env_stream_kind env_stream_envelope_64k;        /* segments of 64 KiB */
extern const struct env_stream_kind env_stream_envelope_64k_strict; /* the same, strict */
extern const struct env_stream_kind env_stream_rewrap; /* any body, unchanged; strict */

enum env_stream_state {
    ENV_STREAM_NEW,    /* no input yet; no DEK */
    ENV_STREAM_HEADER, /* opening, re-wrapping: collecting the header */
    ENV_STREAM_BODY,
    ENV_STREAM_HELD, /* the last segment is complete and waits for final */
    ENV_STREAM_DONE,
    ENV_STREAM_FAILED,
};

/* Output that was made but may not be written yet. */
struct env_backlog {
    uint8_t *bytes; /* room for two segments */
    size_t capacity;
    size_t start;
    size_t len;
    size_t high; /* bytes that were ever used, and must be wiped */
};

/* The position in a body that is passed through: only the segments' lengths are read. */
struct env_rewrapping {
    const struct env_selector *selector; /* of the current call */
    struct env_floe_params params;
    size_t segment_left; /* bytes of the segment still to come; 0: its length field is next */
    bool last;
};

/*
 * The keys of a message in progress, in secret memory, with the buffers after them. When sealing,
 * the memory is bound to the process (secret.h): a forked child has none of it, and so cannot use
 * an IV twice.
 */
struct env_message_memory {
    struct env_floe floe;
    uint8_t dek[ENV_DEK_LEN]; /* only while a header is made or opened */
};

/* Where the application's context came from, for the error about a wrong one. */
enum env_context_source {
    ENV_CONTEXT_NONE,
    ENV_CONTEXT_CONFIGURED,
    ENV_CONTEXT_GIVEN, /* by the program */
};

/* Raises CONTEXT_MISMATCH: says which context it was and its length, never its contents. */
ENV_RESULT env_context_mismatch(const struct env_errors *errors, enum env_context_source source,
                                size_t len);

/* Made by env_stream_new. */
struct env_stream {
    const struct env_stream_kind *kind;
    const struct env_dek_context *dek_context;
    enum env_stream_state state;
    uint64_t generation; /* sealing: the process that began the message */
    bool small_update;   /* an update of less than kind->large_update was made */
    struct env_rewrapping rewrapping;
    struct env_message_memory *memory; /* NULL: no message is in progress */
    bool bound;
    EVP_CIPHER_CTX *gcm; /* memory->floe's; a forked child needs it to free it */
    enum env_context_source context_source;
    /*
     * Opening, re-wrapping: the headers as they arrive; 0 bytes long until their length is known.
     */
    uint8_t peek[ENV_HEADER_PEEK];
    uint8_t *headers;
    size_t headers_len;
    size_t headers_filled;
    /*
     * The current segment. When sealing: plaintext. When opening: the segment as it arrives, of
     * which the first segment_opened bytes were decrypted in place (except for its head). They are
     * not verified, so they stay here until the tag has arrived.
     */
    uint8_t *segment;
    size_t segment_filled;
    size_t segment_opened;
    size_t segment_high; /* bytes that were ever used, and must be wiped */
    struct env_backlog backlog;
    size_t context_len;
    uint8_t context[ENV_CONTEXT_MAX]; /* zero after context_len */
};

/* NULL if there is no memory. */
struct env_stream *env_stream_new(const struct env_stream_kind *kind,
                                  const struct env_dek_context *dek_context);
void env_stream_free(struct env_stream *stream);

/* Sets the application's context, at most ENV_CONTEXT_MAX bytes, replacing any other. */
void env_stream_set_context(struct env_stream *stream, struct env_span context,
                            enum env_context_source source);

/* Back to ENV_STREAM_NEW for the next message: wipes keys and waiting bytes. */
void env_stream_reset(struct env_stream *stream);

/* A copy that can open on its own. Fails with COPY_WHILE_SEALING if a message is being sealed. */
ENV_RESULT env_stream_copy(const struct env_stream *from, bool sealing, struct env_stream **out);

/* The caller's two buffers in one call. */
struct env_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_size;
    size_t written;
    size_t allowance; /* the most that this call may write */
};

/*
 * Sealing and opening. update accepts any in_len from 0; final is called once. *written is always
 * set, to 0 on failure. context must not change after the first update.
 */
ENV_RESULT env_sealing_update(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io);
ENV_RESULT env_sealing_final(struct env_stream *stream, const struct env_selector *selector,
                             struct env_io *io);
ENV_RESULT env_opening_update(struct env_stream *stream, struct env_io *io);
ENV_RESULT env_opening_final(struct env_stream *stream, struct env_io *io);

/*
 * Reads a message or a sealed key, and writes the same with a header for the selector's KEKs. The
 * body is not verified, which would need the application's context; only its completeness is.
 */
ENV_RESULT env_rewrapping_update(struct env_stream *stream, const struct env_selector *selector,
                                 struct env_io *io);
ENV_RESULT env_rewrapping_final(struct env_stream *stream, const struct env_selector *selector,
                                struct env_io *io);

/* ---- shared by sealing.c, opening.c and rewrapping.c ---- */

/* Prepares what a message needs, bound to the process or not. Fails with NO_MEMORY. */
ENV_RESULT env_stream_begin(struct env_stream *stream, bool bound);

/* Refuses a call that the state does not allow. */
ENV_RESULT env_stream_check_state(const struct env_stream *stream);

/*
 * Checks an update that may write this much, and sets io->allowance. Refuses one that libcrypto
 * cannot have meant, has no room for, or that follows too small a piece for the kind.
 */
ENV_RESULT env_stream_admit(struct env_stream *stream, struct env_io *io, size_t allowance);

/*
 * Runs one direction's work on the input. If the writable output overlaps the input (as in place),
 * the input is copied first, because writing could overtake reading.
 */
ENV_RESULT env_stream_run(struct env_stream *stream, struct env_io *io,
                          ENV_RESULT (*work)(struct env_stream *stream, struct env_io *io));

/* Takes up to this many bytes from the input; returns how many. */
size_t env_io_take(struct env_io *io, uint8_t *to, size_t wanted);

/* Collects the header and FLOE's header in stream->headers, until both are complete. */
ENV_RESULT env_stream_collect_headers(struct env_stream *stream, struct env_io *io, bool *complete);

/* Moves as much as the allowance permits from the backlog to the output. */
void env_stream_drain(struct env_stream *stream, struct env_io *io);

/*
 * Makes room for `len` more bytes at the end of the backlog; the caller adds what it used to len.
 */
uint8_t *env_backlog_reserve(struct env_backlog *backlog, size_t len);

/* Records that `n` more bytes of the current segment have arrived. */
static inline void env_stream_filled(struct env_stream *stream, size_t n)
{
    stream->segment_filled += n;
    if (stream->segment_high < stream->segment_filled)
        stream->segment_high = stream->segment_filled;
}

/* The room that is left in this update. */
static inline size_t env_io_room(const struct env_io *io)
{
    return io->allowance - io->written;
}

/* Wipes everything secret, and makes every further call fail. */
void env_stream_fail(struct env_stream *stream);

#endif
