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
