// Checks whether a namespace still exists, and builds a pin (a mount of a namespace) whose access blocks, because it
// is in a FUSE file system whose server is stopped.
#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int32_t ctest_namespace_exists(uint64_t id, uint32_t type, uint32_t inode) {
  union {
    struct file_handle handle;
    unsigned char room[sizeof(struct file_handle) + 16];
  } buffer;
  struct {
    uint64_t id;
    uint32_t type, inode;
  } name = {id, type, inode};
  buffer.handle.handle_bytes = sizeof name;
  buffer.handle.handle_type = 0xf1; // FILEID_NSFS of linux/exportfs.h
  memcpy(buffer.handle.f_handle, &name, sizeof name);
  int any = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (any < 0) return -errno;
  int file = open_by_handle_at(any, &buffer.handle, O_RDONLY | O_CLOEXEC);
  int failure = errno;
  close(any);
  if (file >= 0) {
    close(file);
    return 1;
  }
  return failure == ESTALE ? 0 : -failure;
}

int32_t ctest_become_nobody(void) {
  // The system calls change this thread only; the functions of the C library would change every thread.
  if (syscall(SYS_setresgid, 65534, 65534, 65534) != 0) return -errno;
  if (syscall(SYS_setresuid, 65534, 65534, 65534) != 0) return -errno;
  return prctl(PR_SET_DUMPABLE, 1) == 0 ? 0 : -errno;
}

/// Serves a FUSE file system: one directory with one file called "pin". Names and attributes are valid for no time at
/// all, so that the kernel asks the server at each access.
static void serve(int fuse) {
  static char request[1 << 17];
  struct {
    struct fuse_out_header header;
    union {
      struct fuse_init_out init;
      struct fuse_entry_out entry;
      struct fuse_attr_out attr;
      struct fuse_open_out open;
    } body;
  } reply;
  while (1) {
    ssize_t size = read(fuse, request, sizeof request);
    if (size < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN)) continue;
    if (size < (ssize_t)sizeof(struct fuse_in_header)) return;
    const struct fuse_in_header *header = (const void *)request;
    const struct fuse_init_in *init = (const void *)(header + 1);
    size_t length = 0;
    memset(&reply, 0, sizeof reply);
    reply.header.unique = header->unique;
    switch (header->opcode) {
    case FUSE_INIT:
      reply.body.init.major = FUSE_KERNEL_VERSION;
      reply.body.init.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor
                                                                      : FUSE_KERNEL_MINOR_VERSION;
      reply.body.init.max_write = 4096;
      length = sizeof reply.body.init;
      break;
    case FUSE_LOOKUP:
      if (strcmp((const char *)(header + 1), "pin") != 0) {
        reply.header.error = -ENOENT;
        break;
      }
      reply.body.entry.nodeid = 2;
      reply.body.entry.attr.ino = 2;
      reply.body.entry.attr.mode = S_IFREG | 0644;
      reply.body.entry.attr.nlink = 1;
      length = sizeof reply.body.entry;
      break;
    case FUSE_GETATTR:
      reply.body.attr.attr.ino = header->nodeid;
      reply.body.attr.attr.mode = header->nodeid == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
      reply.body.attr.attr.nlink = 1;
      length = sizeof reply.body.attr;
      break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET: continue;
    default: reply.header.error = -ENOSYS;
    }
    reply.header.len = (uint32_t)(sizeof reply.header + length);
    if (write(fuse, &reply, reply.header.len) < 0 && errno != ENOENT) return;
  }
}

/// Mounts the FUSE file system at `path` in a new mount namespace, mounts a namespace file on `path`/pin, and stops
/// the server.
static int32_t mount_stuck(const char *path, const char *file, int32_t *server) {
  char options[128], pin[4096];
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return -errno;
  int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fuse < 0) return -errno;
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
  if (mount("stuck", path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) return -errno;
  *server = fork();
  if (*server < 0) return -errno;
  if (*server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(fuse);
    _exit(0);
  }
  close(fuse);
  snprintf(pin, sizeof pin, "%s/pin", path);
  if (mount(file, pin, NULL, MS_BIND, NULL) != 0) return -errno;
  if (kill(*server, SIGSTOP) != 0) return -errno;
  // Waits for the stop. Before it, the server could still take a request without answering it, and a process that
  // waits for such an answer cannot be killed.
  int status;
  return waitpid(*server, &status, WUNTRACED) == *server && WIFSTOPPED(status) ? 0 : -EIO;
}

int32_t ctest_stuck_fuse(const char *path, const char *file, int32_t *server) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) {
    int32_t answer[2] = {0, -1};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Closes the inherited descriptors: one of another test could keep a namespace alive.
    dup2(ends[1], 3);
    close_range(4, ~0U, 0);
    answer[0] = mount_stuck(path, file, &answer[1]);
    if (write(3, answer, sizeof answer) != (ssize_t)sizeof answer || answer[0] != 0) {
      if (answer[1] > 0) kill(answer[1], SIGKILL);
      _exit(1);
    }
    close(3);
    while (1) pause();
  }
  close(ends[1]);
  int32_t answer[2] = {-ECHILD, -1};
  if (pid > 0 && read(ends[0], answer, sizeof answer) != (ssize_t)sizeof answer)
    answer[0] = -EPIPE;
  close(ends[0]);
  if (answer[0] == 0) {
    *server = answer[1];
    return pid;
  }
  if (pid > 0) waitpid(pid, NULL, 0);
  return answer[0];
}

/// Waits up to one second for the end of a child.
static int ends_soon(pid_t child) {
  for (int look = 0; look < 100; look++) {
    if (waitpid(child, NULL, WNOHANG) != 0) return 1;
    usleep(10000);
  }
  return 0;
}

int32_t ctest_stat_waits(int32_t pid, const char *path) {
  char full[4096];
  snprintf(full, sizeof full, "/proc/%d/root%s", pid, path);
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child == 0) {
    struct stat status;
    close_range(3, ~0U, 0);
    _exit(stat(full, &status) == 0 ? 0 : 1);
  }
  usleep(300000);
  if (waitpid(child, NULL, WNOHANG) != 0) return 0;
  kill(child, SIGKILL);
  return ends_soon(child) ? 1 : -EBUSY;
}
