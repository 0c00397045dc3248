#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static int argument_count;
static char **argument_values;

// glibc passes the arguments of main to each constructor, a function in .init_array (call_init of
// csu/libc-start.c and _dl_init of elf/dl-init.c).
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  argument_values = values;
}

int32_t clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int32_t index) {
  return index >= 0 && index < argument_count ? argument_values[index] : NULL;
}

const int32_t CLINUX_O_PATH_DIRECTORY = O_PATH | O_DIRECTORY | O_CLOEXEC;
const int32_t CLINUX_O_TMPFILE = O_TMPFILE | O_WRONLY | O_CLOEXEC;
const int32_t CLINUX_F_GETPIPE_SZ = F_GETPIPE_SZ;
const int32_t CLINUX_F_SETPIPE_SZ = F_SETPIPE_SZ;

int64_t clinux_getdents64(int32_t directory, void *buffer, size_t capacity) {
  return syscall(SYS_getdents64, directory, buffer, capacity);
}

int32_t clinux_open_in_root(int32_t directory, const char *path) {
  struct open_how how = {
    .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW,
    .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return (int32_t)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// FILEID_NSFS of linux/exportfs.h. The kernel headers that this is compiled with may be older than the
// kernel that it runs on, and lack the constant.
enum { nsfs_handle_type = 0xf1 };

static int32_t read_handle(
  int32_t directory, const char *name, int flags, struct clinux_namespace_handle *result) {
  union {
    struct file_handle handle;
    unsigned char room[sizeof(struct file_handle) + 128];
  } buffer;
  int mount;
  buffer.handle.handle_bytes = 128;
  if (name_to_handle_at(directory, name, &buffer.handle, &mount, flags) != 0) return -1;
  if (buffer.handle.handle_type != nsfs_handle_type
      || buffer.handle.handle_bytes < sizeof(*result)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  memcpy(result, buffer.handle.f_handle, sizeof(*result));
  return 0;
}

int32_t clinux_namespace_handle(
  int32_t directory, const char *name, struct clinux_namespace_handle *result) {
  return read_handle(directory, name, AT_SYMLINK_FOLLOW, result);
}

int32_t clinux_file_namespace_handle(int32_t file, struct clinux_namespace_handle *result) {
  return read_handle(file, "", AT_EMPTY_PATH, result);
}

int32_t clinux_namespace_id(int32_t file, uint64_t *result) {
  return ioctl(file, _IOR(0xb7, 0xd, uint64_t), result);
}

int32_t clinux_namespace_owner(int32_t file) { return ioctl(file, _IO(0xb7, 0x1)); }

int32_t clinux_namespace_parent(int32_t file) { return ioctl(file, _IO(0xb7, 0x2)); }

int32_t clinux_namespace_owner_uid(int32_t file, uint32_t *result) {
  return ioctl(file, _IO(0xb7, 0x4), result);
}

bool clinux_is_proc(int32_t file) {
  struct statfs status;
  return fstatfs(file, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

void clinux_device_numbers(uint64_t device, uint32_t *major_number, uint32_t *minor_number) {
  *major_number = major(device);
  *minor_number = minor(device);
}

int32_t clinux_terminal_width(int32_t file) {
  struct winsize size;
  return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int32_t clinux_terminal_height(int32_t file) {
  struct winsize size;
  return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

int32_t clinux_stop_signals(sigset_t *previous) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGQUIT);
  // nohup(1) ignores SIGHUP. A signal that is blocked is queued for the signalfd even if it is ignored, so
  // an ignored SIGHUP stays unblocked.
  struct sigaction hangup;
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGHUP);
  }
  int failure = pthread_sigmask(SIG_BLOCK, &set, previous);
  if (failure != 0) {
    errno = failure;
    return -1;
  }
  int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) {
    failure = errno;
    pthread_sigmask(SIG_SETMASK, previous, NULL);
    errno = failure;
  }
  return signals;
}

int32_t clinux_read_signal(int32_t signals) {
  struct signalfd_siginfo info;
  ssize_t count = read(signals, &info, sizeof info);
  if (count == (ssize_t)sizeof info) return (int32_t)info.ssi_signo;
  return count < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

void clinux_release_signals(int32_t signals, const sigset_t *previous) {
  while (clinux_read_signal(signals) > 0) {
  }
  close(signals);
  pthread_sigmask(SIG_SETMASK, previous, NULL);
}

int32_t clinux_boot_timer(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC); }

int32_t clinux_arm_timer(int32_t timer, int64_t boot_nanoseconds) {
  struct itimerspec when = {
    .it_value = {boot_nanoseconds / 1000000000, boot_nanoseconds % 1000000000}};
  return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

int32_t clinux_start_thread(size_t stack_bytes, void *(*body)(void *), void *context) {
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure != 0) return failure;
  sigset_t all, previous;
  sigfillset(&all);
  failure = pthread_attr_setstacksize(&attributes, stack_bytes);
  if (failure == 0) {
    failure = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  }
  if (failure == 0) failure = pthread_sigmask(SIG_SETMASK, &all, &previous);
  if (failure == 0) {
    pthread_t thread;
    failure = pthread_create(&thread, &attributes, body, context);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
  }
  pthread_attr_destroy(&attributes);
  return failure;
}

int32_t clinux_notify_service(const char *socket_name, const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(socket_name);
  if ((socket_name[0] != '/' && socket_name[0] != '@') || length >= sizeof address.sun_path) {
    errno = EINVAL;
    return -1;
  }
  memcpy(address.sun_path, socket_name, length);
  // In the socket address, an abstract name begins with a zero byte in place of the `@`, and is not
  // terminated by one.
  if (socket_name[0] == '@') address.sun_path[0] = 0;
  int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return -1;
  ssize_t sent = sendto(file, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
  int failure = errno;
  close(file);
  errno = failure;
  return sent < 0 ? -1 : 0;
}

void clinux_trim_heap(void) { malloc_trim(0); }
