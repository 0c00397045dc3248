// A process that makes namespaces as fast as the kernel permits, as a user without privilege can.
#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int32_t ctest_hammer(int32_t milliseconds) {
  pid_t pid = fork();
  if (pid != 0) return pid < 0 ? -errno : pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "hammer");
  close_range(3, ~0U, 0);
  if (syscall(SYS_setresuid, 65534, 65534, 65534) != 0) _exit(1);
  if (unshare(CLONE_NEWUSER) != 0) _exit(2);
  int64_t end = now() + milliseconds;
  while (now() < end) unshare(CLONE_NEWUTS | CLONE_NEWIPC);
  while (1) pause();
}
