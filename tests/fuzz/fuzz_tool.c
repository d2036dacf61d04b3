/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What envelope(1) reads: lists of sealed keys in base64, the text of an openssl.cnf, and the
 * beginning of a file of any size. The first byte of an input chooses the reader.
 */
#include <openssl/evp.h>
#include <string.h>

#include "der_mutator.h"
#include "tools/common/message.h"
#include "tools/common/sealed_list.h"
#include "tools/check/settings_lines.h"

enum { LIST, LINES, MESSAGE, READERS };

static FILE *open_memory(const uint8_t *data, size_t size)
{
    /* fmemopen refuses an empty buffer, and reads only: what it is given stays as it is */
    FILE *in = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;

    FUZZ_DEMAND(in != NULL || size == 0);
    return in;
}

/* A good line's bytes are, encoded again, what stood there between its blanks. */
static void check_good(const struct tool_line *line)
{
    size_t room = line->len / 3 * 4 + 5;
    char *again = malloc(room);
    size_t start = strspn(line->text, " \t\r");
    int n;

    FUZZ_DEMAND(again != NULL && line->len > 0 && line->text_len <= TOOL_LINE_MAX);
    n = EVP_EncodeBlock((unsigned char *)again, line->bytes, (int)line->len);
    FUZZ_DEMAND(n > 0 && start + (size_t)n <= line->text_len);
    FUZZ_DEMAND(memcmp(line->text + start, again, (size_t)n) == 0);
    for (size_t i = start + (size_t)n; i < line->text_len; i++)
        FUZZ_DEMAND(memchr(" \t\r", line->text[i], 3) != NULL);
    free(again);
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
    static const char *const sections[] = {NULL, "envelope_sect", ""};

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
    FUZZ_DEMAND(message.plain_known || message.plain_len == 0);
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
