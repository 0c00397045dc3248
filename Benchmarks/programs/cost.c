// Runs a command to its end, reads its output, and writes into FILE what it cost.
//
//   cost FILE COMMAND [ARGUMENT...]
//
// FILE gets the CPU time and the wall time in microseconds, the peak of memory in KiB, the lines and the bytes of the
// output, and the exit status. This is a small C program for two reasons: it adds less than a millisecond, and it
// does not raise the peak of memory, since that of a child starts from that of its parent.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char block[1 << 16];

static double microseconds(struct timeval time) { return time.tv_sec * 1e6 + time.tv_usec; }

int main(int argc, char **argv) {
  struct timespec began, ended;
  int output[2];
  FILE *file;
  if (argc < 3) return 64;
  if (!(file = fopen(argv[1], "w"))) return perror(argv[1]), 1;
  if (pipe(output) != 0) return perror("pipe"), 1;
  clock_gettime(CLOCK_MONOTONIC, &began);
  pid_t child = vfork();
  if (child < 0) return perror("vfork"), 1;
  if (child == 0) {
    dup2(output[1], 1);
    close(output[0]);
    close(output[1]);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  close(output[1]);
  long lines = 0, bytes = 0;
  char *at;
  for (ssize_t size; at = block, (size = read(output[0], block, sizeof block)) > 0; bytes += size)
    for (char *end; (end = memchr(at, '\n', block + size - at)); at = end + 1) lines++;
  int status;
  struct rusage usage;
  wait4(child, &status, 0, &usage);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  fprintf(
    file, "%.0f %.0f %ld %ld %ld %d\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
    (ended.tv_sec - began.tv_sec) * 1e6 + (ended.tv_nsec - began.tv_nsec) / 1e3, usage.ru_maxrss,
    lines, bytes, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
