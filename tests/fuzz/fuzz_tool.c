/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What envelope(1) reads: lists of sealed keys and of rows, the text of an openssl.cnf, the
 * beginning of a file of any size, and a file that may be in base64. The first byte of an input
 * chooses the reader.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "der_mutator.h"
#include "tools/check/settings_lines.h"
#include "tools/common/message.h"
#include "tools/common/sealed_list.h"

enum { LIST, LINES, MESSAGE, WHOLE, READERS };

static FILE *open_memory(const uint8_t *data, size_t size)
{
    /* fmemopen refuses an empty buffer, and reads only: what it is given stays as it is */
    FILE *in = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

    FUZZ_DEMAND(in != NULL || size == 0);
    return in;
}

/* The message of a good line, put into it again, is read as the same row. */
static void check_good(const struct tool_line *line)
{
    static struct tool_row again;
    const struct tool_row *row = line->row;
    const struct tool_row_place place = {row->message_at, row->message_text_len};
    size_t mark =
        line->number == 1 && line->text_len > 2 && memcmp(line->text, "\xEF\xBB\xBF", 3) == 0 ? 3
                                                                                              : 0;
    char *text = NULL;
    size_t len = 0;

    FUZZ_DEMAND(row->message_len > 0 && line->text_len <= TOOL_LINE_MAX);
    FUZZ_DEMAND(place.at + place.len <= line->text_len);
    if (!env_ok(tool_row_write(line->text, line->text_len, place,
                               (struct env_span){row->message, row->message_len}, &text, &len)))
        return; /* base64 that was shorter: without its padding, a row does not have that */
    FUZZ_DEMAND(tool_row_read(text + mark, len - mark, &again) == NULL && !again.empty);
    FUZZ_DEMAND(again.message_len == row->message_len &&
                memcmp(again.message, row->message, row->message_len) == 0);
    FUZZ_DEMAND(again.has_id == row->has_id && again.id_len == row->id_len &&
                memcmp(again.id, row->id, row->id_len) == 0);
    FUZZ_DEMAND(again.has_context == row->has_context && again.context_len == row->context_len &&
                memcmp(again.context, row->context, row->context_len) == 0);
    OPENSSL_free(text);
}

static void read_list(const uint8_t *data, size_t size)
{
    FILE *in = open_memory(data, size);
    struct tool_list *list = in != NULL ? tool_list_new(in) : NULL;
    struct tool_line line = {.state = TOOL_LINE_END};
    uint64_t lines = 0;
    uint64_t wanted = 0;

    if (list == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        wanted += data[i] == '\n' || i + 1 == size ? 1 : 0;
    for (tool_list_next(list, &line); line.state != TOOL_LINE_END; tool_list_next(list, &line)) {
        FUZZ_DEMAND(line.state != TOOL_LINE_FAILED && line.number == ++lines);
        FUZZ_DEMAND((line.state == TOOL_LINE_BAD) == (line.why != NULL));
        if (line.state == TOOL_LINE_GOOD)
            check_good(&line);
    }
    FUZZ_DEMAND(lines == wanted);
    tool_list_free(list);
    (void)fclose(in);
}

struct seen {
    unsigned long line;
    unsigned long lines;
};

static void take_trap(void *arg, const char *file, unsigned long line, const char *key,
                      const char *what)
{
    struct seen *seen = arg;

    FUZZ_DEMAND(file == NULL && line >= seen->line && line <= seen->lines && strlen(key) < 200 &&
                what[0] != '\0');
    seen->line = line;
}

static void read_lines(const uint8_t *data, size_t size)
{
    static const char *const sections[] = {"default", "envelope_sect", ""};

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        FILE *in = open_memory(data, size);
        struct seen seen = {0, 1};

        if (in == NULL)
            return;
        for (size_t j = 0; j < size; j++)
            seen.lines += data[j] == '\n' ? 1 : 0;
        tool_settings_lines(in, sections[i], take_trap, &seen);
        (void)fclose(in);
    }
}

/* The first bytes of something that is longer by a number that the input gives. */
static void read_message(struct fuzz_input in)
{
    static struct tool_message message;
    uint64_t more = 0;
    struct env_span head;

    for (int i = 0; i < 5; i++)
        more = more << 8 | fuzz_byte(&in);
    head = (struct env_span){in.data, in.len};
    if (more % 2 == 0 || in.len < sizeof(message.bytes))
        more = 0;
    if (!env_ok(tool_message_parse(head, in.len + more, &message)))
        return;
    FUZZ_DEMAND(message.der.len <= in.len && message.size == in.len + more);
    FUZZ_DEMAND(memcmp(message.der.data, in.data, message.der.len) == 0);
    FUZZ_DEMAND(message.header.count >= 1 && message.plain_len <= message.size);
    FUZZ_DEMAND(message.end == ENV_R_NONE || message.plain_len == 0);
}

/* A whole file. Its reported size is the size of its contents, decoded or not. */
static void read_whole(struct env_span in)
{
    static struct tool_source source;
    static struct tool_message message;
    static uint8_t buffer[4096];
    struct tool_failure failure;
    uint64_t size = 0;
    ssize_t n;
    ENV_RESULT r;

    tool_source_of_memory(&source, in);
    if (!tool_message_read(&source, &message, &r, &failure)) {
        FUZZ_DEMAND(message.base64 && failure.text[0] != '\0');
        return;
    }
    FUZZ_DEMAND(message.end == ENV_R_NONE || message.plain_len == 0);
    if (!env_ok(r))
        return;
    FUZZ_DEMAND(tool_source_rewind(&source) && source.base64 == message.base64);
    while ((n = tool_source_read(&source, buffer, sizeof(buffer))) > 0)
        size += (uint64_t)n;
    FUZZ_DEMAND(n == 0 && size == message.size && message.plain_len <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    switch (data[0] % READERS) {
    case LIST:
        read_list(data + 1, size - 1);
        break;
    case LINES:
        read_lines(data + 1, size - 1);
        break;
    case WHOLE:
        read_whole((struct env_span){data + 1, size - 1});
        break;
    default:
        read_message((struct fuzz_input){data + 1, size - 1});
        break;
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 7 || data[0] % READERS != MESSAGE || seed % 2 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return 6 + der_mutate(data + 6, size - 6, max_size - 6, seed);
}
