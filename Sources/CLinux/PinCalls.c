#define _GNU_SOURCE
#include "PinCalls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

const int32_t CLINUX_O_PATH = O_PATH | O_CLOEXEC;

// The headers of this system may be older than its kernel. These numbers are the same on every
// architecture: they came after the tables of system calls were made alike.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

// linux/openat2.h, linux/magic.h, asm-generic/socket.h, linux/sockios.h.
struct open_how_v0 {
  uint64_t flags, mode, resolve;
};
enum {
  resolve_no_magiclinks = 0x02,
  resolve_no_symlinks = 0x04,
  resolve_in_root = 0x10,
  resolve_cached = 0x20,
  nsfs_magic = 0x6e736673,
  so_netns_cookie = 71,
  siocgskns = 0x894C,
};

int32_t clinux_open_cached(int32_t root, const char *path) {
  struct open_how_v0 how = {
    .flags = O_PATH | O_CLOEXEC,
    .resolve = resolve_in_root | resolve_no_symlinks | resolve_no_magiclinks | resolve_cached};
  return (int32_t)syscall(SYS_openat2, root, path, &how, sizeof how);
}

bool clinux_is_nsfs(int32_t file) {
  struct statfs status;
  return fstatfs(file, &status) == 0 && status.f_type == nsfs_magic;
}

int32_t clinux_namespace_flag(int32_t file) { return ioctl(file, _IO(0xb7, 0x3)); }

int32_t clinux_pidfd_open(int32_t pid) { return (int32_t)syscall(SYS_pidfd_open, pid, 0); }

int32_t clinux_pidfd_getfd(int32_t pidfd, int32_t number) {
  return (int32_t)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

int32_t clinux_socket_cookie(int32_t socket, uint64_t *result) {
  socklen_t length = sizeof *result;
  return getsockopt(socket, SOL_SOCKET, so_netns_cookie, result, &length);
}

int32_t clinux_socket_namespace(int32_t socket) { return ioctl(socket, siocgskns); }
