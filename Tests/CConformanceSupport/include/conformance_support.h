// The calls that tests need to make and enter namespaces, which Swift cannot make by itself.
#pragma once

/// Moves the calling thread into a fresh network namespace (unshare(2)); 0, or a negative errno.
int conformance_new_namespace(void);

/// Moves the calling thread into the network namespace of `fd` (setns(2)); 0, or a negative errno.
int conformance_enter_namespace(int fd);

/// Opens the calling thread's network namespace; a descriptor, or a negative errno.
int conformance_open_own_namespace(void);

/// Mounts the namespace of `fd` on the file `path`, as `ip netns` does; 0, or a negative errno.
int conformance_mount_namespace(int fd, const char *path);

/// Takes a mount away; processes that use it keep it. 0, or a negative errno.
int conformance_unmount(const char *path);

/// Makes a pipe whose ends no started program inherits (pipe2(2)); 0, or a negative errno.
int conformance_pipe(int ends[2]);

/// Asks the kernel for all objects of one kind in the calling thread's namespace, and gathers its answers, whole
/// netlink messages, in `buffer`. `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER, `type` the request, such as
/// RTM_GETLINK, `family` the first byte of its header. Returns the length, or a negative errno.
long conformance_dump(int protocol, int type, int family, void *buffer, unsigned long size);

/// Opens a socket that receives the changes of links in the calling thread's namespace; a descriptor, or a negative
/// errno.
int conformance_open_link_events(void);
