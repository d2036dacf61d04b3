/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/cgroup_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define UID_LEN 36u        /* 8-4-4-4-12 */
#define STATIC_UID_LEN 32u /* a hash, for a pod that a kubelet makes from a file */
#define FILE_MAX 16384u    /* version 1 has a line with a path for each controller */

static const char pod[] = "pod";
#define POD (sizeof(pod) - 1)

/* A part of the text. */
struct part {
    const char *text;
    size_t len;
};

static bool ends_with(const struct part *name, const char *end)
{
    size_t len = strlen(end);

    return name->len > len && memcmp(name->text + name->len - len, end, len) == 0;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A driver that leaves the groups to systemd writes underscores instead of hyphens. */
static bool is_uid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool joint = len == UID_LEN && (i == 8 || i == 13 || i == 18 || i == 23);

        if (joint ? text[i] != '-' && text[i] != '_' : !is_hex(text[i]))
            return false;
    }
    return len == UID_LEN || len == STATIC_UID_LEN;
}

static void copy(char out[ENV_UNIT_TEXT], const char *text, size_t len)
{
    memcpy(out, text, len);
    out[len] = '\0';
}

/* "podUID" or "kubepods-burstable-podUID.slice" */
static bool take_pod(const struct part *name, char out[ENV_UNIT_TEXT])
{
    size_t len = name->len - (ends_with(name, ".slice") ? sizeof(".slice") - 1 : 0);

    for (size_t i = 0; i + POD < len; i++) {
        const char *at = name->text + i;

        if ((i > 0 && at[-1] != '-') || memcmp(at, pod, POD) != 0 ||
            !is_uid(at + POD, len - i - POD))
            continue;
        copy(out, at, len - i);
        for (char *c = strchr(out, '_'); c != NULL; c = strchr(c, '_'))
            *c = '-';
        return true;
    }
    return false;
}

/* systemd puts an underscore before a name that could clash with one of the kernel's files. */
static bool take_unit(const struct part *name, char out[ENV_UNIT_TEXT])
{
    struct part rest = *name;

    if (!ends_with(&rest, ".service") && !ends_with(&rest, ".scope"))
        return false;
    if (rest.text[0] == '_') {
        rest.text++;
        rest.len--;
    }
    if (rest.len >= ENV_UNIT_TEXT)
        return false;
    copy(out, rest.text, rest.len);
    return true;
}

/* "/system.slice/nginx.service": a pod, else the innermost unit. */
static bool look_at_path(struct part path, char out[ENV_UNIT_TEXT])
{
    bool found = false;

    while (path.len > 0) {
        const char *slash = memchr(path.text, '/', path.len);
        struct part name = {path.text, slash != NULL ? (size_t)(slash - path.text) : path.len};
        size_t passed = name.len + (slash != NULL ? 1 : 0);

        if (take_pod(&name, out))
            return true;
        found = take_unit(&name, out) || found;
        path = (struct part){path.text + passed, path.len - passed};
    }
    return found;
}

/* The part after the second colon of "4:cpu,cpuacct:/PATH"; empty if there is none. */
static struct part path_of(struct part line)
{
    for (unsigned colons = 0; colons < 2; colons++) {
        const char *colon = memchr(line.text, ':', line.len);
        size_t passed = colon != NULL ? (size_t)(colon - line.text) + 1 : line.len;

        line = (struct part){line.text + passed, line.len - passed};
    }
    return line;
}

bool env_cgroup_unit(const char *text, size_t len, char out[ENV_UNIT_TEXT])
{
    struct part left = {text, len};

    while (left.len > 0) {
        const char *end = memchr(left.text, '\n', left.len);
        struct part line = {left.text, end != NULL ? (size_t)(end - left.text) : left.len};
        size_t passed = line.len + (end != NULL ? 1 : 0);

        if (look_at_path(path_of(line), out))
            return true;
        left = (struct part){left.text + passed, left.len - passed};
    }
    return false;
}

bool env_cgroup_unit_of_file(const char *path, char out[ENV_UNIT_TEXT])
{
    char text[FILE_MAX];
    size_t len = 0;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return false;
    while (n != 0 && len < sizeof(text)) {
        n = read(fd, text + len, sizeof(text) - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        len += (size_t)n;
    }
    (void)close(fd);
    return env_cgroup_unit(text, len, out);
}
