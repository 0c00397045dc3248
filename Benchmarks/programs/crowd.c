// A load to be sampled: N sleeping processes, in S sets of network and uts namespaces.
//
//   crowd N S
//
// The leader of each set makes its namespaces and starts the members of the set. The program prints "ready" when all
// processes run. Then it reads a command from each line of its standard input, and prints "done" when it has carried
// it out: "replace K" ends K members and starts K others; "move K" lets K members enter another uts namespace, or go
// back to their own. Leaders are never replaced or moved. All processes end when standard input is closed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
  char kind[16];
  int count;
};

static int here, elsewhere; // Descriptors of the leader: the two uts namespaces that members move between.

static void end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

static void must(int result, const char *what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
}

static void enter(pid_t leader, int descriptor) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)leader, descriptor);
  int uts = open(path, O_RDONLY | O_CLOEXEC);
  must(uts, path);
  must(setns(uts, CLONE_NEWUTS), "setns");
  close(uts);
}

// Waits for SIGUSR1, which is blocked, and enters the other of the two namespaces each time. Closes the inherited
// descriptors first: like most processes, a member holds no namespace open.
static void member(pid_t leader) {
  close(here);
  close(elsewhere);
  sigset_t moves;
  sigemptyset(&moves);
  sigaddset(&moves, SIGUSR1);
  for (int away = 1;; away = !away) {
    int signal;
    sigwait(&moves, &signal);
    enter(leader, away ? elsewhere : here);
  }
}

static pid_t start_member(int order_pipe, int done_pipe) {
  pid_t leader = getpid(), pid = fork();
  must(pid, "fork");
  if (pid == 0) {
    end_with_parent();
    close(order_pipe);
    close(done_pipe);
    member(leader);
  }
  return pid;
}

// Makes a second uts namespace, in which no process is, and opens both for the members to move between.
static void open_namespaces(void) {
  must(here = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), "ns/uts");
  if (unshare(CLONE_NEWUTS) != 0) return; // Not permitted: the first move fails and says so.
  must(elsewhere = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), "ns/uts");
  must(setns(here, CLONE_NEWUTS), "setns");
}

static void lead(int members, int order_pipe, int done_pipe) {
  sigset_t moves;
  sigemptyset(&moves);
  sigaddset(&moves, SIGUSR1);
  sigprocmask(SIG_BLOCK, &moves, NULL);
  open_namespaces();
  pid_t *pids = calloc(members + 1, sizeof *pids);
  for (int place = 0; place < members; place++) pids[place] = start_member(order_pipe, done_pipe);
  must(write(done_pipe, "", 1), "write");
  struct order order;
  for (int place = 0; read(order_pipe, &order, sizeof order) == sizeof order;) {
    for (int left = members > 0 ? order.count : 0; left > 0; left--) {
      place = (place + 1) % members;
      if (strcmp(order.kind, "move") == 0) {
        kill(pids[place], SIGUSR1);
      } else {
        kill(pids[place], SIGKILL);
        waitpid(pids[place], NULL, 0);
        pids[place] = start_member(order_pipe, done_pipe);
      }
    }
    must(write(done_pipe, "", 1), "write");
  }
  exit(0);
}

// Waits until every leader has carried out its order.
static void await(int done_pipe, int sets) {
  char byte;
  while (sets-- > 0)
    if (read(done_pipe, &byte, 1) != 1) exit(1);
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 5000, sets = argc > 2 ? atoi(argv[2]) : 1;
  if (sets < 1) sets = 1;
  int done[2], *orders = calloc(sets, sizeof *orders);
  must(pipe(done), "pipe");
  for (int set = 0; set < sets; set++) {
    int order[2];
    must(pipe2(order, O_CLOEXEC), "pipe");
    pid_t pid = fork();
    must(pid, "fork");
    if (pid == 0) {
      end_with_parent();
      close(0);
      close(done[0]);
      close(order[1]);
      for (int other = 0; other < set; other++) close(orders[other]);
      if (sets > 1) must(unshare(CLONE_NEWNET | CLONE_NEWUTS), "unshare");
      lead(count / sets + (set < count % sets) - 1, order[0], done[1]);
    }
    close(order[0]);
    orders[set] = order[1];
  }
  close(done[1]);
  await(done[0], sets);
  puts("ready");
  fflush(stdout);
  struct order order;
  while (scanf("%15s %d", order.kind, &order.count) == 2) {
    struct order part = order;
    for (int set = 0; set < sets; set++) {
      part.count = order.count / sets + (set < order.count % sets);
      must(write(orders[set], &part, sizeof part), "write");
    }
    await(done[0], sets);
    puts("done");
    fflush(stdout);
  }
  return 0;
}
