// Checks how an interval of a process began and ended: compares its bounds with the samples before and after it.

import NSHistory
import Testing

struct BruteForceBounds {
  let oracle: BruteForce

  init(_ oracle: BruteForce) { self.oracle = oracle }

  func check(
    _ process: Int, _ samples: ClosedRange<Int>, _ beginning: IntervalBound, _ end: IntervalBound,
    _ what: String
  ) {
    let history = oracle.history
    let (first, last) = (samples.lowerBound, samples.upperBound)
    let before = history.observation(process, first - 1)
    let isCut = history.isCutOff(first)
    // Where the clock was set, the interval may have been split for that, or the process may have moved besides.
    let began: Set<IntervalBound.Kind> =
      isCut
      ? [.firstSeen]
      : before == nil
        ? [.started]
        : steps(first)
          ? [.clockSet, .changed]
          : [.changed]
    oracle.check(
      began.contains(beginning.kind) && beginning.other == wall(first - 1)
        && (beginning.missing != nil) == (beginning.kind == .firstSeen),
      "p\(process) \(what) in \(samples) began \(beginning), not \(began)")
    let after = history.observation(process, last + 1)
    let isLast = last + 1 == history.count || history.isCutOff(last + 1)
    let ended: Set<IntervalBound.Kind> =
      last + 1 == history.count && oracle.isRecorded
      ? [.open]
      : isLast
        ? [.lastSeen]
        : after == nil
          ? [.exited]
          : steps(last + 1)
            ? [.clockSet, .changed]
            : [.changed]
    oracle.check(
      ended.contains(end.kind) && end.other == wall(last + 1)
        && (end.missing != nil) == (end.kind == .lastSeen),
      "p\(process) \(what) in \(samples) ended \(end), not \(ended)")
  }

  private func steps(_ sample: Int) -> Bool { oracle.history.steps[sample].clockStep != 0 }

  private func wall(_ sample: Int) -> WallTime? {
    oracle.history.steps.indices.contains(sample) ? oracle.history.start(sample) : nil
  }
}
