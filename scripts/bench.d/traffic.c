// Measures TCP between two addresses: round trips of one byte, and one stream.
//
//   traffic serve PORT                                 in the background, listening when the call returns
//   traffic ask LABEL trip|stream ADDRESS PORT COUNT   COUNT round trips, or a stream of COUNT MiB
//
// ask prints: LABEL, trip or stream, and nanoseconds for each of COUNT.
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { block = 65536, warm_up = 20 };
static char data[block];

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void prompt(int fd) {
  int yes = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) err(1, "setsockopt");
}

// The first byte says what the client wants: 't' and every byte comes back, 's' and one comes back at the end.
static void answer(int fd) {
  char mode;
  ssize_t length;
  prompt(fd);
  if (read(fd, &mode, 1) != 1) return;
  while ((length = read(fd, data, block)) > 0)
    if (mode == 't' && write(fd, data, length) != length) return;
  if (mode == 's' && write(fd, data, 1) != 1) return;
}

static void serve(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) err(1, "socket");
  if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 16) != 0) err(1, "listen");
  signal(SIGPIPE, SIG_IGN);
  if (daemon(0, 0) != 0) err(1, "daemon");
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) err(1, "accept");
    answer(fd);
    close(fd);
  }
}

static void trip(int fd) {
  if (write(fd, data, 1) != 1) err(1, "write");
  if (read(fd, data, 1) != 1) errx(1, "the answer did not come");
}

static void ask(const char *label, char mode, const char *host, int port, long count) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct timeval patience = {.tv_sec = 60};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) errx(2, "not an address: %s", host);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) err(1, "socket");
  if (connect(fd, (void *)&address, sizeof address) != 0) err(1, "%s: connection to %s", label, host);
  prompt(fd);
  if (write(fd, &mode, 1) != 1) err(1, "write");
  if (mode == 't')
    for (int number = 0; number < warm_up; number++) trip(fd);
  long long start = now();
  if (mode == 't') {
    for (long number = 0; number < count; number++) trip(fd);
  } else {
    for (long number = 0; number < count * (1048576 / block); number++)
      if (write(fd, data, block) != block) err(1, "%s: write", label);
    shutdown(fd, SHUT_WR);
    if (read(fd, data, 1) != 1) errx(1, "%s: the stream was not received", label);
  }
  printf("%s\t%s\t%lld\n", label, mode == 't' ? "trip" : "stream", (now() - start) / count);
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "serve") == 0) {
    serve(atoi(arguments[2]));
  } else if (count == 7 && strcmp(arguments[1], "ask") == 0) {
    ask(arguments[2], arguments[3][0], arguments[4], atoi(arguments[5]), atol(arguments[6]));
  } else {
    errx(2, "see the comment at the top of traffic.c");
  }
  return 0;
}
