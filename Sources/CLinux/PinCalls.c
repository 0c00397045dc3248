#define _GNU_SOURCE
#include "PinCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

const int32_t CLINUX_O_PATH = O_PATH | O_CLOEXEC;

// The kernel headers that this is compiled with may be older than the kernel that it runs on. These
// numbers are the same on every architecture but Alpha, because the kernel has numbered new system calls
// alike since Linux 5.1.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

// Copies of definitions in linux/openat2.h, asm-generic/socket.h and linux/sockios.h, which older headers lack.
struct open_how_v0 {
  uint64_t flags, mode, resolve;
};
enum {
  resolve_no_magiclinks = 0x02,
  resolve_no_symlinks = 0x04,
  resolve_in_root = 0x10,
  resolve_cached = 0x20,
  so_netns_cookie = 71,
  siocgskns = 0x894C,
};
// FD_NSFS_ROOT of linux/fcntl.h stands for the root directory of nsfs, which is mounted nowhere.
// FILEID_NSFS of linux/exportfs.h is the type of a namespace's file handle.
enum { fd_nsfs_root = -10003, fileid_nsfs = 0xf1 };

int32_t clinux_open_cached(int32_t root, const char *path) {
  struct open_how_v0 how = {
    .flags = O_PATH | O_CLOEXEC,
    .resolve = resolve_in_root | resolve_no_symlinks | resolve_no_magiclinks | resolve_cached};
  return (int32_t)syscall(SYS_openat2, root, path, &how, sizeof how);
}

// Calls statx(2) so that no file system sends a request to its server: no field is requested, and
// AT_STATX_DONT_SYNC accepts cached values. The kernel fills in the device number nevertheless (fs/stat.c).
static int cached_status(int32_t directory, const char *name, int flags, struct statx *result) {
  return statx(directory, name, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, result);
}

bool clinux_is_nsfs(int32_t file) {
  struct statx found, known;
  // The kernel has a single instance of nsfs, so the device number of any namespace identifies it.
  return cached_status(file, "", AT_EMPTY_PATH, &found) == 0
    && cached_status(AT_FDCWD, "/proc/self/ns/mnt", 0, &known) == 0
    && found.stx_dev_major == known.stx_dev_major && found.stx_dev_minor == known.stx_dev_minor;
}

int32_t clinux_namespace_flag(int32_t file) { return ioctl(file, _IO(0xb7, 0x3)); }

int32_t clinux_pidfd_open(int32_t pid) { return (int32_t)syscall(SYS_pidfd_open, pid, 0); }

int32_t clinux_pidfd_getfd(int32_t pidfd, int32_t number) {
  return (int32_t)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

int32_t clinux_netns_cookie(int32_t socket, uint64_t *result) {
  socklen_t length = sizeof *result;
  return getsockopt(socket, SOL_SOCKET, so_netns_cookie, result, &length);
}

int32_t clinux_socket_namespace(int32_t socket) { return ioctl(socket, siocgskns); }

bool clinux_namespace_exists(uint64_t id, int32_t flag, uint64_t inode) {
  struct {
    uint64_t id;
    uint32_t type, inode;
  } name = {id, (uint32_t)flag, (uint32_t)inode};
  union {
    struct file_handle handle;
    unsigned char room[sizeof(struct file_handle) + sizeof name];
  } buffer;
  buffer.handle.handle_bytes = sizeof name;
  buffer.handle.handle_type = fileid_nsfs;
  memcpy(buffer.handle.f_handle, &name, sizeof name);
  int file = open_by_handle_at(fd_nsfs_root, &buffer.handle, O_PATH | O_CLOEXEC);
  if (file < 0) return false;
  close(file);
  return true;
}

// Copies of struct mnt_id_req and struct statmount of linux/mount.h, which older headers lack. In the
// answer of statmount(2), the strings follow the 512 bytes of struct statmount.
struct mount_request {
  uint32_t size, spare;
  uint64_t mount, parameter, mount_namespace;
};
struct mount_answer {
  uint32_t size, options;
  uint64_t mask;
  uint32_t device[2];
  uint64_t magic;
  uint32_t flags, type;
  uint64_t ids[2];
  uint32_t old_ids[2];
  uint64_t attributes, propagation[4];
  uint32_t root, point;
  uint64_t unused[50];
};
_Static_assert(sizeof(struct mount_answer) == 512, "the texts of struct statmount begin here");
enum { all_mounts = -1, want_root = 0x08, want_point = 0x10, want_type = 0x20 };

int64_t clinux_list_mounts(
  uint64_t mount_namespace, uint64_t last, uint64_t *ids, size_t capacity) {
  struct mount_request request = {sizeof request, 0, (uint64_t)all_mounts, last, mount_namespace};
  return syscall(SYS_listmount, &request, ids, capacity, 0);
}

int32_t clinux_stat_mount(
  uint64_t mount_namespace, uint64_t mount, char *buffer, size_t size,
  struct clinux_mount *result) {
  const uint64_t wanted = want_root | want_point | want_type;
  struct mount_request request = {sizeof request, 0, mount, wanted, mount_namespace};
  struct mount_answer answer;
  if (syscall(SYS_statmount, &request, buffer, size, 0) != 0) return -1;
  memcpy(&answer, buffer, sizeof answer);
  const char *texts = buffer + sizeof answer;
  size_t room = size - sizeof answer;
  if ((answer.mask & wanted) != wanted || answer.type >= room || answer.root >= room
      || answer.point >= room) {
    errno = ENOENT;
    return -1;
  }
  result->type = texts + answer.type;
  result->root = texts + answer.root;
  result->point = texts + answer.point;
  return 0;
}
