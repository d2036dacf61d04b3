/* SPDX-License-Identifier: Apache-2.0 */
/* Key bytes of the form ENVF: an accepted form is within all bounds, and gives the same bytes when
 * written again.
 */
#include <string.h>

#include "envelope/format/field_key_bytes.h"
#include "fuzz.h"

static void inside(struct env_span part, const uint8_t *bytes, size_t len)
{
    FUZZ_DEMAND(part.data >= bytes && part.data + part.len <= bytes + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[ENV_FIELD_KEY_MAX];
    struct env_field_key_bytes read;
    const char *what = NULL;
    size_t len = 0;

    if (!env_ok(env_field_key_bytes_read((struct env_span){data, size}, &read, &what))) {
        FUZZ_DEMAND(what != NULL);
        return 0;
    }
    FUZZ_DEMAND(what == NULL && size <= ENV_FIELD_KEY_MAX);
    inside(read.stand_in, data, size);
    inside(read.tenant_key, data, size);
    inside(read.tenant, data, size);
    inside(read.context, data, size);
    FUZZ_DEMAND(env_ok(env_field_key_bytes_write(&read, again, &len)));
    FUZZ_DEMAND(len == size && memcmp(again, data, size) == 0);
    return 0;
}
