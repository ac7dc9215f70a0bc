#define _GNU_SOURCE
#include "conformance_support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static int result(int status) { return status < 0 ? -errno : status; }

int conformance_new_namespace(void) { return result(unshare(CLONE_NEWNET)); }

int conformance_enter_namespace(int fd) { return result(setns(fd, CLONE_NEWNET)); }

int conformance_open_own_namespace(void) { return result(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

int conformance_mount_namespace(int fd, const char *path) {
  char source[32];
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  return result(mount(source, path, NULL, MS_BIND, NULL));
}

int conformance_unmount(const char *path) { return result(umount2(path, MNT_DETACH)); }

int conformance_pipe(int ends[2]) { return result(pipe2(ends, O_CLOEXEC)); }
