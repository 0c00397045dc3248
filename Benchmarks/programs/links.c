// The floor of a sample, which is the least that it can cost: its system calls, and nothing else.
//
// Lists /proc and reads ten links of each process by readlinkat(2), relative to a directory that it holds open:
// /proc/PID, or with `ns` /proc/PID/ns, which saves a step of each path. Prints the median CPU time of a pass in
// microseconds.
//
//   links PASSES [ns]
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const links[] = {
  "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/pid_for_children", "ns/time",
  "ns/time_for_children", "ns/user", "ns/uts"};

static int held[1 << 22];

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int step = argc > 2 ? 3 : 0; // With `ns`: skips "ns/" in the names of the links.
  int passes = argc > 1 ? atoi(argv[1]) : 20;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  memset(held, -1, sizeof held);
  DIR *proc = opendir("/proc");
  double *costs = calloc(passes + 1, sizeof *costs);
  char text[64];
  long reads = 0;
  for (int pass = 0; pass <= passes; pass++) {
    double start = cpu();
    rewinddir(proc);
    for (struct dirent *entry; (entry = readdir(proc));) {
      int pid = atoi(entry->d_name);
      if (pid <= 0) continue;
      if (held[pid] < 0) {
        snprintf(text, sizeof text, step ? "%d/ns" : "%d", pid);
        held[pid] = openat(dirfd(proc), text, O_PATH | O_DIRECTORY);
      }
      for (int link = 0; link < 10; link++)
        if (readlinkat(held[pid], links[link] + step, text, sizeof text) > 0) reads++;
    }
    costs[pass] = cpu() - start;
  }
  // The first pass, which opens the directories, does not count.
  qsort(costs + 1, passes, sizeof *costs, compare);
  fprintf(stderr, "%ld links read a pass\n", reads / (passes + 1));
  printf("%.0f\n", costs[1 + passes / 2]);
  return 0;
}
