// A crowd to be sampled: N processes that sleep, spread over S network and uts namespaces.
// Prints "ready" when all are there; ends with all of them when its standard input is closed.
//
//   crowd N S
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 5000, sets = argc > 2 ? atoi(argv[2]) : 1;
  if (sets < 1) sets = 1;
  int ready[2];
  if (pipe(ready) != 0) return 1;
  for (int set = 0; set < sets; set++) {
    int members = count / sets + (set < count % sets);
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(0);
      if (sets > 1 && unshare(CLONE_NEWNET | CLONE_NEWUTS) != 0) perror("unshare");
      for (int member = 1; member < members; member++) {
        if (fork() == 0) {
          prctl(PR_SET_PDEATHSIG, SIGKILL);
          close(ready[1]);
          for (;;) pause();
        }
      }
      close(ready[1]);
      for (;;) pause();
    }
  }
  close(ready[1]);
  char byte;
  while (read(ready[0], &byte, 1) > 0) {
  }
  puts("ready");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
