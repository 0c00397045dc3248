internal import NamespaceModel

/// Tracks which records of one ring were consumed, and the time up to which no record is missing.
struct RingAccount {
  /// The position in the ring at which the next record to consume begins, in bytes since the ring was mapped.
  private(set) var tail: UInt64 = 0
  /// The time, on the boot clock, up to which all records were received.
  private(set) var completeUntil: BootTime
  private var lost = LossCount()

  /// The account of a ring that was opened at `time`, on the boot clock.
  init(openedAt time: BootTime) { completeUntil = time }

  /// The age, in nanoseconds, from which on a record is certainly in the ring. The kernel assigns a record
  /// its time shortly before it writes the record into the ring, and a hypervisor may stop the virtual
  /// processor in between.
  private static let writeLatency: Int64 = 1_000_000

  /// Records that the ring held no further records when it was read at `time`, on the boot clock.
  mutating func recordEnd(at time: BootTime) {
    completeUntil = max(completeUntil, time - Self.writeLatency)
  }

  /// Consumes the records up to `head`.
  ///
  /// - Parameter clock: returns the time on the boot clock; called if a record was malformed.
  mutating func consume(
    _ bytes: RingBytes, to head: UInt64, into events: inout [KernelEvent],
    losses: inout [EventLoss], clock: () -> BootTime
  ) {
    var malformed = EventLoss(records: 0, after: .zero, by: .zero, cause: .malformed)
    var isMalformed = false
    while tail != head {
      guard let (record, length) = bytes.record(at: tail, before: head) else {
        // The size of this record is not valid, so neither the position of the next record nor the number of
        // lost records is known.
        if !isMalformed { malformed.after = completeUntil }
        isMalformed = true
        malformed.records = 0
        tail = head
        break
      }
      tail &+= UInt64(length)
      switch record {
      case .event(let event):
        events.append(event)
        completeUntil = max(completeUntil, event.time)
      case .lost(let records, let time):
        let new = lost.record(records)
        if new > 0 {
          losses.append(
            EventLoss(records: new, after: min(completeUntil, time), by: time, cause: .ringFull))
        }
        completeUntil = max(completeUntil, time)
      case .malformed:
        if !isMalformed { malformed.after = completeUntil }
        isMalformed = true
        malformed.records += 1
      case .other: break
      }
    }
    guard isMalformed else { return }
    malformed.by = max(malformed.after, clock())
    losses.append(malformed)
  }

  /// Applies the event's count of all records that found no room in the ring, which was read at `time` on the
  /// boot clock. Returns the loss that was not reported before, if any.
  mutating func count(_ total: UInt64, by time: BootTime) -> EventLoss? {
    let new = lost.count(total)
    return new == 0 ? nil : ringFull(records: new, by: time)
  }

  /// Returns a loss for a full ring, from the time up to which the records are complete to `time` on the boot
  /// clock.
  ///
  /// - Parameter records: the number of lost records; 0 if it is not known.
  func ringFull(records: UInt64, by time: BootTime) -> EventLoss {
    EventLoss(
      records: records, after: min(completeUntil, time), by: time, cause: .ringFull)
  }
}

/// Counts the lost records of one ring, each of them once, although the kernel reports each twice: at once in the count
/// of the event (`read(2)`, PERF_FORMAT_LOST), and later in a PERF_RECORD_LOST, which it writes only with the next
/// record that fits.
struct LossCount {
  private var inRecords: UInt64 = 0
  private var reported: UInt64 = 0

  /// Applies a PERF_RECORD_LOST, which reports the number of records lost since the previous one. Returns how
  /// many of them were not counted before.
  mutating func record(_ lost: UInt64) -> UInt64 {
    inRecords &+= lost
    return report(upTo: inRecords)
  }

  /// Applies the event's count of all records lost since the event was opened. Returns how many of them were
  /// not counted before.
  mutating func count(_ lost: UInt64) -> UInt64 { report(upTo: lost) }

  private mutating func report(upTo total: UInt64) -> UInt64 {
    guard total > reported else { return 0 }
    let new = total - reported
    reported = total
    return new
  }
}
