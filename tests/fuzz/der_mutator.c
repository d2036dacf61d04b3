/* SPDX-License-Identifier: Apache-2.0 */
#include "der_mutator.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 12
#define CHILDREN_MAX 64u
#define GROWTH 48u /* more bytes that a changed value may have */

struct value {
    const uint8_t *whole;
    size_t whole_len;
    uint8_t tag;
    const uint8_t *content;
    size_t len;
};

struct writer {
    uint8_t *bytes;
    size_t len;
    size_t room;
    bool full;
};

static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* Tags of one byte and definite lengths alone: there are no others in what is mutated. */
static bool parse(const uint8_t *in, size_t len, struct value *out)
{
    size_t head = 2;
    size_t stated;

    if (len < head)
        return false;
    stated = in[1];
    if (stated >= 0x80) {
        size_t bytes = stated & 0x7F;

        if (bytes == 0 || bytes > 3 || len < head + bytes)
            return false;
        stated = 0;
        for (size_t i = 0; i < bytes; i++)
            stated = stated << 8 | in[head + i];
        head += bytes;
    }
    if (stated > len - head)
        return false;
    *out = (struct value){in, head + stated, in[0], in + head, stated};
    return true;
}

static void put(struct writer *out, const uint8_t *data, size_t len)
{
    if (out->full || len > out->room - out->len) {
        out->full = true;
        return;
    }
    if (len > 0)
        memcpy(out->bytes + out->len, data, len);
    out->len += len;
}

static void put_value(struct writer *out, uint8_t tag, const uint8_t *content, size_t len,
                      bool padded)
{
    uint8_t head[5] = {tag};
    size_t n = 1;

    if (len < 0x80 && !padded) {
        head[n++] = (uint8_t)len;
    } else {
        size_t bytes = (len < 0x100 ? 1u : 2u) + (padded ? 1u : 0u);

        head[n++] = (uint8_t)(0x80 | bytes);
        while (bytes-- > 0)
            head[n++] = (uint8_t)(len >> 8 * bytes);
    }
    put(out, head, n);
    put(out, content, len);
}

static size_t parse_children(const struct value *value, struct value *children)
{
    size_t count = 0;
    size_t at = 0;

    if ((value->tag & 0x20) == 0)
        return 0;
    for (; at < value->len; at += children[count++].whole_len) {
        if (count == CHILDREN_MAX || !parse(value->content + at, value->len - at, &children[count]))
            return 0;
    }
    return count;
}

static void mutate(const struct value *value, struct writer *out, uint32_t *state, int depth);

/* One child is changed, left out, doubled or put to the front. */
static void mutate_children(const struct value *children, size_t count, struct writer *out,
                            uint32_t *state, int depth)
{
    size_t chosen = draw(state, (uint32_t)count);
    uint32_t what = draw(state, 16);

    if (what == 2)
        put(out, children[chosen].whole, children[chosen].whole_len);
    for (size_t i = 0; i < count; i++) {
        if (i != chosen)
            put(out, children[i].whole, children[i].whole_len);
        else if (what > 2)
            mutate(&children[i], out, state, depth + 1);
        else if (what == 1)
            for (int twice = 0; twice < 2; twice++)
                put(out, children[i].whole, children[i].whole_len);
    }
}

static void mutate(const struct value *value, struct writer *out, uint32_t *state, int depth)
{
    struct value children[CHILDREN_MAX];
    size_t count = depth < DEPTH_MAX ? parse_children(value, children) : 0;
    size_t room = 2 * value->len + GROWTH;
    struct writer inner = {malloc(room), 0, room, false};
    uint8_t tag = draw(state, 24) == 0 ? (uint8_t)draw(state, 256) : value->tag;

    if (inner.bytes == NULL)
        abort();
    if (count > 0 && draw(state, 12) != 0) {
        mutate_children(children, count, &inner, state, depth);
    } else {
        put(&inner, value->content, value->len);
        inner.len = LLVMFuzzerMutate(inner.bytes, value->len, value->len + GROWTH);
    }
    if (inner.full)
        put(out, value->whole, value->whole_len);
    else
        put_value(out, tag, inner.bytes, inner.len, draw(state, 40) == 0);
    free(inner.bytes);
}

size_t der_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct value root;
    uint32_t state = seed;
    struct writer out = {NULL, 0, max_size, false};
    size_t written = size;

    if (!parse(data, size, &root))
        return size;
    out.bytes = malloc(max_size);
    if (out.bytes == NULL)
        abort();
    mutate(&root, &out, &state, 0);
    put(&out, data + root.whole_len, size - root.whole_len);
    if (!out.full) {
        memcpy(data, out.bytes, out.len);
        written = out.len;
    }
    free(out.bytes);
    return written;
}
