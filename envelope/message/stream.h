/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message on its way through: bytes in, bytes out, in pieces of any size. sealing.c and
 * opening.c each do one direction, rewrapping.c puts another header in front of the body; what they
 * share is in stream.c.
 *
 * The output contract (libcrypto allows inl + block size per update, but real callers have less):
 * - An update writes at most inl + 32 * max(1, segments that it completes) bytes; a caller of a
 *   kind with large segments who gives 64 KiB or more at once gets up to inl + block size.
 * - What may not be written yet waits in the backlog. final writes at most the block size.
 * Why final always fits: let W be what final would write now. A first update finds W = header + 32.
 * An update adds inl + 32 * segments to what there is to write, and either empties the backlog
 * (then W = 32 + the incomplete segment's plaintext, less than a segment) or writes its whole
 * allowance (then W did not grow). So W never exceeds max(header + 32, segment - 1). When opening,
 * less comes out than goes in, and the same argument holds. Re-wrapping, as much comes out, but for
 * the headers: the new ones are at most ENV_HEADERS_SEALED_MAX long, and W never grows after them.
 *
 * Every failure is final for the message: the keys are wiped and the next call fails, so that an
 * ignored error can not lead to a shorter message that looks whole.
 */
#ifndef ENVELOPE_STREAM_H
#define ENVELOPE_STREAM_H

#include "envelope/message/dek.h"
#include "envelope/format/floe.h"

#define ENV_CONTEXT_MAX 4096u /* bytes of application context */

/* What tells ENVELOPE from ENVELOPE-1M. */
struct env_stream_kind {
    uint32_t segment_len; /* that it seals with, and the longest that it opens */
    size_t block_size;    /* as EVP_CIPHER_get_block_size says */
    size_t large_update;  /* 0, or: from here on an update may write inl + block size, and an update
                             that follows one smaller than this is refused */
};

extern const struct env_stream_kind env_stream_envelope;    /* segments of 4096 */
extern const struct env_stream_kind env_stream_envelope_1m; /* segments of 1 MiB */
extern const struct env_stream_kind env_stream_rewrap;      /* bodies of both as they come */

enum env_stream_state {
    ENV_STREAM_NEW,    /* nothing has come yet; no DEK */
    ENV_STREAM_HEADER, /* opening, re-wrapping: the header is being collected */
    ENV_STREAM_BODY,
    ENV_STREAM_HELD, /* opening: the last segment is complete and waits for final; re-wrapping: it
                        has been */
    ENV_STREAM_DONE,
    ENV_STREAM_FAILED,
};

/* Bytes that have been made but could not be written yet. */
struct env_backlog {
    uint8_t *bytes; /* room for two segments */
    size_t capacity;
    size_t start;
    size_t len;
    size_t high; /* bytes that were ever used, and have to be wiped */
};

/* Where a body that is passed through stands: its segments' lengths are read, nothing more. */
struct env_rewrapping {
    const struct env_selector *selector; /* of the call that runs */
    struct env_floe_params params;
    size_t segment_left; /* bytes of the segment still to come, 0: its length field is next */
    bool last;
};

/* Lives in secret memory with its buffers behind it; made by env_stream_new. */
struct env_stream {
    const struct env_stream_kind *kind;
    const struct env_dek_context *dek_context;
    enum env_stream_state state;
    uint64_t generation; /* sealing: the process that began the message */
    bool small_update;   /* an update of less than kind->large_update has been */
    struct env_floe floe;
    struct env_rewrapping rewrapping;
    uint8_t dek[ENV_DEK_LEN]; /* only while a header is made or opened */
    size_t context_len;
    uint8_t context[ENV_CONTEXT_MAX];
    /* Opening, re-wrapping: the headers as they come in, 0 bytes long until their length is known
     */
    uint8_t peek[ENV_HEADER_PEEK];
    uint8_t *headers;
    size_t headers_len;
    size_t headers_filled;
    /*
     * The segment in the making: plaintext when sealing. When opening, the segment as it comes, of
     * which the first segment_opened bytes have been decrypted in their place (but for its head):
     * not verified, so they stay here until the tag has come.
     */
    uint8_t *segment;
    size_t segment_filled;
    size_t segment_opened;
    size_t segment_high; /* bytes that were ever used, and have to be wiped */
    struct env_backlog backlog;
};

/* NULL when there is no memory. */
struct env_stream *env_stream_new(const struct env_stream_kind *kind,
                                  const struct env_dek_context *dek_context);
void env_stream_free(struct env_stream *stream);

/* Back to ENV_STREAM_NEW for the next message: keys and held back bytes are wiped. */
void env_stream_reset(struct env_stream *stream);

/* A copy that goes on opening by itself. COPY_WHILE_SEALING while a message is being sealed. */
ENV_RESULT env_stream_copy(const struct env_stream *from, bool sealing, struct env_stream **out);

/* The caller's two buffers in one call. */
struct env_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_size;
    size_t written;
    size_t allowance; /* most that this call writes */
};

/*
 * Sealing and opening. update takes any in_len from 0; final is called once. *written is always
 * set, to 0 on failure. context must not change after the first update.
 */
ENV_RESULT env_sealing_update(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io);
ENV_RESULT env_sealing_final(struct env_stream *stream, const struct env_selector *selector,
                             struct env_io *io);
ENV_RESULT env_opening_update(struct env_stream *stream, struct env_io *io);
ENV_RESULT env_opening_final(struct env_stream *stream, struct env_io *io);

/*
 * A message in, the same with a header for the selector's KEKs out; or a sealed key. The body is
 * not verified, which needs the application's context; that it is there to its end is.
 */
ENV_RESULT env_rewrapping_update(struct env_stream *stream, const struct env_selector *selector,
                                 struct env_io *io);
ENV_RESULT env_rewrapping_final(struct env_stream *stream, const struct env_selector *selector,
                                struct env_io *io);

/* ---- shared by sealing.c, opening.c and rewrapping.c ---- */

/* Refuses a call that the state does not allow. */
ENV_RESULT env_stream_check_state(const struct env_stream *stream);

/*
 * Judges an update: sets io->allowance for one that completes so many segments; refuses one that is
 * too large for the contract, or too small a piece for the kind.
 */
ENV_RESULT env_stream_admit(struct env_stream *stream, struct env_io *io, size_t segments);

/*
 * Runs one direction's work on the input. Where the output that may be written overlaps the input
 * (in place, for example), the input is put aside first, since writing could overtake reading.
 */
ENV_RESULT env_stream_run(struct env_stream *stream, struct env_io *io,
                          ENV_RESULT (*work)(struct env_stream *stream, struct env_io *io));

/* Takes at most so many bytes from the input; returns how many. */
size_t env_io_take(struct env_io *io, uint8_t *to, size_t wanted);

/* Collects the header and FLOE's in stream->headers, until both are complete. */
ENV_RESULT env_stream_collect_headers(struct env_stream *stream, struct env_io *io, bool *complete);

/* Moves what the allowance lets from the backlog to the output. */
void env_stream_drain(struct env_stream *stream, struct env_io *io);

/* Room for `len` more bytes at the end of the backlog; the caller adds what it used to len. */
uint8_t *env_backlog_reserve(struct env_backlog *backlog, size_t len);

/* Notes that `n` more bytes of the segment in the making are there. */
static inline void env_stream_filled(struct env_stream *stream, size_t n)
{
    stream->segment_filled += n;
    if (stream->segment_high < stream->segment_filled)
        stream->segment_high = stream->segment_filled;
}

/* The rest of an update's room. */
static inline size_t env_io_room(const struct env_io *io)
{
    return io->allowance - io->written;
}

/* Wipes everything secret and makes every further call fail. */
void env_stream_fail(struct env_stream *stream);

#endif
