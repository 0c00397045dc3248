// Compares the reader's coverage, the recorded periods and the gaps, with the samples.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct BruteForceCoverageTests {
  @Test(
    "coverage lists the periods of samples and the gaps between them", arguments: BruteForce.seeds)
  func periods(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    var expected: [[Int64]] = []
    var first = 0
    var session: Int64 = 1
    for next in 1...history.count where next == history.count || history.isBound(next) {
      let (from, end) = (history.start(first), history.end(next - 1))
      let denied = history.processes.indices.count { process in
        (first..<next).contains { sample in
          history.observation(process, sample)?.links.contains(.unread(.denied)) == true
        }
      }
      expected.append([
        from.nanoseconds, end.nanoseconds, session, Int64(next - first), Int64(denied),
      ])
      guard next < history.count else { break }
      let resumed = history.start(next)
      expected.append([end.nanoseconds, resumed.nanoseconds, missing(history, next)])
      if history.steps[next].startsSession { session += 1 }
      first = next
    }
    var found: [[Int64]] = []
    try oracle.reader.coverage { period in
      var line = [period.from.nanoseconds, period.until.nanoseconds]
      switch period.kind {
      case .recorded(let recorded):
        line += [recorded.session, recorded.samples, recorded.denied]
      case .gap(let missing): line.append(code(missing))
      case .clockSet(let step): line.append(step)
      }
      found.append(line)
      return true
    }
    oracle.check(found == expected, "\(found), not \(expected)")
    for time in history.interestingTimes {
      let moments = history.moments(at: time)
      let answer = try oracle.reader.coverage(at: time)
      let isCovered = !moments.isEmpty && moments.allSatisfy { !$0.isGap }
      oracle.check(answer.isCovered == isCovered, "at \(time): \(answer), not \(moments)")
    }
    oracle.report()
  }

  private func missing(_ history: RandomHistory, _ sample: Int) -> Int64 {
    let step = history.steps[sample]
    if step.startsSession { return code(.noRecorder) }
    return step.gap.map { code(.cause($0)) } ?? step.clockStep
  }

  private func code(_ missing: MissingSamples) -> Int64 {
    switch missing {
    case .beforeFirst: -1
    case .expired: -5
    case .afterLast: -2
    case .noRecorder: -3
    case .skipped: -4
    case .cause(let cause): -10 - cause.rawValue
    }
  }
}
