// The floor of writing: the same bytes appended to a file, and nothing else.
//
//   appends FILE BYTES TIMES [sync]
//
// With `sync` each append is brought to the disk by fdatasync(2), as a committed sample is.
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
