/// Counts the losses of one ring, which the kernel reports twice: at once in the count of the event
/// (`read(2)`, PERF_FORMAT_LOST), and in a record, which it writes only with the next record that fits.
struct LossCount {
  private var inRecords: UInt64 = 0
  private var reported: UInt64 = 0

  /// Adds the losses that a record reports, which are those since the previous such record. Returns how
  /// many of them were not counted before.
  mutating func record(_ lost: UInt64) -> UInt64 {
    inRecords &+= lost
    return report(upTo: inRecords)
  }

  /// Applies the total count of losses since the event was opened. Returns how many of them were not
  /// counted before.
  mutating func count(_ lost: UInt64) -> UInt64 { report(upTo: lost) }

  private mutating func report(upTo total: UInt64) -> UInt64 {
    guard total > reported else { return 0 }
    let new = total - reported
    reported = total
    return new
  }
}
