// Linux calls and constants that Swift's Glibc module does not import: either they are
// variadic (syscall, open flags by macro), or their header is not part of that module.
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "EventRing.h"
#include "PinCalls.h"

/// The arguments that main was called with, the program's name first. Swift's `CommandLine` reads
/// them from /proc/self/cmdline, and has none where that cannot be read.
int32_t clinux_argument_count(void);
/// The argument at an index; NULL behind the last.
const char *clinux_argument(int32_t index);

/// O_PATH | O_DIRECTORY | O_CLOEXEC: a directory that names a place and reads nothing.
extern const int32_t CLINUX_O_PATH_DIRECTORY;
/// O_TMPFILE | O_WRONLY | O_CLOEXEC: a file without a name, until it is linked.
extern const int32_t CLINUX_O_TMPFILE;

/// The commands of fcntl(2) that get and set how many bytes a pipe holds.
extern const int32_t CLINUX_F_GETPIPE_SZ;
extern const int32_t CLINUX_F_SETPIPE_SZ;

/// getdents64(2). Returns the bytes filled, 0 at the end, or -1 with errno.
int64_t clinux_getdents64(int32_t directory, void *buffer, size_t capacity);

/// openat2(2) of a file to read, with the directory as the root of all that the path leads through;
/// no link at its end, and no link of /proc, is followed. It neither waits for who writes a FIFO
/// nor takes a terminal. Returns the file, or -1 with errno; ENOSYS before Linux 5.6.
int32_t clinux_open_in_root(int32_t directory, const char *path);

/// What nsfs puts in a file handle (struct nsfs_file_handle of linux/nsfs.h, Linux 6.18).
struct clinux_namespace_handle {
  uint64_t id;
  uint32_t type; // a CLONE_NEW* flag
  uint32_t inode;
};

/// name_to_handle_at(2) on a magic link of /proc/PID/ns, followed. Returns 0, or -1 with errno;
/// EOPNOTSUPP where the kernel's handle is not one of nsfs with an id in it.
int32_t clinux_namespace_handle(
  int32_t directory, const char *name, struct clinux_namespace_handle *result);
/// The same of a file that is open, be it with O_PATH only.
int32_t clinux_file_namespace_handle(int32_t file, struct clinux_namespace_handle *result);

/// ioctl(2) NS_GET_ID on an open namespace file (Linux 6.18). Returns 0, or -1 with errno.
int32_t clinux_namespace_id(int32_t file, uint64_t *result);

/// ioctl_nsfs(2) on an open namespace file: the user namespace that owns it (NS_GET_USERNS), or the
/// one it was made in (NS_GET_PARENT), as an open file to be closed; or -1 with errno.
int32_t clinux_namespace_owner(int32_t file);
int32_t clinux_namespace_parent(int32_t file);
/// ioctl_nsfs(2) NS_GET_OWNER_UID on an open user namespace. Returns 0, or -1 with errno.
int32_t clinux_namespace_owner_uid(int32_t file, uint32_t *result);

/// Whether an open file is of a proc file system (statfs(2)).
bool clinux_is_proc(int32_t file);

/// The two numbers of a st_dev (makedev(3)), as mountinfo shows them.
void clinux_device_numbers(uint64_t device, uint32_t *major_number, uint32_t *minor_number);

/// The columns of the terminal that a file is (TIOCGWINSZ of ioctl_tty(2)); 0 when it is none.
int32_t clinux_terminal_width(int32_t file);

/// A signalfd(2) for SIGINT, SIGTERM, SIGQUIT and, unless it is ignored, SIGHUP, which it blocks
/// for the calling thread. Returns it, or -1 with errno; `previous` is the mask to go back to.
int32_t clinux_stop_signals(sigset_t *previous);
/// Drops the signals that wait in a signalfd, closes it, and goes back to a mask.
void clinux_release_signals(int32_t signals, const sigset_t *previous);
/// The number of one signal waiting in a signalfd, 0 when none is, or -1 with errno.
int32_t clinux_read_signal(int32_t signals);

/// A timerfd(2) on CLOCK_BOOTTIME, which goes on while the machine is suspended.
int32_t clinux_boot_timer(void);
/// Arms the timer for one moment of CLOCK_BOOTTIME, in nanoseconds. Returns 0, or -1 with errno.
int32_t clinux_arm_timer(int32_t timer, int64_t boot_nanoseconds);

/// pthread_create(3) of a thread, detached, that no signal is delivered to and whose stack has so many
/// bytes. Returns 0, or the errno: it does not try again.
int32_t clinux_start_thread(size_t stack_bytes, void *(*body)(void *), void *context);

/// Sends one datagram to the socket of a service manager, as sd_notify(3) describes the protocol: a path, or an
/// abstract name (unix(7)) where the name begins with `@`. Returns 0, or -1 with errno.
int32_t clinux_notify_service(const char *socket_name, const char *text);
