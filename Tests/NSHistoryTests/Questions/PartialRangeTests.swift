// Ranges that contain only part of a sample. A sample read each process at some unknown moment of its duration,
// perhaps not in the part that the question covers.

import NSHistory
import TestSupport
import Testing

struct PartialRangeTests {
  private let script = HistoryScript(
    steps: [HistoryScript.Step](repeating: .init(), count: 4),
    actors: [
      .init(pid: 1, observations: [.inFirst, .inFirst, .inFirst, .inFirst]),
      .init(pid: 2, observations: [.inSecond, .inFirst, .inSecond, .inSecond]),
    ])

  private func ask(from since: WallTime, to until: WallTime) throws -> SameAnswer.TypeAnswer {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    return try HistoryReader(path: path).same(
      .init(
        pids: [.init(pid: 1), .init(pid: 2)], time: .range(since: since, until: until),
        types: [.net])
    ).types[0]
  }

  @Test("a range with the whole sample proves that the processes were together")
  func whole() throws {
    let line = try ask(from: script.start(1), to: script.end(1))
    #expect(line.verdict == .same)
    #expect(line.intervals.map(\.from) == [script.start(1)])
  }

  @Test("a range with a part of the sample proves nothing", arguments: [(0, 4), (2, 4), (6, 10)])
  func part(from: Int64, to: Int64) throws {
    let tenth = HistoryScript.second / 10
    let line = try ask(
      from: script.start(1) + from * tenth, to: script.start(1) + to * tenth)
    #expect(line.verdict == .unknown)
    #expect(line.reason == .changedBetweenSamples)
  }

  @Test("a time that the clock showed twice gives two intervals")
  func shownTwice() throws {
    var steps = [HistoryScript.Step](repeating: .init(), count: 8)
    steps[4].clockStep = -35 * HistoryScript.second
    let observations = [HistoryScript.Observation](repeating: .inFirst, count: 8)
    let script = HistoryScript(
      steps: steps,
      actors: [
        .init(pid: 1, observations: observations), .init(pid: 2, observations: observations),
      ])
    let range =
      (script.start(0) + 18 * HistoryScript.second)...(script.start(0) + 24 * HistoryScript.second)
    let folder = try TemporaryFolder()
    try script.write(folder.file("history.db"))
    let line = try HistoryReader(path: folder.file("history.db")).same(
      .init(
        pids: [.init(pid: 1), .init(pid: 2)],
        time: .range(since: range.lowerBound, until: range.upperBound), types: [.net])
    ).types[0]
    #expect(line.verdict == .same)
    #expect(line.intervals.map { $0.from...$0.until } == [range, range])
  }

  @Test("what two samples agree on is certain between them, but not during them")
  func between() throws {
    let tenth = HistoryScript.second / 10
    #expect(try ask(from: script.end(2) + tenth, to: script.start(3) - tenth).verdict == .different)
    // Before sample 2 read the second process, it may still have been with the first.
    #expect(try ask(from: script.start(2) + tenth, to: script.end(2)).verdict == .unknown)
    #expect(try ask(from: script.start(0), to: script.start(0) + tenth).verdict == .unknown)
  }
}
