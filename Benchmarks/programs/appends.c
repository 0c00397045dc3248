// The floor of writing, which is the least that it can cost: it appends the same number of bytes to a file and does
// nothing else.
//
//   appends FILE BYTES TIMES [sync]
//
// With `sync`, fdatasync(2) writes each append to the disk, as SQLite does with a committed sample.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  int file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
  size_t size = strtoul(argv[2], NULL, 10);
  char *bytes = malloc(size + 1);
  if (file < 0 || !bytes) return perror(argv[1]), 1;
  memset(bytes, 'n', size);
  for (long times = atol(argv[3]); times > 0; times--) {
    if (write(file, bytes, size) != (ssize_t)size) return perror(argv[1]), 1;
    if (argc > 4 && fdatasync(file) != 0) return perror(argv[1]), 1;
  }
  return 0;
}
