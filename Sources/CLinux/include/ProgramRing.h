// The ring into which BPF programs write records (BPF_MAP_TYPE_RINGBUF, Documentation/bpf/ringbuf.rst of the kernel).
// This is C because the positions and the headers of records need atomic reads and writes with a memory order.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A mapped ring. All of its memory that a process maps counts as memory of the process, touched or not, so only a part
/// of the records is mapped at a time: a window, which begins at a multiple of its size.
struct clinux_program_ring {
  int32_t map;
  /// An epoll(7) descriptor to poll(2): readable after a wakeup by a program. Polled itself, a ring is readable as long
  /// as it has a record.
  int32_t wakeups;
  uint64_t bytes;
  void *consumer;
  void *producer;
  /// The mapped window, its offset in the ring, and its size, which is 0 as long as none is mapped. It continues for a
  /// page after its end, for a record that begins in it.
  const char *window;
  uint64_t window_offset;
  uint64_t window_bytes;
};

/// A record of a ring.
struct clinux_program_record {
  /// The bytes of the record; NULL if the program discarded it.
  const void *bytes;
  uint32_t count;
  /// The position after the record.
  uint64_t next;
};

/// Maps the positions of a ring. `map` is the descriptor of the ring, which the caller closes, after
/// clinux_unmap_program_ring, and `bytes` its size, a power of two of pages. Returns 0, or -1 with errno.
int32_t clinux_map_program_ring(int32_t map, uint64_t bytes, struct clinux_program_ring *ring);
void clinux_unmap_program_ring(struct clinux_program_ring *ring);

/// Makes `wakeups` unreadable until the next wakeup.
void clinux_program_ring_reset_wakeups(const struct clinux_program_ring *ring);

/// Returns the position after the last record.
uint64_t clinux_program_ring_head(const struct clinux_program_ring *ring);
/// Returns the position up to which the reader has consumed the ring.
uint64_t clinux_program_ring_tail(const struct clinux_program_ring *ring);
/// Stores the position up to which the reader has consumed the ring.
void clinux_set_program_ring_tail(const struct clinux_program_ring *ring, uint64_t tail);

/// Reads the record at a position before the head. It is valid until the next call. Returns 1, or 0 if a program is
/// still writing the record, or -1 with errno.
int32_t clinux_program_ring_record(
  struct clinux_program_ring *ring, uint64_t position, struct clinux_program_record *record);
