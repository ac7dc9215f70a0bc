#include "conformance_support.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int socket, int type, int family) {
  struct {
    struct nlmsghdr message;
    // The longest header of a request that is used here; the kernel takes longer ones than it needs.
    struct ifinfomsg header;
  } request;
  memset(&request, 0, sizeof request);
  request.message.nlmsg_len = sizeof request;
  request.message.nlmsg_type = type;
  request.message.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.ifi_family = family;
  return send(socket, &request, sizeof request, 0) < 0 ? -errno : 0;
}

// Appends answers until the last; messages of the last datagram are moved over its end mark.
static long gather(int socket, char *buffer, unsigned long size) {
  unsigned long length = 0;
  for (;;) {
    if (size - length < 65536) return -ENOBUFS;
    long received = recv(socket, buffer + length, size - length, 0);
    if (received < 0) return -errno;
    struct nlmsghdr *message = (struct nlmsghdr *)(buffer + length);
    for (; NLMSG_OK(message, received); message = NLMSG_NEXT(message, received)) {
      if (message->nlmsg_type == NLMSG_DONE) return length;
      if (message->nlmsg_type == NLMSG_ERROR) return ((struct nlmsgerr *)NLMSG_DATA(message))->error;
      length += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

long conformance_dump(int protocol, int type, int family, void *buffer, unsigned long size) {
  int socket_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (socket_ < 0) return -errno;
  long result = ask(socket_, type, family);
  if (result == 0) result = gather(socket_, buffer, size);
  close(socket_);
  return result;
}

int conformance_open_link_events(void) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  int socket_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket_ < 0) return -errno;
  if (bind(socket_, (struct sockaddr *)&address, sizeof address) == 0) return socket_;
  int error = -errno;
  close(socket_);
  return error;
}
