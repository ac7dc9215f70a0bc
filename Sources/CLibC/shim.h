// The C library as the plugin's modules see it: its headers, and what Swift cannot import from them by itself, which is
// macros and functions with a variable number of arguments. (Embedded Swift has no Glibc module.)
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIBC_NAME(name) __attribute__((swift_name(name)))

/// The number of the failure of the last call, in this thread.
static inline int clibc_errno(void) { return errno; }
static inline void clibc_set_errno(int number) { errno = number; }

/// The process's environment; the last entry is null.
static inline char **clibc_environment(void) {
  extern char **environ;
  return environ;
}

/// Keeps room for the file's first bytes; its size stays. The header declares it for _GNU_SOURCE alone.
static inline int clibc_reserve(int descriptor, off_t size) {
  extern int fallocate(int descriptor, int mode, off_t offset, off_t length);
  enum { keep_size = 1 };  // FALLOC_FL_KEEP_SIZE
  return fallocate(descriptor, keep_size, 0, size);
}

/// The last part of the path by which the process was called; empty when it was called by none.
static inline const char *clibc_program_name(void) {
  extern char *program_invocation_short_name;
  return program_invocation_short_name;
}

CLIBC_NAME("open(_:_:)")
static inline int clibc_open_existing(const char *path, int flags) { return open(path, flags); }

CLIBC_NAME("open(_:_:_:)")
static inline int clibc_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

CLIBC_NAME("openat(_:_:_:)")
static inline int clibc_openat_existing(int directory, const char *path, int flags) {
  return openat(directory, path, flags);
}

CLIBC_NAME("openat(_:_:_:_:)")
static inline int clibc_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}

CLIBC_NAME("fcntl(_:_:)")
static inline int clibc_fcntl_get(int descriptor, int command) { return fcntl(descriptor, command); }

CLIBC_NAME("fcntl(_:_:_:)")
static inline int clibc_fcntl(int descriptor, int command, int argument) {
  return fcntl(descriptor, command, argument);
}

/// Whether the mode of a file (stat(2)) says that it is a regular one, or a directory.
static inline bool clibc_is_regular(mode_t mode) { return S_ISREG(mode); }
static inline bool clibc_is_directory(mode_t mode) { return S_ISDIR(mode); }

/// Whether others than the owner may write to a file of that mode.
static inline bool clibc_is_shared_for_writing(mode_t mode) { return (mode & (S_IWGRP | S_IWOTH)) != 0; }

/// Ignores a signal from now on.
static inline void clibc_ignore_signal(int number) { signal(number, SIG_IGN); }

/// The columns of the terminal at a descriptor; 0 when it does not say.
static inline int clibc_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
