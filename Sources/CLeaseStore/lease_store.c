#define _GNU_SOURCE
#include "lease_store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

static const int guarded_signals[] = {SIGBUS, SIGSEGV, SIGABRT};
enum { guarded_count = sizeof guarded_signals / sizeof *guarded_signals };

struct lease_store {
  MDB_env *environment;
  MDB_txn *transaction;
  MDB_cursor *cursor;
  MDB_dbi database;
  int is_broken;
  struct sigaction previous[guarded_count];
};

static _Thread_local sigjmp_buf guard;
static _Thread_local volatile sig_atomic_t is_guarded;

static void on_fault(int number) {
  if (is_guarded) siglongjmp(guard, 1);
  signal(number, SIG_DFL);
  raise(number);
}

// LMDB calls this before it would abort().
static void on_assertion(MDB_env *environment, const char *message) {
  (void)environment, (void)message;
  if (is_guarded) siglongjmp(guard, 1);
}

// Evaluates an expression of LMDB's; MDB_CORRUPTED when it runs into a damaged page.
#define GUARDED(store, expression)                     \
  __extension__({                                      \
    int status_ = MDB_CORRUPTED;                       \
    if (!(store)->is_broken) {                         \
      if (sigsetjmp(guard, 0) == 0) {                  \
        is_guarded = 1;                                \
        status_ = (expression);                        \
      } else {                                         \
        (store)->is_broken = 1;                        \
        status_ = MDB_CORRUPTED;                       \
      }                                                \
      is_guarded = 0;                                  \
    }                                                  \
    status_;                                           \
  })

static void install(struct lease_store *store) {
  // SA_NODEFER: the handler leaves by a jump that does not restore the signal mask.
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
  for (int i = 0; i < guarded_count; i++) sigaction(guarded_signals[i], &action, &store->previous[i]);
}

static void uninstall(struct lease_store *store) {
  for (int i = 0; i < guarded_count; i++) sigaction(guarded_signals[i], &store->previous[i], NULL);
}

static int open_all(struct lease_store *store, const char *path, size_t map_size, int is_read_only) {
  // No lock file: the caller's lock keeps others out, and ends with its process. No sync: leases do not outlive
  // a boot, so that there is nothing to save from a power failure.
  unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NORDAHEAD | (is_read_only ? MDB_RDONLY : 0);
  int status = mdb_env_set_mapsize(store->environment, map_size);
  if (status == 0) status = mdb_env_set_assert(store->environment, on_assertion);
  if (status == 0) status = mdb_env_open(store->environment, path, flags, 0600);
  if (status == 0)
    status = mdb_txn_begin(store->environment, NULL, is_read_only ? MDB_RDONLY : 0, &store->transaction);
  if (status == 0) status = mdb_dbi_open(store->transaction, NULL, 0, &store->database);
  if (status == 0) status = mdb_cursor_open(store->transaction, store->database, &store->cursor);
  return status;
}

// Reads every entry.
static int read_all(struct lease_store *store) {
  MDB_val k, v;
  int status = mdb_cursor_get(store->cursor, &k, &v, MDB_FIRST);
  while (status == 0) {
    if (v.mv_size > 0) (void)*(volatile const char *)((const char *)v.mv_data + v.mv_size - 1);
    status = mdb_cursor_get(store->cursor, &k, &v, MDB_NEXT);
  }
  return status == MDB_NOTFOUND ? 0 : status;
}

// A file that is shorter than the pages it speaks of was cut, unless those pages were never written: LMDB leaves
// out the ones that a transaction took and gave back. Reading everything tells the two apart.
static int check_length(struct lease_store *store, const char *path) {
  MDB_envinfo info;
  MDB_stat tree;
  struct stat file;
  int status = mdb_env_info(store->environment, &info);
  if (status == 0) status = mdb_stat(store->transaction, store->database, &tree);
  if (status != 0) return status;
  if (stat(path, &file) != 0) return errno;
  if ((uint64_t)file.st_size >= ((uint64_t)info.me_last_pgno + 1) * tree.ms_psize) return 0;
  return read_all(store);
}

int lease_store_open(const char *path, size_t map_size, int is_read_only, struct lease_store **result) {
  struct lease_store *store = calloc(1, sizeof *store);
  if (!store) return ENOMEM;
  int status = mdb_env_create(&store->environment);
  if (status != 0) {
    free(store);
    return status;
  }
  install(store);
  status = GUARDED(store, open_all(store, path, map_size, is_read_only));
  if (status == 0) status = GUARDED(store, check_length(store, path));
  if (status != 0) {
    lease_store_close(store);
    return status;
  }
  *result = store;
  return 0;
}

void lease_store_close(struct lease_store *store) {
  // After a fault LMDB's own state is not to be trusted: it is left to the end of the process.
  if (!store->is_broken) {
    if (store->cursor) mdb_cursor_close(store->cursor);
    if (store->transaction) mdb_txn_abort(store->transaction);
    mdb_env_close(store->environment);
  }
  uninstall(store);
  free(store);
}

int lease_store_commit(struct lease_store *store) {
  int status = GUARDED(store, (mdb_cursor_close(store->cursor), mdb_txn_commit(store->transaction)));
  store->cursor = NULL;
  store->transaction = NULL;
  return status;
}

// LMDB never writes over a page that an earlier transaction made, so that it takes new pages to delete. They are found
// at the end of the file, or among those that were given up two transactions ago. A lease that is given back keeps its
// record while the address rests, and gets a second one: giving all back takes up to half as much room again.
static uint64_t spare_pages(uint64_t used) { return 6 + (used / 2 < 122 ? used / 2 : 122); }

static int reserve(struct lease_store *store) {
  MDB_envinfo info;
  MDB_stat tree;
  struct stat file;
  int descriptor;
  int status = mdb_env_info(store->environment, &info);
  if (status == 0) status = mdb_stat(store->transaction, store->database, &tree);
  if (status == 0) status = mdb_env_get_fd(store->environment, &descriptor);
  if (status != 0) return status;
  uint64_t used = (uint64_t)info.me_last_pgno + 1;
  off_t size = (off_t)((used + spare_pages(used)) * tree.ms_psize);
  if (fstat(descriptor, &file) != 0) return errno;
  if (file.st_size >= size && (uint64_t)file.st_blocks * 512 >= (uint64_t)size) return 0;
  while (fallocate(descriptor, 0, 0, size) != 0) {
    // Such a file system does not promise room.
    if (errno == EOPNOTSUPP || errno == ENOSYS) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

int lease_store_reserve(struct lease_store *store) { return GUARDED(store, reserve(store)); }

int lease_store_get(
    struct lease_store *store, const void *key, size_t key_size, const void **value, size_t *value_size) {
  MDB_val k = {key_size, (void *)key}, v = {0, NULL};
  int status = GUARDED(store, mdb_get(store->transaction, store->database, &k, &v));
  *value = v.mv_data, *value_size = v.mv_size;
  return status;
}

int lease_store_put(
    struct lease_store *store, const void *key, size_t key_size, const void *value, size_t value_size) {
  MDB_val k = {key_size, (void *)key}, v = {value_size, (void *)value};
  return GUARDED(store, mdb_put(store->transaction, store->database, &k, &v, 0));
}

int lease_store_delete(struct lease_store *store, const void *key, size_t key_size) {
  MDB_val k = {key_size, (void *)key};
  return GUARDED(store, mdb_del(store->transaction, store->database, &k, NULL));
}

static int move(
    struct lease_store *store, MDB_val k, MDB_cursor_op operation, const void **found_key, size_t *found_key_size,
    const void **value, size_t *value_size) {
  MDB_val v = {0, NULL};
  int status = GUARDED(store, mdb_cursor_get(store->cursor, &k, &v, operation));
  *found_key = k.mv_data, *found_key_size = k.mv_size;
  *value = v.mv_data, *value_size = v.mv_size;
  return status;
}

int lease_store_seek(
    struct lease_store *store, const void *key, size_t key_size, const void **found_key, size_t *found_key_size,
    const void **value, size_t *value_size) {
  MDB_val k = {key_size, (void *)key};
  return move(store, k, MDB_SET_RANGE, found_key, found_key_size, value, value_size);
}

int lease_store_next(
    struct lease_store *store, const void **found_key, size_t *found_key_size, const void **value,
    size_t *value_size) {
  MDB_val k = {0, NULL};
  return move(store, k, MDB_NEXT, found_key, found_key_size, value, value_size);
}

const char *lease_store_error_text(int number) { return mdb_strerror(number); }

int lease_store_not_found(void) { return MDB_NOTFOUND; }

int lease_store_is_full(int number) { return number == MDB_MAP_FULL; }

int lease_store_is_damage(int number) {
  return number == MDB_CORRUPTED || number == MDB_INVALID || number == MDB_PAGE_NOTFOUND ||
         number == MDB_VERSION_MISMATCH;
}
