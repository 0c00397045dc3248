// Linux calls and constants that Swift's Glibc module does not import: variadic functions such as
// syscall(2), flags that are macros, and declarations of headers that are not part of the module.
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "BPFLog.h"
#include "EventRing.h"
#include "PinCalls.h"
#include "ProgramRing.h"

/// The number of arguments that main was called with, including the program's name. Swift's
/// `CommandLine` reads the arguments from /proc/self/cmdline, and has none if that cannot be read.
int32_t clinux_argument_count(void);
/// Returns the argument at an index, which counts from 0, the program's name; NULL after the last.
const char *clinux_argument(int32_t index);

/// O_PATH | O_DIRECTORY | O_CLOEXEC: opens a directory only as the start of relative paths; it cannot be
/// listed.
extern const int32_t CLINUX_O_PATH_DIRECTORY;
/// O_TMPFILE | O_WRONLY | O_CLOEXEC: creates a file that has no name until linkat(2) gives it one.
extern const int32_t CLINUX_O_TMPFILE;

/// The commands of fcntl(2) that get and set the capacity of a pipe in bytes.
extern const int32_t CLINUX_F_GETPIPE_SZ;
extern const int32_t CLINUX_F_SETPIPE_SZ;

/// getdents64(2): reads directory entries. Returns the number of bytes read, 0 at the end of the
/// directory, or -1 with errno.
int64_t clinux_getdents64(int32_t directory, void *buffer, size_t capacity);

/// Opens a file for reading by openat2(2). The directory is the root directory for the path and for every
/// symbolic link on it. The call fails on a symbolic link at the end of the path and on a magic link of
/// /proc. It neither waits for the writer of a FIFO nor acquires a controlling terminal. Returns the
/// descriptor, or -1 with errno; ENOSYS before Linux 5.6.
int32_t clinux_open_in_root(int32_t directory, const char *path);

/// The file handle of a namespace (struct nsfs_file_handle of linux/nsfs.h, Linux 6.18). nsfs is the
/// kernel's file system of namespaces; `id` is the kernel's id of the namespace, which is never reused.
struct clinux_namespace_handle {
  uint64_t id;
  uint32_t type; // a CLONE_NEW* flag
  uint32_t inode;
};

/// Reads the handle of the namespace that a magic link of /proc/PID/ns leads to (name_to_handle_at(2)).
/// Returns 0, or -1 with errno; EOPNOTSUPP if the handle is not one of nsfs, or contains no id.
int32_t clinux_namespace_handle(
  int32_t directory, const char *name, struct clinux_namespace_handle *result);
/// Reads the handle of an open namespace file, which may be opened with O_PATH; returns as the function
/// above.
int32_t clinux_file_namespace_handle(int32_t file, struct clinux_namespace_handle *result);

/// Reads the kernel's id of an open namespace file (ioctl_nsfs(2) NS_GET_ID, Linux 6.18). Returns 0, or -1
/// with errno.
int32_t clinux_namespace_id(int32_t file, uint64_t *result);

/// Opens the user namespace that owns an open namespace file (ioctl_nsfs(2) NS_GET_USERNS). Returns a
/// descriptor, which the caller closes, or -1 with errno.
int32_t clinux_namespace_owner(int32_t file);
/// Opens the parent of an open pid or user namespace (ioctl_nsfs(2) NS_GET_PARENT); returns as the function
/// above.
int32_t clinux_namespace_parent(int32_t file);
/// Reads the UID of the creator of an open user namespace (ioctl_nsfs(2) NS_GET_OWNER_UID). Returns 0, or -1
/// with errno.
int32_t clinux_namespace_owner_uid(int32_t file, uint32_t *result);

/// Whether an open file is in a proc file system (statfs(2)).
bool clinux_is_proc(int32_t file);

/// Splits a device number such as st_dev into its major and minor number (makedev(3)), which mountinfo
/// shows as MAJOR:MINOR.
void clinux_device_numbers(uint64_t device, uint32_t *major_number, uint32_t *minor_number);

/// Returns the number of columns of a terminal (TIOCGWINSZ of ioctl_tty(2)); 0 if the file is no terminal.
int32_t clinux_terminal_width(int32_t file);
/// Returns the number of lines of a terminal; 0 if the file is no terminal.
int32_t clinux_terminal_height(int32_t file);

/// Blocks SIGINT, SIGTERM, SIGQUIT and, unless it is ignored, SIGHUP for the calling thread, and opens a
/// signalfd(2) that reads them. Stores the former signal mask in `previous`. Returns the descriptor, or -1
/// with errno.
int32_t clinux_stop_signals(sigset_t *previous);
/// Discards the pending signals of a signalfd, closes it, and restores a signal mask.
void clinux_release_signals(int32_t signals, const sigset_t *previous);
/// Reads one pending signal from a signalfd. Returns its number, 0 if none is pending, or -1 with errno.
int32_t clinux_read_signal(int32_t signals);

/// Creates a timerfd(2) on CLOCK_BOOTTIME, which advances while the machine is suspended. Returns the
/// descriptor, or -1 with errno.
int32_t clinux_boot_timer(void);
/// Sets the timer to expire once, at a time of CLOCK_BOOTTIME in nanoseconds. Returns 0, or -1 with errno.
int32_t clinux_arm_timer(int32_t timer, int64_t boot_nanoseconds);

/// Starts a detached thread with a stack of `stack_bytes` bytes and all signals blocked (pthread_create(3)).
/// Returns 0, or an error number; it does not retry after EAGAIN.
int32_t clinux_start_thread(size_t stack_bytes, void *(*body)(void *), void *context);

/// Sends one datagram to the socket of a service manager, by the protocol of sd_notify(3). The socket name is a
/// path, or an abstract name (unix(7)) if it begins with `@`. Returns 0, or -1 with errno.
int32_t clinux_notify_service(const char *socket_name, const char *text);

/// Returns the free memory of the heap to the kernel (malloc_trim(3)).
void clinux_trim_heap(void);
