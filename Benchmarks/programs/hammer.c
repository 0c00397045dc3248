// Changes its uts namespace RATE times a second by setns(2), between two namespaces that it makes, and prints the
// number of changes.
//
//   hammer RATE SECONDS
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char own[] = "/proc/self/ns/uts";

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int made(void) {
  if (unshare(CLONE_NEWUTS) != 0) {
    perror("unshare");
    exit(1);
  }
  return open(own, O_RDONLY);
}

int main(int count, char **arguments) {
  if (count != 3) return 64;
  double rate = atof(arguments[1]), seconds = atof(arguments[2]);
  int places[2] = {made(), made()};
  double began = now();
  long done = 0;
  while (now() - began < seconds) {
    // Makes the changes that are due by now, then pauses. It never pauses where it cannot reach the rate.
    while ((double)done < (now() - began) * rate && now() - began < seconds) {
      if (setns(places[done % 2], CLONE_NEWUTS) != 0) {
        perror("setns");
        return 1;
      }
      done++;
    }
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  printf("%ld\n", done);
  return 0;
}
