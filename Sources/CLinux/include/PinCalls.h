// Calls that examine pins: the mounts, open files and sockets that keep a namespace alive without a
// process in it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// O_PATH | O_CLOEXEC: opens only a reference to a file; no driver is called and no FIFO is opened.
extern const int32_t CLINUX_O_PATH;

/// Opens a mount point below a root directory with O_PATH (openat2(2)). The path is resolved in the
/// kernel's cache of names only (RESOLVE_CACHED, Linux 5.12): no file system gets a request, so none can
/// block the call. The call follows no link. Returns the descriptor, or -1 with errno: EAGAIN if a name
/// is not in the cache.
int32_t clinux_open_cached(int32_t root, const char *path);

/// Whether an open file is in nsfs, the kernel's file system of namespaces, and so is a namespace. Sends no
/// request to another file system (statx(2)).
bool clinux_is_nsfs(int32_t file);
/// Returns the type of an open namespace file as a CLONE_NEW* flag (ioctl_nsfs(2) NS_GET_NSTYPE), or -1 with
/// errno.
int32_t clinux_namespace_flag(int32_t file);

/// pidfd_open(2), Linux 5.3. Returns the pidfd, or -1 with errno.
int32_t clinux_pidfd_open(int32_t pid);
/// pidfd_getfd(2), Linux 5.6: duplicates descriptor `number` of the process into this process, with
/// close-on-exec. Returns the duplicate, or -1 with errno.
int32_t clinux_pidfd_getfd(int32_t pidfd, int32_t number);

/// Reads the cookie of the net namespace of a socket (SO_NETNS_COOKIE of socket(7), Linux 5.14): a number
/// that the kernel never assigns twice in one boot. Returns 0, or -1 with errno: ENOTSOCK if the file is
/// no socket, and ENOPROTOOPT on an older kernel.
int32_t clinux_netns_cookie(int32_t socket, uint64_t *result);
/// Opens the net namespace of a socket (SIOCGSKNS of linux/sockios.h, Linux 4.10). Returns a descriptor,
/// which the caller closes, or -1 with errno. Needs CAP_NET_ADMIN in the user namespace that owns the net
/// namespace.
int32_t clinux_socket_namespace(int32_t socket);

/// Whether the namespace with this id, CLONE_NEW* flag and inode number still exists, as
/// open_by_handle_at(2) shows (Linux 6.18). False also if the call is not permitted or not supported.
bool clinux_namespace_exists(uint64_t id, int32_t flag, uint64_t inode);

/// Lists the ids of the mounts of a mount namespace that are greater than `last`, in ascending order
/// (listmount(2)). `mount_namespace` is the kernel's id of the namespace (Linux 6.18). Returns the number
/// of ids, 0 at the end, or -1 with errno.
int64_t clinux_list_mounts(uint64_t mount_namespace, uint64_t last, uint64_t *ids, size_t capacity);

/// The file system type, root and mount point of a mount, as unescaped strings (statmount(2)).
struct clinux_mount {
  const char *type, *root, *point;
};
/// Reads these strings of one mount; `result` points into `buffer`. Returns 0, or -1 with errno: ENOENT if
/// the mount no longer exists, or cannot be reached from the root of its namespace.
int32_t clinux_stat_mount(
  uint64_t mount_namespace, uint64_t mount, char *buffer, size_t size,
  struct clinux_mount *result);
