/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What faults.c (the calls) and power_cut.c (what a power cut would undo) share. Everything in here
 * is for one directory tree, FAULT_DIR.
 */
#ifndef ENVELOPE_TEST_FAULTS_H
#define ENVELOPE_TEST_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The calls of libc, past those of this library. */
struct real_calls {
    int (*openat)(int dir, const char *name, int flags, ...);
    ssize_t (*pread)(int fd, void *to, size_t len, off_t offset);
    ssize_t (*pwrite)(int fd, const void *from, size_t len, off_t offset);
    ssize_t (*write)(int fd, const void *from, size_t len);
    int (*fsync)(int fd);
    int (*ftruncate)(int fd, off_t len);
    int (*unlinkat)(int dir, const char *name, int flags);
    int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*renameat2)(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
    int (*symlinkat)(const char *target, int dir, const char *name);
    ssize_t (*copy_file_range)(int in, off_t *in_at, int out, off_t *out_at, size_t len,
                               unsigned flags);
    int (*fchown)(int fd, uid_t uid, gid_t gid);
    int (*fchmod)(int fd, mode_t mode);
    int (*fsetxattr)(int fd, const char *name, const void *value, size_t len, int flags);
    int (*futimens)(int fd, const struct timespec times[2]);
};

extern struct real_calls real;

/* Remembers, before the call, how to undo it; only if a power cut is simulated. */
void power_before_write(int fd, size_t len, off_t offset);
void power_before_unlink(int dir, const char *name);
void power_before_rename(int dir, const char *from, const char *to);
void power_before_exchange(int dir, const char *from, const char *to);
void power_after_create(int dir, const char *name);

/* What is on the disk is not undone any more: the file's bytes, or the directory's names. */
void power_synced(int fd);

/* Undoes the rest, as FAULT_POWER says. */
void power_cut(void);

#endif
