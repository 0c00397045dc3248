// A process that does what it is told, one order at a time, and answers when it is done.
//
//   u FLAGS   unshare(2) with CLONE_NEW* flags
//   s PID     setns(2) into the namespaces of FLAGS (set by 'n' before) of the process PID
//   n FLAGS   which namespaces the next 's' enters
//
// It ends when the other end of its socket is closed.
#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
  int64_t argument;
  char what;
};

static int32_t enter(int64_t pid, int flags) {
  // A pidfd enters several namespaces in one call (Linux 5.8).
  int file = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
  if (file < 0) return -errno;
  int32_t result = setns(file, flags) == 0 ? 0 : -errno;
  close(file);
  return result;
}

static void obey(int control) {
  int flags = 0;
  struct order order;
  while (read(control, &order, sizeof order) == (ssize_t)sizeof order) {
    int32_t answer = 0;
    switch (order.what) {
    case 'u': answer = unshare((int)order.argument) == 0 ? 0 : -errno; break;
    case 'n': flags = (int)order.argument; break;
    case 's': answer = enter(order.argument, flags); break;
    default: answer = -EINVAL;
    }
    if (write(control, &answer, sizeof answer) != (ssize_t)sizeof answer) break;
  }
  _exit(0);
}

int32_t ctest_puppet(int32_t *control) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGINT, SIG_IGN);
    // Nothing else of the test's stays open here: neither another puppet's control, whose end
    // would then not be seen, nor the pipes of a command that another test just starts.
    dup2(ends[1], 3);
    close_range(4, ~0U, 0);
    obey(3);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return -1;
  }
  *control = ends[0];
  return pid;
}

int32_t ctest_order(int32_t control, char what, int64_t argument) {
  struct order order = {argument, what};
  int32_t answer;
  if (send(control, &order, sizeof order, MSG_NOSIGNAL) != (ssize_t)sizeof order) return -EPIPE;
  if (recv(control, &answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer) return -EPIPE;
  return answer;
}

int32_t ctest_reap(int32_t pid) { return waitpid(pid, NULL, 0) == pid ? 0 : -errno; }
