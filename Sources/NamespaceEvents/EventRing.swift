internal import CLinux
internal import Glibc
internal import SystemPackage

/// The events of one processor, and the ring that the kernel writes them to.
final class EventRing {
  let processor: Int32
  let descriptor: Int32
  private let ring: clinux_ring
  private let countsLost: Bool
  private var tail: UInt64 = 0
  /// How many lost records there were ever, by the ring's own records, and as it was told.
  private var recorded: UInt64 = 0
  private var told: UInt64 = 0
  /// Up to when all that this processor told is had.
  private(set) var hadUntil: Int64

  /// A ring with less room than this, when it is emptied, may have been full.
  private static let narrow = 4096

  init(processor: Int32, bytes: Int) throws(EventsError) {
    var countsLost = false
    let event = clinux_open_events(processor, &countsLost)
    guard event >= 0 else {
      throw EventsError(.open, processor: processor, Errno(rawValue: errno))
    }
    let ring = clinux_map_ring(event, bytes)
    guard ring.control != nil else {
      let failure = Errno(rawValue: errno)
      close(event)
      throw EventsError(.map(bytes: bytes), processor: processor, failure)
    }
    self.processor = processor
    self.countsLost = countsLost
    self.ring = ring
    descriptor = event
    hadUntil = BootClock.now
  }

  deinit {
    clinux_unmap_ring(ring)
    close(descriptor)
  }

  /// Whether the kernel has ended the event: its processor went.
  var isOver: Bool {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, 0) > 0 && wait.revents & Int16(POLLHUP) != 0
  }

  /// Takes out all that is there.
  func drain(into events: inout [KernelEvent], _ losses: inout [EventLoss]) {
    let now = BootClock.now
    let head = clinux_ring_head(ring)
    guard head != tail else { return hadUntil = now }
    let used = head &- tail
    let reader = RingReader(
      data: UnsafeRawBufferPointer(start: ring.data, count: ring.size), tail: tail, head: head)
    reader.forEach { record in
      switch record {
      case .event(let event):
        hadUntil = max(hadUntil, event.time)
        events.append(event)
      case .lost(let records, let time): lose(records, by: time, &losses)
      case .other: break
      case .malformed:
        losses.append(EventLoss(records: 0, after: hadUntil, by: now, cause: .malformed))
      }
    }
    tail = head
    clinux_set_ring_tail(ring, tail)
    if used + UInt64(Self.narrow) > UInt64(ring.size) { checkForLoss(&losses) }
    hadUntil = max(hadUntil, now)
  }

  /// The kernel tells of lost records with the next one that finds room.
  private func lose(_ records: UInt64, by time: Int64, _ losses: inout [EventLoss]) {
    recorded &+= records
    tellLost(recorded, by: time, &losses)
    hadUntil = max(hadUntil, time)
  }

  /// Whether records were lost of which no record tells yet.
  private func checkForLoss(_ losses: inout [EventLoss]) {
    guard countsLost else {
      losses.append(EventLoss(records: 0, after: hadUntil, by: BootClock.now, cause: .ringFull))
      return
    }
    let count = clinux_lost_events(descriptor)
    if count >= 0 { tellLost(UInt64(count), by: BootClock.now, &losses) }
  }

  /// Tells of those of so many lost ones that were not told of.
  private func tellLost(_ all: UInt64, by time: Int64, _ losses: inout [EventLoss]) {
    guard all > told else { return }
    losses.append(
      EventLoss(records: all - told, after: hadUntil, by: max(hadUntil, time), cause: .ringFull))
    told = all
  }
}
