#define _GNU_SOURCE
#include "EventRing.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// PERF_FORMAT_LOST of linux/perf_event.h. The kernel headers that this is compiled with may be older than
// the kernel that it runs on, and lack the constant.
enum { format_lost = 1 << 4 };

static int32_t open_events(
  int32_t processor, enum clinux_records records, uint32_t wakes_after, uint64_t read_format
) {
  struct perf_event_attr attributes = {
    .type = PERF_TYPE_SOFTWARE,
    .size = sizeof attributes,
    .config = PERF_COUNT_SW_DUMMY,
    .sample_type = PERF_SAMPLE_TIME,
    .read_format = read_format,
    .namespaces = 1,
    .task = records == clinux_all_records,
    // An event with `namespaces` alone reports nothing (is_sb_event of kernel/events/core.c).
    .comm = 1,
    .comm_exec = 1,
    .sample_id_all = 1,
    .use_clockid = 1,
    .clockid = CLOCK_BOOTTIME,
    // A wakeup by number (wakeup_events) counts samples only, and these records are no samples. So the
    // wakeup goes by the number of bytes written.
    .watermark = 1,
    .wakeup_watermark = wakes_after,
  };
  return (int32_t)syscall(
    SYS_perf_event_open, &attributes, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
}

int32_t clinux_open_namespace_events(
  int32_t processor, enum clinux_records records, uint32_t wakes_after
) {
  int32_t event =
    open_events(processor, records, wakes_after, PERF_FORMAT_TOTAL_TIME_ENABLED | format_lost);
  if (event >= 0 || errno != EINVAL) return event;
  return open_events(processor, records, wakes_after, PERF_FORMAT_TOTAL_TIME_ENABLED);
}

int32_t clinux_set_event_on(int32_t event, int32_t is_on) {
  return ioctl(event, is_on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

int32_t clinux_check_namespace_events(void) {
  int32_t event = clinux_open_namespace_events(0, clinux_all_records, 0);
  if (event < 0) return errno;
  close(event);
  return 0;
}

int32_t clinux_read_event_counts(int32_t event, struct clinux_event_counts *counts) {
  struct {
    uint64_t value;
    uint64_t nanoseconds_on;
    uint64_t lost;
  } counts_read = {0};
  ssize_t count = read(event, &counts_read, sizeof counts_read);
  if (count < 0) return -1;
  counts->nanoseconds_on = counts_read.nanoseconds_on;
  counts->lost = counts_read.lost;
  counts->reports_lost = count == (ssize_t)sizeof counts_read;
  return 0;
}

size_t clinux_page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

int32_t clinux_map_event_ring(int32_t event, size_t bytes, struct clinux_event_ring *ring) {
  size_t page = clinux_page_bytes();
  // With PROT_WRITE the kernel does not overwrite records before the reader has moved `data_tail` past
  // them (perf_event_open(2)).
  void *pages = mmap(NULL, page + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
  if (pages == MAP_FAILED) return -1;
  ring->pages = pages;
  ring->records = (const char *)pages + page;
  ring->bytes = bytes;
  return 0;
}

void clinux_unmap_event_ring(const struct clinux_event_ring *ring) {
  munmap(ring->pages, clinux_page_bytes() + ring->bytes);
}

uint64_t clinux_event_ring_head(const struct clinux_event_ring *ring) {
  const struct perf_event_mmap_page *positions = ring->pages;
  // The acquire order makes the reads of the records happen after this read of their end, as
  // linux/perf_event.h requires.
  return __atomic_load_n(&positions->data_head, __ATOMIC_ACQUIRE);
}

void clinux_set_event_ring_tail(const struct clinux_event_ring *ring, uint64_t tail) {
  struct perf_event_mmap_page *positions = ring->pages;
  // The release order makes the reads of the records happen before this write, after which the kernel may
  // overwrite them.
  __atomic_store_n(&positions->data_tail, tail, __ATOMIC_RELEASE);
}
