internal import NamespaceModel

/// Notices when the wall clock was set against the boot clock, and keeps each step until it is
/// written before a row, and until it is reported.
struct ClockWatch {
  /// The last sample's reading; nil where the clock was set since.
  private var last: ClockReading?
  private var epoch: Int64?
  /// The steps since the last row with a number.
  private var unwritten: Int64?
  /// The steps since the last report.
  private var unreported: Int64?

  /// Notices by a sample's reading whether the wall clock was set since the last one, or would bring
  /// samples out of order: a smaller step counts as none.
  mutating func observe(_ now: ClockReading) {
    let isBack = last.map { now.wall <= $0.wall } ?? false
    observe(epoch: now.wall &- now.boot, isBack: isBack)
    last = now
  }

  /// Notices the same by what the wall clock shows when the boot clock shows 0.
  mutating func observe(epoch now: Int64, isBack: Bool = false) {
    defer { epoch = now }
    guard let epoch else { return }
    let step = now &- epoch
    guard abs(step) >= ClockStep.least || isBack else { return }
    unwritten = (unwritten ?? 0) &+ step
    unreported = (unreported ?? 0) &+ step
    // The next sample is behind the step: that it shows an earlier time than the last is no second one.
    last = nil
  }

  /// The step that belongs before the next row with a number; nil when there was none.
  mutating func takeUnwritten() -> Int64? {
    defer { unwritten = nil }
    return unwritten
  }

  /// Keeps a step that was taken and is still to be reported.
  mutating func keepUnreported(_ step: Int64?) {
    guard let step else { return }
    unreported = (unreported ?? 0) &+ step
  }

  /// The step that nobody has reported yet; nil when there was none.
  mutating func takeUnreported() -> Int64? {
    defer { unreported = nil }
    return unreported
  }
}

/// When the wall clock is said to have been set: more than the slow corrections of NTP make between
/// two samples, or less than nothing.
package enum ClockStep {
  /// In nanoseconds, on either side. Time is looked for this much around where it is expected.
  package static let least: Int64 = 10_000_000

  /// The clocks are read one after the other (`ClockReading.now`): what they are apart by less than
  /// this, in nanoseconds, says nothing.
  static let blur: Int64 = 1_000_000
}
