#include "ProgramRing.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

// The most bytes of a window. To map one takes some microseconds.
enum { most_window_bytes = 1 << 18 };

static uint64_t page_bytes(void) { return (uint64_t)sysconf(_SC_PAGESIZE); }

// The file of a ring is a page with the position of the reader, a page with that of the programs, and the records
// twice, so that a record at the end of the ring continues without a break.
int32_t clinux_map_program_ring(int32_t map, uint64_t bytes, struct clinux_program_ring *ring) {
  size_t page = page_bytes();
  // With the trigger at the edge, epoll reports each wakeup once.
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  int wakeups = epoll_create1(EPOLL_CLOEXEC);
  if (wakeups < 0) return -1;
  void *consumer = MAP_FAILED, *producer = MAP_FAILED;
  if (epoll_ctl(wakeups, EPOLL_CTL_ADD, map, &event) == 0)
    consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (consumer != MAP_FAILED) producer = mmap(NULL, page, PROT_READ, MAP_SHARED, map, (off_t)page);
  if (producer == MAP_FAILED) {
    int failure = errno;
    if (consumer != MAP_FAILED) munmap(consumer, page);
    close(wakeups);
    errno = failure;
    return -1;
  }
  *ring = (struct clinux_program_ring){
    .map = map, .wakeups = wakeups, .bytes = bytes, .consumer = consumer, .producer = producer};
  return 0;
}

void clinux_program_ring_reset_wakeups(const struct clinux_program_ring *ring) {
  struct epoll_event event;
  epoll_wait(ring->wakeups, &event, 1, 0);
}

static void unmap_window(struct clinux_program_ring *ring) {
  if (ring->window_bytes) munmap((void *)ring->window, ring->window_bytes + page_bytes());
  ring->window_bytes = 0;
}

void clinux_unmap_program_ring(struct clinux_program_ring *ring) {
  unmap_window(ring);
  munmap(ring->consumer, page_bytes());
  munmap(ring->producer, page_bytes());
  close(ring->wakeups);
}

uint64_t clinux_program_ring_head(const struct clinux_program_ring *ring) {
  // The acquire order makes the reads of the records happen after this read of their end.
  return __atomic_load_n((const uint64_t *)ring->producer, __ATOMIC_ACQUIRE);
}

uint64_t clinux_program_ring_tail(const struct clinux_program_ring *ring) {
  return __atomic_load_n((const uint64_t *)ring->consumer, __ATOMIC_RELAXED);
}

void clinux_set_program_ring_tail(const struct clinux_program_ring *ring, uint64_t tail) {
  // The release order makes the reads of the records happen before this write, after which the kernel may overwrite
  // them.
  __atomic_store_n((uint64_t *)ring->consumer, tail, __ATOMIC_RELEASE);
}

// Maps the window that holds an offset of the ring. Returns 0, or -1 with errno.
static int map_window(struct clinux_program_ring *ring, uint64_t offset) {
  uint64_t bytes = ring->bytes < most_window_bytes ? ring->bytes : most_window_bytes;
  uint64_t start = offset - offset % bytes;
  if (ring->window_bytes && ring->window_offset == start) return 0;
  unmap_window(ring);
  uint64_t page = page_bytes();
  void *window = mmap(NULL, bytes + page, PROT_READ, MAP_SHARED, ring->map, (off_t)(2 * page + start));
  if (window == MAP_FAILED) return -1;
  ring->window = window;
  ring->window_offset = start;
  ring->window_bytes = bytes;
  return 0;
}

int32_t clinux_program_ring_record(
  struct clinux_program_ring *ring, uint64_t position, struct clinux_program_record *record
) {
  uint64_t offset = position & (ring->bytes - 1);
  if (map_window(ring, offset) != 0) return -1;
  const char *start = ring->window + (offset - ring->window_offset);
  // The acquire order makes the reads of the record happen after this read, by which it is complete.
  uint32_t header = __atomic_load_n((const uint32_t *)start, __ATOMIC_ACQUIRE);
  if (header & BPF_RINGBUF_BUSY_BIT) return 0;
  uint32_t count = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
  // A longer record would not be mapped as a whole; no program writes one.
  if (count > page_bytes() - BPF_RINGBUF_HDR_SZ) {
    errno = EMSGSIZE;
    return -1;
  }
  record->bytes = header & BPF_RINGBUF_DISCARD_BIT ? NULL : start + BPF_RINGBUF_HDR_SZ;
  record->count = count;
  record->next = position + (count + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
  return 1;
}
