#define _GNU_SOURCE
#include "cnetlink.h"

#include <errno.h>
#include <linux/nsfs.h>
#include <netinet/icmp6.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

int cnetlink_enter(int fd) { return setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno; }

int cnetlink_namespace_type(int fd) {
  int type = ioctl(fd, NS_GET_NSTYPE);
  return type >= 0 ? type : -errno;
}

int cnetlink_newnet(void) { return CLONE_NEWNET; }

int cnetlink_identity(int fd, unsigned long *device, unsigned long *inode) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  *device = status.st_dev;
  *inode = status.st_ino;
  return 0;
}

void cnetlink_set_options(int fd) {
  int on = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  struct timeval patience = {.tv_sec = CNETLINK_PATIENCE};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void cnetlink_make_room(int fd, unsigned long size) {
  // libnl asks for 32 KiB, which the kernel doubles and takes its own overhead from.
  if (size <= 32768) return;
  int room = size;
  // Without CAP_NET_ADMIN in the first user namespace net.core.wmem_max is the limit.
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

// nl_recv() allocates, and peeks at each datagram before it reads it; one recvmsg() into the caller's buffer does.
long cnetlink_receive(struct nl_sock *socket, void *buffer, unsigned long size, bool waits) {
  struct sockaddr_nl from = {0};
  struct iovec part = {buffer, size};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
  for (;;) {
    ssize_t length = recvmsg(nl_socket_get_fd(socket), &message, waits ? 0 : MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return -errno;
    // Any process may send to a netlink socket; only port 0 is the kernel.
    if (from.nl_pid != 0) continue;
    return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : length;
  }
}

int cnetlink_icmpv6_socket(void) {
  int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
  if (fd < 0) return -errno;
  int hops = 255;
  struct icmp6_filter nothing;
  ICMP6_FILTER_SETBLOCKALL(&nothing);
  setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
  setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &nothing, sizeof nothing);
  return fd;
}

int cnetlink_send_to_all_nodes(int fd, int index, const void *message, unsigned long size) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_scope_id = index};
  to.sin6_addr.s6_addr[0] = 0xff, to.sin6_addr.s6_addr[1] = 0x02, to.sin6_addr.s6_addr[15] = 1;
  return sendto(fd, message, size, 0, (struct sockaddr *)&to, sizeof to) >= 0 ? 0 : -errno;
}

// struct ipt_getinfo and ip6t_getinfo are the same; linux/netfilter_ipv6/ip6_tables.h does not get along with libc's.
struct table_info {
  char name[32];
  unsigned valid_hooks, hook_entry[5], underflow[5], num_entries, size;
};

int cnetlink_legacy_hooks(int family, const char *table) {
  enum { get_info = 64 };  // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
  struct table_info info = {0};
  socklen_t size = sizeof info;
  if (strlen(table) >= sizeof info.name) return -EINVAL;
  strcpy(info.name, table);
  int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) return -errno;
  int status = getsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, get_info, &info, &size);
  int error = errno;
  close(fd);
  if (status != 0) return -error;
  int hooks = 0;
  // The policy is the last entry of a chain: rules stand before it.
  for (int hook = 0; hook <= 1; hook++)
    if (info.valid_hooks & 1u << hook && info.hook_entry[hook] != info.underflow[hook]) hooks |= 1 << hook;
  return hooks;
}
