#include "BPFLog.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static _Thread_local char text[4096];
static _Thread_local size_t length;

typedef int print_function(int level, const char *format, va_list arguments);

static int keep(int level, const char *format, va_list arguments) {
  size_t room = sizeof text - length;
  // Level 0 is LIBBPF_WARN.
  if (level != 0 || room < 2) return 0;
  int added = vsnprintf(text + length, room, format, arguments);
  if (added > 0) length += (size_t)added < room ? (size_t)added : room - 1;
  return 0;
}

void clinux_keep_bpf_log(void *libbpf_set_print) {
  print_function *(*set_print)(print_function *) = (print_function * (*)(print_function *)) libbpf_set_print;
  set_print(keep);
}

const char *clinux_bpf_log(void) { return text; }

void clinux_clear_bpf_log(void) {
  length = 0;
  text[0] = 0;
}
