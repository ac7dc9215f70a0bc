// Runs plugins one after the other as a container runtime does, and times each from fork to exit.
//
//   driver JOBS ANSWERS >MEASUREMENTS
//
// ANSWERS is a directory, made if missing, for what the plugins print. A line of JOBS has fields separated by tabs. Namespaces are made in /run/netns beforehand, outside of any measurement:
//
//   pod   NAME
//   mark  TEXT                 copied to the measurements
//   run   LABEL VERB POD CONFIGURATION PROGRAM [ARGUMENT...]
//   batch N                    the next N runs all at once; each is measured, and all of them together
//
// CONFIGURATION is a file, or "-". CHECK and DEL get the answer of the pod's ADD as prevResult. A line of the
// measurements: label, verb, pod, nanoseconds, peak memory in KiB, page faults. A plugin that fails ends the run.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_fields = 32, most_at_once = 256, largest_text = 60000 };

struct run {
  char *label, *verb, *pod, *configuration, **arguments;
  char line[4096];
  char *fields[most_fields + 1];
  int output;
  pid_t process;
  long long start;
};

static struct run runs[most_at_once];
static const char *answers;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void make_pod(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (file < 0 || home < 0) err(1, "%s", path);
  close(file);
  if (unshare(CLONE_NEWNET) != 0) err(1, "unshare");
  if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) != 0) err(1, "mount %s", path);
  if (setns(home, CLONE_NEWNET) != 0) err(1, "setns");
  close(home);
}

static size_t read_file(const char *path, char *text) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) err(1, "%s", path);
  ssize_t length = read(fd, text, largest_text);
  if (length < 0) err(1, "%s", path);
  close(fd);
  text[length] = 0;
  return length;
}

static void answer_path(const struct run *run, char *path, size_t size) {
  snprintf(path, size, "%s/%s", answers, run->pod);
}

static int needs_answer(const struct run *run) {
  return strcmp(run->verb, "CHECK") == 0 || strcmp(run->verb, "DEL") == 0;
}

// The configuration as standard input; the pipe holds all of it, so that nobody has to write while the plugin runs.
static int input(const struct run *run) {
  static char text[2 * largest_text];
  int ends[2];
  if (strcmp(run->configuration, "-") == 0) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (pipe2(ends, O_CLOEXEC) != 0) err(1, "pipe");
  size_t length = read_file(run->configuration, text);
  if (needs_answer(run)) {
    char path[256];
    answer_path(run, path, sizeof path);
    length = strrchr(text, '}') - text;
    length += sprintf(text + length, ",\"prevResult\":");
    length += read_file(path, text + length);
    length += sprintf(text + length, "}");
  }
  if (write(ends[1], text, length) != (ssize_t)length) err(1, "write");
  close(ends[1]);
  return ends[0];
}

static void begin(struct run *run) {
  char variables[4][512];
  snprintf(variables[0], 512, "CNI_COMMAND=%s", run->verb);
  snprintf(variables[1], 512, "CNI_CONTAINERID=%s", run->pod);
  snprintf(variables[2], 512, "CNI_NETNS=/run/netns/%s", run->pod);
  snprintf(variables[3], 512, "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=%s", run->pod);
  char *environment[] = {variables[0],      variables[1],           variables[2], variables[3],
                         "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  int from = input(run), to[2];
  if (pipe2(to, O_CLOEXEC) != 0) err(1, "pipe");
  run->start = now();
  run->process = vfork();
  if (run->process < 0) err(1, "vfork");
  if (run->process == 0) {
    dup2(from, 0);
    dup2(to[1], 1);
    execve(run->arguments[0], run->arguments, environment);
    _exit(127);
  }
  close(from);
  close(to[1]);
  run->output = to[0];
}

static void finish(struct run *run, long long end, int status, const struct rusage *usage) {
  char text[largest_text + 1], path[256];
  size_t length = 0;
  ssize_t part;
  while ((part = read(run->output, text + length, largest_text - length)) > 0) length += part;
  close(run->output);
  text[length] = 0;
  if (status != 0) errx(1, "%s %s of %s: status %d: %s", run->label, run->verb, run->pod, status, text);
  if (strcmp(run->verb, "ADD") == 0) {
    answer_path(run, path, sizeof path);
    FILE *answer = fopen(path, "w");
    if (!answer || fwrite(text, 1, length, answer) != length || fclose(answer) != 0) err(1, "%s", path);
  }
  printf("%s\t%s\t%s\t%lld\t%ld\t%ld\n", run->label, run->verb, run->pod, end - run->start, usage->ru_maxrss,
         usage->ru_minflt + usage->ru_majflt);
}

static void measure(int count) {
  long long start = now(), end = start;
  for (int started = 0; started < count; started++) begin(&runs[started]);
  for (int left = count; left > 0; left--) {
    int status;
    struct rusage usage;
    pid_t process = wait4(-1, &status, 0, &usage);
    end = now();
    if (process < 0) err(1, "wait");
    for (int index = 0; index < count; index++)
      if (runs[index].process == process) finish(&runs[index], end, status, &usage);
  }
  if (count > 1) printf("%s\tbatch\t%d\t%lld\t0\t0\n", runs[0].label, count, end - start);
}

static int split(char *line, char **fields) {
  int count = 0;
  for (char *field; count < most_fields && (field = strsep(&line, "\t\n"));)
    if (*field) fields[count++] = field;
  fields[count] = NULL;
  return count;
}

int main(int count, char **arguments) {
  if (count != 3) errx(2, "see the comment at the top of driver.c");
  answers = arguments[2];
  FILE *jobs = fopen(arguments[1], "r");
  if (!jobs) err(1, "%s", arguments[1]);
  mkdir(answers, 0755);
  int at_once = 1, collected = 0;
  while (fgets(runs[collected].line, sizeof runs[collected].line, jobs)) {
    struct run *run = &runs[collected];
    int fields = split(run->line, run->fields);
    if (fields == 0) continue;
    char **field = run->fields;
    if (strcmp(field[0], "pod") == 0 && fields == 2) {
      make_pod(field[1]);
    } else if (strcmp(field[0], "mark") == 0 && fields == 2) {
      printf("%s\tmark\t-\t%lld\t0\t0\n", field[1], now());
    } else if (strcmp(field[0], "batch") == 0 && fields == 2) {
      at_once = atoi(field[1]);
      if (at_once < 1 || at_once > most_at_once) errx(1, "a batch has 1 to %d runs", most_at_once);
    } else if (strcmp(field[0], "run") == 0 && fields >= 6) {
      run->label = field[1], run->verb = field[2], run->pod = field[3], run->configuration = field[4];
      run->arguments = field + 5;
      if (++collected < at_once) continue;
      measure(collected);
      collected = 0, at_once = 1;
    } else {
      errx(1, "cannot read a line of %s that starts with %s", arguments[1], field[0]);
    }
  }
  return 0;
}
