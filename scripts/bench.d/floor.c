// The floor of the benchmark: what the kernel itself charges for one attachment.
//
//   floor add NETNS IFNAME MASTER-INDEX MODE ADDRESS/LENGTH GATEWAY [ADDRESS/LENGTH GATEWAY]
//   floor add-renamed ...      the same, but the link is made under another name, as the reference plugin does
//   floor del NETNS IFNAME
//   floor version
//
// It sends the netlink messages that an attachment needs and nothing else: no configuration is read, no address is
// looked for, nothing is validated, announced, logged or answered. Nobody should attach pods like this.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[4096];
static size_t used;
static struct nlmsghdr *message;

static void start(int type, int flags, const void *header, size_t size) {
  message = (struct nlmsghdr *)(buffer + used);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  message->nlmsg_len = NLMSG_SPACE(size);
  memcpy(NLMSG_DATA(message), header, size);
  used += message->nlmsg_len;
}

static struct rtattr *put(int type, const void *value, size_t size) {
  struct rtattr *attribute = (struct rtattr *)(buffer + used);
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(size);
  if (size > 0) memcpy(RTA_DATA(attribute), value, size);
  used += RTA_SPACE(size);
  message->nlmsg_len += RTA_SPACE(size);
  return attribute;
}

static void end(struct rtattr *nest) { nest->rta_len = buffer + used - (char *)nest; }

static int open_socket(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) err(1, "socket");
  return fd;
}

// Sends all messages in one call and awaits an acknowledgement of each.
static void exchange(int fd, int messages) {
  if (send(fd, buffer, used, 0) < 0) err(1, "send");
  while (messages > 0) {
    char answer[8192];
    int length = recv(fd, answer, sizeof answer, 0);
    if (length < 0) err(1, "recv");
    for (struct nlmsghdr *ack = (void *)answer; NLMSG_OK(ack, length); ack = NLMSG_NEXT(ack, length)) {
      struct nlmsgerr *outcome = NLMSG_DATA(ack);
      if (ack->nlmsg_type != NLMSG_ERROR) errx(1, "unexpected answer %d", ack->nlmsg_type);
      if (outcome->error != 0) errx(1, "message %d: %s", outcome->msg.nlmsg_type, strerror(-outcome->error));
      messages--;
    }
  }
  used = 0;
}

static void create(int namespace, const char *name, int master, int mode) {
  struct ifinfomsg header = {0};
  start(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  put(IFLA_IFNAME, name, strlen(name) + 1);
  put(IFLA_LINK, &master, sizeof master);
  put(IFLA_NET_NS_FD, &namespace, sizeof namespace);
  struct rtattr *info = put(IFLA_LINKINFO, NULL, 0);
  put(IFLA_INFO_KIND, "ipvlan", 6);
  struct rtattr *data = put(IFLA_INFO_DATA, NULL, 0);
  unsigned short value = mode;
  put(IFLA_IPVLAN_MODE, &value, sizeof value);
  end(data);
  end(info);
  exchange(open_socket(), 1);
}

static void bring_up(int index, const char *new_name) {
  struct ifinfomsg header = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  start(RTM_NEWLINK, 0, &header, sizeof header);
  if (new_name) put(IFLA_IFNAME, new_name, strlen(new_name) + 1);
}

static int parse(const char *text, unsigned char *address) {
  int family = strchr(text, ':') ? AF_INET6 : AF_INET;
  if (inet_pton(family, text, address) != 1) errx(1, "not an address: %s", text);
  return family;
}

static void add_address(int index, char *text) {
  unsigned char address[16];
  char *length = strchr(text, '/');
  *length++ = 0;
  struct ifaddrmsg header = {.ifa_prefixlen = atoi(length), .ifa_index = index};
  header.ifa_family = parse(text, address);
  size_t size = header.ifa_family == AF_INET6 ? 16 : 4;
  start(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  put(IFA_LOCAL, address, size);
  put(IFA_ADDRESS, address, size);
  // Without it an IPv6 address is not usable for 1 to 2 s.
  unsigned flags = IFA_F_NODAD;
  if (size == 16) put(IFA_FLAGS, &flags, sizeof flags);
}

static void add_default_route(int index, const char *gateway) {
  unsigned char address[16];
  struct rtmsg header = {.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST};
  header.rtm_family = parse(gateway, address);
  start(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  put(RTA_GATEWAY, address, header.rtm_family == AF_INET6 ? 16 : 4);
  put(RTA_OIF, &index, sizeof index);
}

static int index_of(int fd, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFINDEX, &request) != 0) err(1, "index of %s", name);
  return request.ifr_ifindex;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "version") == 0) {
    puts("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"1.1.0\"]}");
    return 0;
  }
  if (count < 4) errx(2, "see the comment at the top of floor.c");
  int namespace = open(arguments[2], O_RDONLY | O_CLOEXEC);
  if (namespace < 0) err(1, "%s", arguments[2]);
  int is_renamed = strcmp(arguments[1], "add-renamed") == 0;
  int is_add = is_renamed || strcmp(arguments[1], "add") == 0;
  const char *name = is_renamed ? "temporary" : arguments[3];
  if (is_add) create(namespace, name, atoi(arguments[4]), atoi(arguments[5]));
  if (setns(namespace, CLONE_NEWNET) != 0) err(1, "setns");
  int fd = open_socket();
  int index = index_of(fd, name);
  if (!is_add) {
    struct ifinfomsg header = {.ifi_index = index};
    start(RTM_DELLINK, 0, &header, sizeof header);
    exchange(fd, 1);
    return 0;
  }
  bring_up(index, is_renamed ? arguments[3] : NULL);
  int messages = 1;
  for (int position = 6; position + 1 < count; position += 2) {
    add_address(index, arguments[position]);
    add_default_route(index, arguments[position + 1]);
    messages += 2;
  }
  exchange(fd, messages);
  return 0;
}
