/// Which of the many processes that had a PID can have been running in a bracket, without a look at
/// each.
struct PIDHistoryOrder {
  /// Whose PIDs they all are; nil where that is not one.
  private let space: Int64?
  /// The last sample that saw a process or one before it.
  private let latest: [Int64]
  /// The first start of a process or one behind it.
  private let earliest: [Int64]

  init(_ processes: [ProcessRecord], _ lastSamples: [Int64]) {
    let spaces = Set(processes.map(\.space))
    space = spaces.count == 1 ? spaces.first : nil
    var last = Int64.min
    latest = lastSamples.map { sample in
      last = max(last, sample)
      return last
    }
    var first = Int64.max
    earliest = Array(
      processes.reversed().map { process in
        first = min(first, process.startBoot ?? Int64.min)
        return first
      }.reversed())
  }

  /// The places of all that may have been there: the rest had been missed by the sample before, or
  /// started after the one behind.
  func candidates(in bracket: SampleWindow) -> Range<Int> {
    guard let space else { return latest.indices }
    var low = 0
    var high = latest.count
    if let before = bracket.before, before.session.space == space {
      low = latest.partitioningIndex { $0 >= before.id }
    }
    if let after = bracket.after, after.session.space == space {
      high = earliest.partitioningIndex { $0 > after.bootEnd &+ PIDHistory.grain }
    }
    return low..<max(low, high)
  }
}
