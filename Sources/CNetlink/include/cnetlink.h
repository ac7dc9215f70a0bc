// The door to the kernel's networking: libnl for sockets and messages, the kernel's own headers for constants,
// and the few calls that Swift cannot make by itself.
#pragma once

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/// Joins the network namespace of `fd` (setns(2), Linux 3.0); 0, or a negative errno.
int cnetlink_enter(int fd);

/// The kind of a namespace descriptor: CLONE_NEWNET and so on (NS_GET_NSTYPE, Linux 4.11), or a negative errno.
int cnetlink_namespace_type(int fd);

/// The value of CLONE_NEWNET, which lies behind _GNU_SOURCE.
int cnetlink_newnet(void);

/// Device and inode of a descriptor, which identify a namespace; 0, or a negative errno.
int cnetlink_identity(int fd, unsigned long *device, unsigned long *inode);

/// Asks for extended acknowledgements that do not echo the request, and for strict checking of dump filters.
/// A kernel that lacks one of them does without.
void cnetlink_set_options(int fd);

/// Receives one datagram of netlink messages; its length, or a negative errno. -ENOBUFS: the socket overran;
/// -EMSGSIZE: the datagram is larger than `size`.
long cnetlink_receive(struct nl_sock *socket, void *buffer, unsigned long size);

/// A packet socket that only sends (packet(7), Linux 2.2), close-on-exec; its descriptor, or a negative errno.
int cnetlink_packet_socket(void);

/// Sends `payload` as an Ethernet frame out of a link: `protocol` is an ETH_P_ number, `destination` has six
/// bytes. 0, or a negative errno.
int cnetlink_send_frame(
    int fd, int index, unsigned short protocol, const unsigned char *destination, const void *payload,
    unsigned long size);
