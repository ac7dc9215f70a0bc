// What one allocation costs in three kinds of store: open, look up, insert, commit, close, as each CNI call does it
// in a process of its own. One kind is compiled in (-DLMDB, -DSQLITE or -DPLAIN), so that sizes can be compared.
//
//   lease_stores fill PATH COUNT      makes a store that holds COUNT leases
//   lease_stores run PATH COUNT       prints the median in-process time of COUNT allocations, and of COUNT starts
//   lease_stores once PATH NUMBER     one allocation
//   lease_stores nothing              starts and ends
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { record_size = 240 };

static void must(int is_good, const char *what) {
  if (!is_good) perror(what), exit(1);
}

static void key_of(long number, char key[9]) { snprintf(key, 9, "%08lx", 0x0a000000 + number); }

static void record_of(long number, char record[record_size]) {
  memset(record, 'x', record_size);
  snprintf(record, record_size, "container %ld", number);
}

#if defined(LMDB)
#include <lmdb.h>

static void change(const char *path, long first, long count) {
  int lock = open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  must(flock(lock, LOCK_EX) == 0, "flock");
  MDB_env *environment;
  MDB_txn *transaction;
  MDB_dbi database;
  unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | (getenv("SYNC") ? 0 : MDB_NOSYNC);
  must(mdb_env_create(&environment) == 0, "create");
  must(mdb_env_set_mapsize(environment, 1 << 28) == 0, "mapsize");
  must(mdb_env_open(environment, path, flags, 0600) == 0, "open");
  must(mdb_txn_begin(environment, NULL, 0, &transaction) == 0, "begin");
  must(mdb_dbi_open(transaction, NULL, 0, &database) == 0, "dbi");
  for (long number = first; number < first + count; number++) {
    char key[9], record[record_size];
    key_of(number, key), record_of(number, record);
    MDB_val k = {8, key}, v = {record_size, record}, old;
    must(mdb_get(transaction, database, &k, &old) == MDB_NOTFOUND, "get");
    must(mdb_put(transaction, database, &k, &v, 0) == 0, "put");
  }
  must(mdb_txn_commit(transaction) == 0, "commit");
  mdb_env_close(environment);
  close(lock);
}

#elif defined(SQLITE)
#include <sqlite3.h>

static void run(sqlite3 *database, const char *statement) {
  must(sqlite3_exec(database, statement, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(database));
}

static void change(const char *path, long first, long count) {
  sqlite3 *database;
  must(sqlite3_open(path, &database) == SQLITE_OK, "open");
  sqlite3_busy_timeout(database, 10000);
  run(database, getenv("WAL") ? "pragma journal_mode=wal" : "pragma journal_mode=truncate");
  run(database, getenv("SYNC") ? "pragma synchronous=full" : "pragma synchronous=off");
  run(database, "create table if not exists leases (address text primary key, record blob) without rowid");
  run(database, "begin immediate");
  sqlite3_stmt *get, *put;
  must(!sqlite3_prepare_v2(database, "select record from leases where address=?", -1, &get, NULL), "get");
  must(!sqlite3_prepare_v2(database, "insert into leases values (?, ?)", -1, &put, NULL), "put");
  for (long number = first; number < first + count; number++) {
    char key[9], record[record_size];
    key_of(number, key), record_of(number, record);
    sqlite3_bind_text(get, 1, key, 8, SQLITE_STATIC);
    must(sqlite3_step(get) == SQLITE_DONE, "lookup");
    sqlite3_reset(get);
    sqlite3_bind_text(put, 1, key, 8, SQLITE_STATIC);
    sqlite3_bind_blob(put, 2, record, record_size, SQLITE_STATIC);
    must(sqlite3_step(put) == SQLITE_DONE, "insert");
    sqlite3_reset(put);
  }
  sqlite3_finalize(get), sqlite3_finalize(put);
  run(database, "commit");
  sqlite3_close(database);
}

#else

// Everything is read, and everything is written: the simplest file that a crash cannot cut.
static void change(const char *path, long first, long count) {
  int lock = open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  must(flock(lock, LOCK_EX) == 0, "flock");
  int old = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
  struct stat status;
  must(old >= 0 && fstat(old, &status) == 0, "open");
  size_t size = status.st_size, entry = 8 + record_size;
  char *all = malloc(size + count * entry);
  must(read(old, all, size) == (ssize_t)size, "read");
  close(old);
  for (long number = first; number < first + count; number++) {
    char key[9], record[record_size];
    key_of(number, key), record_of(number, record);
    // Sorted, so that a look-up needs no scan.
    size_t low = 0, high = size / entry;
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (memcmp(all + middle * entry, key, 8) < 0) low = middle + 1; else high = middle;
    }
    memmove(all + (low + 1) * entry, all + low * entry, size - low * entry);
    memcpy(all + low * entry, key, 8), memcpy(all + low * entry + 8, record, record_size);
    size += entry;
  }
  char temporary[4096];
  snprintf(temporary, sizeof temporary, "%s.new", path);
  int new = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  must(write(new, all, size) == (ssize_t)size, "write");
  if (getenv("SYNC")) fsync(new);
  close(new);
  must(rename(temporary, path) == 0, "rename");
  free(all), close(lock);
}
#endif

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

static double median(double *times, long count) {
  qsort(times, count, sizeof *times, ascending);
  return times[count / 2];
}

static void start(char **arguments) {
  extern char **environ;
  pid_t child;
  int status;
  must(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0, "spawn");
  must(waitpid(child, &status, 0) == child && status == 0, "child");
}

int main(int argc, char **argv) {
  if (argc == 2) return 0;
  if (argc != 4) return 2;
  long count = atol(argv[3]);
  if (!strcmp(argv[1], "once")) return change(argv[2], count, 1), 0;
  if (!strcmp(argv[1], "fill")) return change(argv[2], 0, count), 0;
  double *inside = calloc(count, sizeof *inside), *process = calloc(count, sizeof *process),
         *empty = calloc(count, sizeof *empty);
  for (long i = 0; i < count; i++) {
    double begin = now();
    change(argv[2], 1000000 + i, 1);
    inside[i] = now() - begin;
    char number[24];
    snprintf(number, sizeof number, "%ld", 2000000 + i);
    begin = now();
    start((char *[]){argv[0], "once", argv[2], number, NULL});
    process[i] = now() - begin;
    begin = now();
    start((char *[]){argv[0], "nothing", NULL});
    empty[i] = now() - begin;
  }
  printf("%8.0f us in a process, %8.0f us with its start, of which an empty start %5.0f us\n",
         median(inside, count), median(process, count), median(empty, count));
  return 0;
}
