// Calls that look at what keeps a namespace: a mount, an open file, a socket.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// O_PATH | O_CLOEXEC: a file that names a place; opening it asks nothing of a driver or a FIFO.
extern const int32_t CLINUX_O_PATH;

/// openat2(2) of a mount point below a root directory, with O_PATH and without leaving the kernel's
/// cache of names (RESOLVE_CACHED, Linux 5.12): no file system is asked, so none can make it wait.
/// No link is followed. Returns the file, or -1 with errno: EAGAIN for what is not in the cache.
int32_t clinux_open_cached(int32_t root, const char *path);

/// Whether an open file is of nsfs, and thus a namespace. Asks no file system (statx(2)).
bool clinux_is_nsfs(int32_t file);
/// ioctl_nsfs(2) NS_GET_NSTYPE: a CLONE_NEW* flag, or -1 with errno.
int32_t clinux_namespace_flag(int32_t file);

/// pidfd_open(2), Linux 5.3. Returns the pidfd, or -1 with errno.
int32_t clinux_pidfd_open(int32_t pid);
/// pidfd_getfd(2), Linux 5.6: a descriptor of the process, copied to here with close-on-exec.
int32_t clinux_pidfd_getfd(int32_t pidfd, int32_t number);

/// SO_NETNS_COOKIE of socket(7), Linux 5.14: a number of the net namespace of a socket, which is
/// never given twice in one boot. Returns 0, or -1 with errno: ENOTSOCK for another file, and
/// ENOPROTOOPT where the kernel is older.
int32_t clinux_socket_cookie(int32_t socket, uint64_t *result);
/// SIOCGSKNS of linux/sockios.h, Linux 4.10: the net namespace of a socket as an open file to be
/// closed, or -1 with errno. Needs CAP_NET_ADMIN in the user namespace that owns it.
int32_t clinux_socket_namespace(int32_t socket);

/// Whether the namespace with this id, CLONE_NEW* flag and inode number is in being still, asked by
/// open_by_handle_at(2) (Linux 6.18). False also where that may not be asked.
bool clinux_namespace_exists(uint64_t id, int32_t flag, uint64_t inode);

/// listmount(2): the ids of mounts of a mount namespace, named by its kernel's id (Linux 6.18),
/// that come after `last`, in ascending order. Returns how many, 0 at the end, or -1 with errno.
int64_t clinux_list_mounts(uint64_t mount_namespace, uint64_t last, uint64_t *ids, size_t capacity);

/// What statmount(2) tells of one mount, as texts in which nothing is escaped.
struct clinux_mount {
  const char *type, *root, *point;
};
/// Asks for them; they are in `buffer`. Returns 0, or -1 with errno: ENOENT when the mount is gone
/// or cannot be reached from the root of its namespace.
int32_t clinux_stat_mount(
  uint64_t mount_namespace, uint64_t mount, char *buffer, size_t size,
  struct clinux_mount *result);
