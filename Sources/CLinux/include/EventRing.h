// Opens perf events (perf_event_open(2)), by which the kernel reports forks, exits, execs and changes of
// namespaces as records in a ring buffer. This is C because struct perf_event_attr has bit fields, and
// because the two positions in a ring need atomic reads and writes with a memory order.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Checks whether the kernel would report every change of namespaces to this process: opens a dummy event
/// with `namespaces` set for all processes on processor 0, and closes it again. Returns 0, or the errno of
/// perf_event_open(2).
int32_t clinux_check_namespace_events(void);

/// The records that an event reports.
enum clinux_records {
  /// Starts, names, namespaces and exits of tasks.
  clinux_all_records,
  /// Names and namespaces: those of a new task, and those that a task has after unshare(2) or setns(2).
  clinux_name_and_move_records,
};

/// Opens such an event for all processes on one processor. The event reports nothing until its ring is
/// mapped. poll(2) on it returns once `wakes_after` bytes were written to the ring; 0 stands for half the
/// ring. Returns the descriptor, or -1 with errno.
int32_t clinux_open_namespace_events(
  int32_t processor, enum clinux_records records, uint32_t wakes_after);

/// Enables or disables an event (PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE). Returns 0, or -1 with
/// errno.
int32_t clinux_set_event_on(int32_t event, int32_t is_on);

/// The values that read(2) returns for an event.
struct clinux_event_counts {
  /// The time in nanoseconds for which the event has been enabled (PERF_FORMAT_TOTAL_TIME_ENABLED). It no
  /// longer advances once the processor has gone offline.
  uint64_t nanoseconds_on;
  /// The number of records that found no room in the ring; 0 if `reports_lost` is 0.
  uint64_t lost;
  /// Whether the kernel counts lost records (PERF_FORMAT_LOST, Linux 6.0): 1 or 0.
  int32_t reports_lost;
};

/// Reads the counts of an event. Returns 0, or -1 with errno.
int32_t clinux_read_event_counts(int32_t event, struct clinux_event_counts *counts);

/// The mapped ring of an event: `pages` begins with a page of metadata that holds the positions of the
/// kernel and of the reader (struct perf_event_mmap_page), and the records follow it.
struct clinux_event_ring {
  void *pages;
  /// The memory of the records, and its size in `bytes`, a power of two.
  const void *records;
  size_t bytes;
};

/// The size of a page of memory in bytes (sysconf(3)).
size_t clinux_page_bytes(void);

/// Maps a ring for an event (mmap(2)), with room for `bytes` bytes of records: a page, or a power of two of
/// pages. Returns 0, or -1 with errno.
int32_t clinux_map_event_ring(int32_t event, size_t bytes, struct clinux_event_ring *ring);
/// Unmaps a ring.
void clinux_unmap_event_ring(const struct clinux_event_ring *ring);

/// The position up to which the kernel has written, in bytes since the ring was mapped. All records before
/// this position are complete.
uint64_t clinux_event_ring_head(const struct clinux_event_ring *ring);
/// Sets the position up to which the reader has read. The kernel may overwrite the records before it.
void clinux_set_event_ring_tail(const struct clinux_event_ring *ring, uint64_t tail);
