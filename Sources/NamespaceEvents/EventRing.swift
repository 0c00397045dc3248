internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// The perf event of one processor and the ring into which the kernel writes its records, both open during the lifetime
/// of this object.
final class EventRing {
  let processor: Int32
  let descriptor: Int32
  let wakeup: WakeupEvent
  private var ring: clinux_event_ring
  private var account: RingAccount

  /// The number of free bytes from which on a ring has certainly lost nothing: the longest record of these
  /// events and the kernel's record of earlier losses together have 176 bytes.
  private static let ampleRoom = 1024

  /// - Parameter bytes: the size of the ring: a page, or a power of two of pages.
  init(
    processor: Int32, records: EventListener.Records, bytes: Int
  ) throws(EventsError) {
    // The properties are set last, because a throw after that would run `deinit`, which closes the files.
    let records = records == .all ? clinux_all_records : clinux_name_and_move_records
    let wakeup = try WakeupEvent(processor: processor, records: records)
    let descriptor = clinux_open_namespace_events(processor, records, 0)
    guard descriptor >= 0 else {
      throw EventsError(operation: .open, processor: processor, errno: Errno(rawValue: errno))
    }
    var ring = clinux_event_ring()
    guard clinux_map_event_ring(descriptor, bytes, &ring) == 0 else {
      let failure = Errno(rawValue: errno)
      close(descriptor)
      throw EventsError(
        operation: .map(ringBytes: bytes), processor: processor, errno: failure)
    }
    self.processor = processor
    self.descriptor = descriptor
    self.wakeup = wakeup
    self.ring = ring
    account = RingAccount(openedAt: BootClock.now())
  }

  deinit {
    clinux_unmap_event_ring(&ring)
    close(descriptor)
  }

  /// Consumes all records that are in the ring now.
  func drain(
    into events: inout [KernelEvent], losses: inout [EventLoss],
    scratch: UnsafeMutableRawPointer
  ) {
    let start = BootClock.now()
    wakeup.reset()
    let head = clinux_event_ring_head(&ring)
    let tail = account.tail
    if head != tail {
      let bytes = RingBytes(base: ring.records, capacity: ring.bytes, scratch: scratch)
      account.consume(bytes, to: head, into: &events, losses: &losses, clock: BootClock.now)
      clinux_set_event_ring_tail(&ring, head)
      // Until the tail moved, the kernel went on to fill the ring, so the check for a full ring takes the
      // records that were written meanwhile into account.
      let filled = clinux_event_ring_head(&ring) &- tail
      if filled > UInt64(ring.bytes - Self.ampleRoom), let loss = lossOfFullRing() {
        losses.append(loss)
      }
    }
    account.recordEnd(at: start)
  }

  /// Returns the loss of a ring that was full, if records were lost; if the kernel does not count losses,
  /// a loss of an unknown number. The count is read from the event itself: the kernel writes a record of
  /// its losses into the ring only with the next record that fits, which may come much later.
  private func lossOfFullRing() -> EventLoss? {
    var counts = clinux_event_counts()
    guard clinux_read_event_counts(descriptor, &counts) == 0, counts.reports_lost != 0 else {
      return account.ringFull(records: 0, by: BootClock.now())
    }
    return account.count(counts.lost, by: BootClock.now())
  }

  /// Returns whether the event is still enabled.
  ///
  /// The kernel disables an event permanently when its processor goes offline, as most processors do
  /// while the machine is suspended. Neither `poll(2)` nor `read(2)` fails then, and the event stays
  /// disabled when the processor is back online. But the time for which the event has been enabled no
  /// longer advances.
  func isOn() throws(EventsError) -> Bool {
    let first = try nanosecondsOn()
    let start = BootClock.now()
    repeat {
      if try nanosecondsOn() != first { return true }
    } while BootClock.now() - start < Self.clockTick
    return false
  }

  /// The time, in nanoseconds, in which the enabled time of an event certainly advances: the coarsest clock
  /// by which a kernel measures it advances in shorter steps.
  private static let clockTick: Int64 = 20_000_000

  private func nanosecondsOn() throws(EventsError) -> UInt64 {
    var counts = clinux_event_counts()
    guard clinux_read_event_counts(descriptor, &counts) == 0 else {
      throw EventsError(
        operation: .readCounts, processor: processor, errno: Errno(rawValue: errno))
    }
    return counts.nanoseconds_on
  }
}

/// The memory of a ring. A position counts the bytes since the ring was mapped and never decreases; its remainder by
/// the size of the ring is the offset in the memory. A record may wrap from the end of the memory to its beginning.
struct RingBytes {
  private let base: UnsafeRawPointer
  /// The size in bytes, a power of two.
  let capacity: Int
  /// A buffer of `scratchBytes` bytes, into which a record that wraps is copied to be contiguous. The caller
  /// owns the buffer.
  private let scratch: UnsafeMutableRawPointer
  /// The size of the scratch buffer in bytes, which holds the longest record: the size field of a record has
  /// 16 bits.
  static let scratchBytes = 1 << 16

  init(base: UnsafeRawPointer, capacity: Int, scratch: UnsafeMutableRawPointer) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring is a power of two")
    self.base = base
    self.capacity = capacity
    self.scratch = scratch
  }

  /// Returns the record at a position, if a complete one precedes `head`, with its length in the ring.
  @inline(__always)
  func record(
    at position: UInt64, before head: UInt64
  ) -> (record: RecordParser.Record, length: Int)? {
    // The kernel never sets a head before the position, or more than a ring's size after it.
    let distance = head &- position
    guard distance <= UInt64(capacity) else { return nil }
    let available = Int(distance)
    let offset = Int(position & UInt64(capacity - 1))
    let straight = min(available, capacity - offset)
    let found = RecordParser.parse(
      RawSpan(_unsafeStart: base + offset, byteCount: straight))
    if found != nil || straight == available { return found }
    return wrappedRecord(offset: offset, straight: straight, available: available)
  }

  private func wrappedRecord(
    offset: Int, straight: Int, available: Int
  ) -> (record: RecordParser.Record, length: Int)? {
    let length = min(available, Self.scratchBytes)
    let first = min(straight, length)
    scratch.copyMemory(from: base + offset, byteCount: first)
    (scratch + first).copyMemory(from: base, byteCount: length - first)
    return RecordParser.parse(RawSpan(_unsafeStart: scratch, byteCount: length))
  }
}
