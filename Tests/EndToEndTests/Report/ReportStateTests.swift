// The states of a report are those that `query same --at` finds, at every moment.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import NSHistory

@Suite struct ReportStateTests {
  /// Returns the states of a lane at a time, as the page finds them.
  private static func states(
    _ lane: HistoryReport.TaskTimeline, at time: WallTime, _ report: HistoryReport
  ) -> [[Int]] {
    let piece = lane.pieces.last { $0.from <= time } ?? lane.pieces[0]
    return report.states[piece.states]
  }

  /// Returns the moments to ask about: random ones, and those beside the bounds of pieces.
  private static func moments(
    _ report: HistoryReport, _ count: Int, _ random: inout SeededRandom
  ) throws -> [WallTime] {
    let time = try #require(report.time)
    let bounds = report.lanes.flatMap(\.pieces).map(\.from)
    return (0..<count).map { number in
      let bound = bounds.randomElement(using: &random) ?? time.lowerBound
      let moment =
        number % 2 == 0
        ? bound + Int64.random(in: -2...2, using: &random)
        : WallTime(
          nanoseconds: Int64.random(
            in: time.lowerBound.nanoseconds...time.upperBound.nanoseconds, using: &random))
      return min(max(moment, time.lowerBound), time.upperBound)
    }
  }

  private func check(_ path: String, _ report: HistoryReport, seed: UInt64) throws {
    let reader = try HistoryReader(path: path)
    var random = SeededRandom(seed: seed)
    var disagreements: [String] = []
    for moment in try Self.moments(report, 1500, &random) {
      guard let one = report.lanes.randomElement(using: &random),
        let other = report.lanes.randomElement(using: &random), one.process.id != other.process.id
      else { continue }
      let answer = try reader.same(
        SameQuestion(
          pids: [one, other].map { .init($0.process.number, process: $0.process.id) },
          time: .at(moment)))
      let sides = [one, other].map { Self.states($0, at: moment, report) }
      for (index, type) in answer.types.enumerated() {
        let expected = type.reasons
        let found = sides.map { rows in
          UnknownReason.common(rows.map { Self.reason($0[index]) })
            ?? (rows.isEmpty ? .notRecorded : nil)
        }
        let isExact = report.evidence.last { $0.from <= moment }?.isExact
        if found != expected || isExact != type.isExact {
          disagreements.append(
            "\(one.process.number) \(other.process.number) at \(moment): \(type.type) "
              + "\(found) \(String(describing: isExact)), not \(expected) \(type.isExact)")
        }
        for (lane, rows) in zip([one, other], sides) {
          let own = Set(
            rows.map { $0[index] }.filter { $0 >= 0 }.map { report.namespaces[$0].namespace.id })
          let seen = Set(
            type.namespaces.filter { $0.processes.contains { $0.id == lane.process.id } }
              .map(\.namespace.id))
          if own != seen {
            disagreements.append("\(lane.process.number) at \(moment): \(type.type) \(own) \(seen)")
          }
        }
      }
    }
    #expect(disagreements.isEmpty, "\(disagreements.prefix(5))")
  }

  private static func reason(_ code: Int) -> UnknownReason? {
    let all = UnknownReason.allCases
    switch code {
    case 0...: return nil
    case -100 ... -1: return all[-1 - code]
    case -199 ... -101: return all[-101 - code]
    default: return .changedBetweenSamples
    }
  }

  @Test(
    "samples of two sessions with gaps, a set-back clock and a PID that was used again",
    arguments: [true, false])
  func golden(hasEvents: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(
      path, GoldenHistory.moments, GoldenHistory.actors, hasEvents: hasEvents)
    let pids = Set(GoldenHistory.actors.map { ProcessSelector.pid(Int64($0.pid)) })
    let report = try HistoryReader(path: path).report(ReportQuestion(processes: Array(pids)))
    #expect(report.lanes.count == GoldenHistory.actors.count)
    try check(path, report, seed: hasEvents ? 1 : 2)
  }

  @Test("a window of a history")
  func window() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    let second = GoldenHistory.second
    let window = TimeWindow(
      since: GoldenHistory.firstWall + 12 * second, until: GoldenHistory.firstWall + 57 * second)
    let report = try HistoryReader(path: path).report(ReportQuestion(in: window))
    #expect(report.time == window.since!...window.until!)
    try check(path, report, seed: 3)
  }

  @Test("a report with limits says how many it leaves out")
  func limits() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    let whole = try HistoryReader(path: path).report(ReportQuestion())
    let cut = try HistoryReader(path: path).report(ReportQuestion(mostLanes: 3))
    #expect(cut.lanes.count == 3)
    #expect(cut.leftOutTasks == whole.lanes.count - 3)
    #expect(whole.leftOutTasks == 0)
    #expect(whole.recordedTasks == GoldenHistory.actors.count)
  }
}
