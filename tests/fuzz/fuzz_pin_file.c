/* SPDX-License-Identifier: Apache-2.0 */
/* The file of one token in pin-failure-memory: written again after reading, it is the same bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "keymgmt/token/pin_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env_pin_failures failures;
    char text[ENV_PIN_MEMORY_FILE];
    size_t len;

    if (!env_pin_failures_read((const char *)data, size, &failures))
        return 0;
    FUZZ_DEMAND(failures.count <= ENV_PIN_MEMORY_MAX);
    len = env_pin_failures_write(&failures, text);
    FUZZ_DEMAND(len <= sizeof(text) && len == size && memcmp(text, data, len) == 0);
    return 0;
}
