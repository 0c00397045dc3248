// perf_event_open(2) of the kernel's records of forks, exits, execs and changes of namespaces, and
// the ring of memory that it writes them to. In C for the bit fields of struct perf_event_attr and
// for the order of memory that the two positions in a ring need.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Whether the kernel would tell this process of every change of namespaces: perf_event_open(2) of
/// a dummy event with `namespaces` set, on one processor and for all processes. Returns 0, or the
/// errno.
int32_t clinux_refusal_of_namespace_events(void);

/// Opens such an event on one processor, for all processes. It tells nothing until it has a ring.
/// Who waits for it is woken when `wakes_after` bytes were written; 0 is half the ring. Returns the
/// file, or -1 with errno.
int32_t clinux_open_namespace_events(int32_t processor, uint32_t wakes_after);

/// ioctl(2) that switches an event off, or on again. Returns 0, or -1 with errno.
int32_t clinux_set_event_on(int32_t event, int32_t is_on);

/// The values that read(2) returns for an event.
struct clinux_event_counts {
  /// For how many nanoseconds the event has been on; stands still from when its processor went.
  uint64_t nanoseconds_on;
  /// How many records found no room in its ring; 0 where `reports_lost` is 0.
  uint64_t lost;
  /// Whether the kernel counts what it loses (PERF_FORMAT_LOST, Linux 6.0).
  int32_t reports_lost;
};

/// Reads what an event tells of itself. Returns 0, or -1 with errno.
int32_t clinux_read_event_counts(int32_t event, struct clinux_event_counts *counts);

/// The ring of an event: a page of positions, and behind it the records.
struct clinux_event_ring {
  void *pages;
  /// Where the records are, and how many bytes: a power of two.
  const void *records;
  size_t bytes;
};

/// The bytes of a page of memory (sysconf(3)).
size_t clinux_page_bytes(void);

/// mmap(2) of the ring of an event, of `bytes`: a page, or a power of two of them. Returns 0, or -1
/// with errno.
int32_t clinux_map_event_ring(int32_t event, size_t bytes, struct clinux_event_ring *ring);
/// Gives the memory of a ring back.
void clinux_unmap_event_ring(const struct clinux_event_ring *ring);

/// How far the kernel has written, in bytes since the ring was made. All records before it can be
/// read from now on.
uint64_t clinux_event_ring_head(const struct clinux_event_ring *ring);
/// Tells the kernel how far has been read: it may write over all that is before.
void clinux_set_event_ring_tail(const struct clinux_event_ring *ring, uint64_t tail);
