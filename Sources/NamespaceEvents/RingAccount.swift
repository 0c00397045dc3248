/// What has been taken out of one ring, and up to when nothing is missing.
struct RingAccount {
  /// Where the next record to take begins.
  private(set) var tail: UInt64 = 0
  /// Up to here, on the boot clock, all records were had.
  private(set) var completeUntil: Int64
  private var lost = LossCount()

  /// The account of a ring that was opened at `time`, on the boot clock.
  init(openedAt time: Int64) { completeUntil = time }

  /// A record gets its time some moments before it is put into the ring, by a processor that may be
  /// a virtual one and stand still meanwhile. What is as old as this, in nanoseconds, is there.
  private static let settling: Int64 = 1_000_000

  /// Nothing more is in the ring than was taken; it was looked at at `time`, on the boot clock.
  mutating func sawEnd(at time: Int64) {
    completeUntil = max(completeUntil, time - Self.settling)
  }

  /// Takes the records up to `head`.
  ///
  /// - Parameter clock: the boot clock, read when something was malformed.
  mutating func take(
    _ bytes: RingBytes, to head: UInt64, into events: inout [KernelEvent],
    losses: inout [EventLoss], clock: () -> Int64
  ) {
    var malformed = EventLoss(records: 0, after: 0, by: 0, cause: .malformed)
    var isMalformed = false
    while tail != head {
      guard let (record, length) = bytes.record(at: tail, before: head) else {
        // Where the next one begins cannot be known, nor how many there were.
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
        let news = lost.record(records)
        if news > 0 {
          losses.append(
            EventLoss(records: news, after: min(completeUntil, time), by: time, cause: .ringFull))
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

  /// The event says how many records found no room since it was opened, by `time` on the boot
  /// clock: those that were not told yet.
  mutating func count(_ total: UInt64, by time: Int64) -> EventLoss? {
    let news = lost.count(total)
    return news == 0 ? nil : ringFull(records: news, by: time)
  }

  /// What a ring had no room for by `time`, on the boot clock, after the last record had.
  func ringFull(records: UInt64, by time: Int64) -> EventLoss {
    EventLoss(
      records: records, after: min(completeUntil, time), by: time, cause: .ringFull)
  }
}
