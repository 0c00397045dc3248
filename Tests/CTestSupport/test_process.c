// A test process: a process that reads orders from a socket, carries out one at a time, and answers when it is done. An
// order is a letter and a number:
//
//   u FLAGS   unshare(2) with CLONE_NEW* flags
//   n FLAGS   sets which namespaces the next 's' enters
//   s PID     setns(2) into those namespaces of the process PID
//   f 0       starts a child that does nothing; the answer is its PID
//   v 0       starts a child by vfork(2), which executes /bin/sleep; the answer is its PID
//   p 0       starts a sibling by clone(2) with CLONE_PARENT, which does nothing; the answer is its PID
//   a 0 or 1  hides the arguments of the process, as in the middle of an exec, or shows them again
//   o PID     opens the uts namespace of the process PID; the answer is the descriptor
//   k 0       makes a socket; the answer is its descriptor
//   t 0       starts a second thread; the answer is its TID
//   U FLAGS   unshare(2) in the second thread
//   J PID     setns(2) of the second thread into the net namespace of the process PID
//   b FLAGS   the second thread enters the namespaces of FLAGS that the main thread is in
//   e 0       the second thread ends
//   x 0       the second thread executes /bin/sleep, which replaces the whole process
//   l 0       the main thread exits; from then on the second thread reads the orders itself
//
// The test process ends when the other end of its socket is closed.
#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static int32_t start_child(int control) {
  pid_t pid = fork();
  if (pid != 0) return pid < 0 ? -errno : pid;
  // Closes the inherited socket, which would otherwise stay open after the test process. The alarm ends a child that a
  // test forgets.
  close(control);
  alarm(60);
  while (1) pause();
}

static int32_t start_by_vfork(void) {
  pid_t pid = vfork();
  if (pid == 0) {
    execl("/bin/sleep", "sleep", "60", (char *)NULL);
    _exit(127);
  }
  return pid < 0 ? -errno : pid;
}

/// Starts a child of this process's own parent.
static int32_t start_sibling(int control) {
  long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (pid != 0) return pid < 0 ? -errno : (int32_t)pid;
  close(control);
  alarm(60);
  while (1) pause();
}

/// PR_SET_MM_MAP (PR_SET_MM_MAP(2const)) needs no capability, but all addresses of the memory: those of
/// /proc/self/stat (proc_pid_stat(5)).
static int32_t show_arguments(int64_t areShown) {
  static unsigned long fields[52];
  char line[1024];
  if (fields[49] == 0) {
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t length = read(file, line, sizeof line - 1);
    close(file);
    if (length < 0) return -errno;
    line[length] = 0;
    // The name, the second field, is in parentheses.
    char *field = strrchr(line, ')');
    for (int number = 3; number < 52 && (field = strchr(field + 1, ' ')); number++)
      fields[number] = strtoul(field + 1, NULL, 10);
    if (!field) return -EINVAL;
  }
  struct prctl_mm_map map = {
    .start_code = fields[26], .end_code = fields[27], .start_stack = fields[28],
    .start_data = fields[45], .end_data = fields[46], .start_brk = fields[47],
    .brk = (unsigned long)sbrk(0), .arg_start = fields[48],
    .arg_end = areShown ? fields[49] : fields[48], .env_start = fields[50], .env_end = fields[51],
    .exe_fd = (uint32_t)-1,
  };
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0 ? 0 : -errno;
}

/// Opens the uts namespace of a process and leaves it open.
static int32_t open_uts(int64_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/uts", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  return file < 0 ? -errno : file;
}

static int32_t leave(int64_t flags) { return unshare((int)flags) == 0 ? 0 : -errno; }

/// The second thread, and a pipe by which the main thread passes orders to it.
static pthread_t second;
static int orders[2] = {-1, -1};
static int answers;

static int say(int32_t answer) {
  return write(answers, &answer, sizeof answer) == (ssize_t)sizeof answer;
}

/// Waits until the main thread has exited. It is a zombie as long as another thread lives.
static int32_t await_end_of_main_thread(void) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
  for (int tries = 0; tries < 10000; tries++) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t length = read(file, line, sizeof line - 1);
    close(file);
    if (length < 0) return -errno;
    line[length] = 0;
    // The state follows the name, which is in parentheses.
    const char *name_end = strrchr(line, ')');
    if (name_end && name_end[1] == ' ' && name_end[2] == 'Z') return 0;
    usleep(1000);
  }
  return -ETIMEDOUT;
}

static void *obey_in_thread(void *unused) {
  struct order order;
  int source = orders[0];
  if (!say((int32_t)syscall(SYS_gettid))) return unused;
  while (read(source, &order, sizeof order) == (ssize_t)sizeof order) {
    if (order.what == 'e') break;
    int32_t answer = 0;
    if (order.what == 'l') {
      source = answers;
      answer = await_end_of_main_thread();
    }
    if (order.what == 'U') answer = leave(order.argument);
    if (order.what == 'J') answer = enter(order.argument, CLONE_NEWNET);
    if (order.what == 'b') answer = enter(getpid(), (int)order.argument);
    if (!say(answer)) break;
    if (order.what == 'x') execl("/bin/sleep", "sleep", "600", (char *)NULL);
  }
  return unused;
}

/// Passes an order to the second thread if it is about that thread, and returns whether it is. The second thread
/// answers, except for `e` and for failures, which the main thread answers.
static int obeyed_by_second(const struct order *order) {
  switch (order->what) {
  case 't':
    if (pipe2(orders, O_CLOEXEC) != 0 || pthread_create(&second, NULL, obey_in_thread, NULL) != 0)
      say(-EAGAIN);
    return 1;
  case 'U':
  case 'J':
  case 'b':
  case 'e':
  case 'x':
  case 'l':
    if (write(orders[1], order, sizeof *order) != (ssize_t)sizeof *order)
      say(-EPIPE);
    else if (order->what == 'l')
      syscall(SYS_exit, 0);
    else if (order->what == 'e')
      say(-pthread_join(second, NULL));
    return 1;
  default: return 0;
  }
}

static void obey(int control) {
  int flags = 0;
  struct order order;
  answers = control;
  while (read(control, &order, sizeof order) == (ssize_t)sizeof order) {
    int32_t answer = 0;
    if (obeyed_by_second(&order)) continue;
    switch (order.what) {
    case 'u': answer = leave(order.argument); break;
    case 'f': answer = start_child(control); break;
    case 'a': answer = show_arguments(order.argument); break;
    case 'v': answer = start_by_vfork(); break;
    case 'p': answer = start_sibling(control); break;
    case 'n': flags = (int)order.argument; break;
    case 's': answer = enter(order.argument, flags); break;
    case 'o': answer = open_uts(order.argument); break;
    case 'k':
      answer = socket(AF_UNIX, SOCK_STREAM, 0);
      if (answer < 0) answer = -errno;
      break;
    default: answer = -EINVAL;
    }
    if (!say(answer)) break;
  }
  _exit(0);
}

/// fork(2), or clone3(2) where the child has to start in new namespaces.
static pid_t fork_into(uint64_t flags) {
  if (flags == 0) return fork();
  struct clone_args args;
  memset(&args, 0, sizeof args);
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int32_t ctest_process(uint64_t flags, int32_t *control) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  pid_t pid = fork_into(flags);
  if (pid == 0) {
    signal(SIGINT, SIG_IGN);
    // Closes all other descriptors of the test: the socket of another test process, which would not notice the close of
    // the test's end, and the pipes of commands that other tests are starting.
    dup3(ends[1], 3, O_CLOEXEC);
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

/// Makes the namespaces, starts the test process in them, and exits at once, like the process that starts a daemon.
static void make_and_exit(uint64_t flags, int control) {
  if (flags != 0 && unshare((int)flags) != 0) _exit(1);
  pid_t pid = fork();
  if (pid != 0) _exit(pid < 0);
  signal(SIGINT, SIG_IGN);
  dup2(control, 3);
  close_range(4, ~0U, 0);
  answers = 3;
  if (!say((int32_t)getpid())) _exit(1);
  obey(3);
}

int32_t ctest_daemon(uint64_t flags, int32_t *control, int32_t *reaper) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGINT, SIG_IGN);
    // As a subreaper, this process becomes the parent of the daemon, and waits for it in place of the test.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) _exit(1);
    pid_t maker = fork();
    if (maker == 0) make_and_exit(flags, ends[1]);
    close_range(3, ~0U, 0);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    _exit(0);
  }
  close(ends[1]);
  int32_t daemon = -1;
  if (pid > 0 && recv(ends[0], &daemon, sizeof daemon, MSG_WAITALL) != (ssize_t)sizeof daemon)
    daemon = -1;
  if (daemon < 0) {
    if (pid > 0) waitpid(pid, NULL, 0);
    close(ends[0]);
    return -1;
  }
  *control = ends[0];
  *reaper = pid;
  return daemon;
}

int32_t ctest_order(int32_t control, char what, int64_t argument) {
  struct order order = {argument, what};
  int32_t answer;
  if (send(control, &order, sizeof order, MSG_NOSIGNAL) != (ssize_t)sizeof order) return -EPIPE;
  if (recv(control, &answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer) return -EPIPE;
  return answer;
}

int32_t ctest_reap(int32_t pid) { return waitpid(pid, NULL, 0) == pid ? 0 : -errno; }

int32_t ctest_orphan(int32_t flags) {
  int answer[2];
  if (pipe(answer) != 0) return -errno;
  pid_t parent = fork();
  if (parent == 0) {
    if (fork() != 0) _exit(0);
    int32_t result = unshare(flags) == 0 ? 0 : -errno;
    pid_t orphan = result == 0 ? fork() : -1;
    if (orphan == 0) {
      int32_t own = getpid();
      ssize_t sent = write(answer[1], &own, sizeof own);
      close(answer[1]);
      alarm(60);
      while (sent > 0) pause();
    }
    if (result != 0 && write(answer[1], &result, sizeof result) < 0) _exit(1);
    _exit(0);
  }
  close(answer[1]);
  int32_t pid = -EIO;
  if (parent < 0) {
    pid = -EAGAIN;
  } else {
    ssize_t count;
    do {
      count = read(answer[0], &pid, sizeof pid);
    } while (count < 0 && errno == EINTR);
    if (count != sizeof pid) pid = -EIO;
    waitpid(parent, NULL, 0);
  }
  close(answer[0]);
  return pid;
}
