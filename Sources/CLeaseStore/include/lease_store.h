// A small door to LMDB (lmdb.h, 0.9) for one database that one process at a time has open.
//
// LMDB reads its file through a memory map and trusts it: a file that was cut or scribbled over raises SIGBUS,
// SIGSEGV or an assertion inside of it. Every call here runs under a guard that turns those into an error, after
// which the store can only be closed.
#pragma once

#include <stddef.h>

struct lease_store;

/// Opens the file at `path`, which must exist and may be empty; the caller holds a lock on it for as long as the
/// store is open. 0, an errno, or a (negative) number of LMDB's.
int lease_store_open(const char *path, size_t map_size, int is_read_only, struct lease_store **store);

/// Closes the store; what was not committed is lost.
void lease_store_close(struct lease_store *store);

/// Makes what was changed visible to later openers, in one step that a crash cannot cut; it is not synchronised
/// to the disk.
int lease_store_commit(struct lease_store *store);

/// Sees to it that the file system has room for this transaction and for later ones: the file is as large on the disk
/// as it must be for some pages more than it has. 0, or the errno of fallocate(2): ENOSPC.
int lease_store_reserve(struct lease_store *store);

/// Finds a value; MDB_NOTFOUND when there is none. The value stays valid until the next change.
int lease_store_get(
    struct lease_store *store, const void *key, size_t key_size, const void **value, size_t *value_size);

/// Writes a value.
int lease_store_put(
    struct lease_store *store, const void *key, size_t key_size, const void *value, size_t value_size);

/// Removes a value; MDB_NOTFOUND when there is none.
int lease_store_delete(struct lease_store *store, const void *key, size_t key_size);

/// Finds the first entry whose key is not below `key`; MDB_NOTFOUND behind the last one.
int lease_store_seek(
    struct lease_store *store, const void *key, size_t key_size, const void **found_key, size_t *found_key_size,
    const void **value, size_t *value_size);

/// Finds the entry behind the one that was found last.
int lease_store_next(
    struct lease_store *store, const void **found_key, size_t *found_key_size, const void **value,
    size_t *value_size);

/// What the number of an error means.
const char *lease_store_error_text(int number);

/// The number for "no such entry".
int lease_store_not_found(void);

/// Whether the number of an error says that the store has reached its largest size.
int lease_store_is_full(int number);

/// Whether the number of an error says that the file's content cannot be trusted.
int lease_store_is_damage(int number);
