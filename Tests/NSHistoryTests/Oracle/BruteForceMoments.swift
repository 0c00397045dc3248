// Finds the moments at which the wall clock can have shown a time, by looking at each pair of samples.

import NSHistory
import TestSupport

/// A moment between two samples.
struct BruteForceMoment: Hashable, CustomStringConvertible {
  /// The sample before it; nil before the first one.
  let before: Int?
  /// The sample after it; nil after the last one.
  let after: Int?
  /// Whether samples are missing in between.
  let isGap: Bool
  /// The time of the boot clock; nil where the wall clock does not determine it.
  let boot: Int64?

  var description: String {
    "between samples \(before ?? -1) and \(after ?? -1)\(isGap ? ", a gap" : "")"
  }

  var sides: [Int] { [before, after].compactMap(\.self) }
}

extension RandomHistory {
  /// Returns all moments at which the wall clock showed a time. If it was set past that time and never showed it,
  /// returns the moments around the step.
  func moments(at time: WallTime) -> [BruteForceMoment] {
    let found = (-1..<count).filter { before in times(before).contains { $0.contains(time) } }
    if !found.isEmpty { return found.map { moment($0, time, isSkipped: false) } }
    return (0..<(count - 1)).filter { before in
      let ends = [start(before), start(before + 1)].sorted()
      return time > ends[0] && time < ends[1]
    }.map { moment($0, time, isSkipped: true) }
  }

  private func moment(_ before: Int, _ time: WallTime, isSkipped: Bool) -> BruteForceMoment {
    let after = before + 1
    let isInside = before >= 0 && after < count
    let isSteady = isInside && steps[after].clockStep == 0
    let boot: Int64? =
      isSteady
      ? HistoryScript.boot(after) + (time - start(after))
      : before >= 0 && after == count ? HistoryScript.boot(before) + (time - start(before)) : nil
    return BruteForceMoment(
      before: before < 0 ? nil : before, after: after == count ? nil : after,
      isGap: isSkipped || !isInside || isCutOff(after), boot: boot)
  }

  /// Returns the times that the wall clock can have shown from one sample to the next. If it was set in between, it
  /// first ran on from the one, and later up to the other.
  private func times(_ before: Int) -> [ClosedRange<WallTime>] {
    if before < 0 { return [WallTime.min...end(0)] }
    if before + 1 == count { return [start(before)...WallTime.max] }
    let (low, high) = (start(before), end(before + 1))
    if steps[before + 1].clockStep == 0 { return [low...high] }
    let idle = HistoryScript.boot(before + 1) - HistoryScript.bootEnd(before)
    return [low...(end(before) + idle), (start(before + 1) - idle)...high]
  }

  /// Times before all samples, in each one, before and after a start between two of them, and after all.
  var interestingTimes: [WallTime] {
    var times = [start(0) - 1, start(0) - 30 * HistoryScript.second]
    for index in steps.indices {
      times += [start(index), start(index) + HistoryScript.second / 2, end(index)]
      for later: Int64 in [1, 3, 6, 8, 15] {
        times.append(end(index) + later * HistoryScript.second)
      }
    }
    return times
  }
}
