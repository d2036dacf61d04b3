/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks a file with fcntl, as most programs do that share files, prints that, and waits to be
 * killed.
 *
 *     hold_lock FILE     writes "locked" to stdout when it has it
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0 || fcntl(fd, F_SETLK, &whole) != 0) {
        perror("hold_lock");
        return 1;
    }
    (void)puts("locked");
    (void)fflush(stdout);
    for (;;)
        (void)pause();
}
