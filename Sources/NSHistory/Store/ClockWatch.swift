internal import NamespaceModel

/// Notices when the wall clock was set against the boot clock.
struct ClockWatch {
  private var last: ClockReading?
  private var epoch: Int64?

  /// How far the wall clock moved since the last look, if it was a step or would bring samples out of
  /// order: what is less is as good as none.
  mutating func step(to now: ClockReading) -> Int64? {
    let isBack = last.map { now.wall <= $0.wall } ?? false
    last = now
    return step(toEpoch: now.wall &- now.boot, isBack: isBack)
  }

  /// The same by what the wall clock shows when the boot clock shows 0.
  mutating func step(toEpoch now: Int64, isBack: Bool = false) -> Int64? {
    defer { epoch = now }
    guard let epoch else { return nil }
    let step = now &- epoch
    return abs(step) >= ClockStep.least || isBack ? step : nil
  }
}
