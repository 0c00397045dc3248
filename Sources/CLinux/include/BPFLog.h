// Keeps the warnings of libbpf. This is C because libbpf gives them to a callback as a va_list.
#pragma once

/// Makes libbpf give its messages to this log: calls libbpf_set_print (bpf/libbpf.h), which is passed by its address.
/// Each thread has a log of its own, with room for a few thousand bytes, for the warnings that its own calls cause;
/// messages of lower levels, and warnings that find no room, are dropped.
void clinux_keep_bpf_log(void *libbpf_set_print);

/// Returns the log of the calling thread, valid until its next warning.
const char *clinux_bpf_log(void);
/// Empties the log of the calling thread.
void clinux_clear_bpf_log(void);
