// The door to the kernel's networking: libnl for sockets and messages, the kernel's own headers for constants,
// and the few calls that Swift cannot make by itself.
#pragma once

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>

/// Joins the network namespace of `fd` (setns(2), Linux 3.0); 0, or a negative errno.
int cnetlink_enter(int fd);

/// The kind of a namespace descriptor: CLONE_NEWNET and so on (NS_GET_NSTYPE, Linux 4.11), or a negative errno.
int cnetlink_namespace_type(int fd);

/// The value of CLONE_NEWNET, which lies behind _GNU_SOURCE.
int cnetlink_newnet(void);

/// Device and inode of a descriptor, which identify a namespace; 0, or a negative errno.
int cnetlink_identity(int fd, unsigned long *device, unsigned long *inode);

/// How long an answer of the kernel's is waited for, in seconds. The kernel answers before send() returns: only an answer
/// that was lost takes longer than no time.
#define CNETLINK_PATIENCE 10

/// Asks for extended acknowledgements that do not echo the request, and for strict checking of dump filters, and
/// limits how long an answer is waited for. A kernel that lacks one of them does without.
void cnetlink_set_options(int fd);

/// Lets a datagram of `size` bytes be sent, as far as the caller's rights go.
void cnetlink_make_room(int fd, unsigned long size);

/// Receives one datagram of netlink messages; its length, or a negative errno. -ENOBUFS: the kernel dropped an answer,
/// since the receive buffer was full; -EMSGSIZE: the datagram is larger than `size`; -EAGAIN: there is none, after
/// CNETLINK_PATIENCE seconds if the call `waits`.
long cnetlink_receive(struct nl_sock *socket, void *buffer, unsigned long size, bool waits);

/// At which hooks (NF_INET_PRE_ROUTING and NF_INET_LOCAL_IN, a bit each) a table of the older iptables has rules, in the
/// thread's network namespace; or a negative errno. `family` is AF_INET or AF_INET6.
int cnetlink_legacy_hooks(int family, const char *table);

/// A raw socket that only sends ICMPv6, with the hop limit of neighbour discovery, close-on-exec; its
/// descriptor, or a negative errno.
int cnetlink_icmpv6_socket(void);

/// Sends an ICMPv6 message to all nodes on a link (ff02::1); the kernel fills in the checksum. 0, or a negative
/// errno.
int cnetlink_send_to_all_nodes(int fd, int index, const void *message, unsigned long size);
