/// Counts what one ring lost, which the kernel reports twice: in the count of its event (`read(2)`,
/// PERF_FORMAT_LOST), at once, and in a record, but only with the next one that fits.
struct LossCount {
  private var inRecords: UInt64 = 0
  private var reported: UInt64 = 0

  /// A record says that so many were lost since the one before: how many of them are news.
  mutating func record(_ lost: UInt64) -> UInt64 {
    inRecords &+= lost
    return report(upTo: inRecords)
  }

  /// The event says that so many were lost since it was opened: how many of them are news.
  mutating func count(_ lost: UInt64) -> UInt64 { report(upTo: lost) }

  private mutating func report(upTo total: UInt64) -> UInt64 {
    guard total > reported else { return 0 }
    let news = total - reported
    reported = total
    return news
  }
}
