// Which process of a PID `PID@TIME` selects, and the reason when it selects none.

import NSHistory
import TestSupport
import Testing

struct SelectorTests {
  /// PID 1 runs throughout. PID 2 is one process, then unused, then another process, which starts in the gap before
  /// sample 5.
  private let script: HistoryScript

  init() {
    var steps = [HistoryScript.Step](repeating: .init(), count: 8)
    steps[5].gap = .stalled
    script = HistoryScript(
      steps: steps,
      actors: [
        .init(pid: 1, observations: [HistoryScript.Observation](repeating: .inFirst, count: 8)),
        .init(
          pid: 2,
          observations: [
            .inFirst, .inFirst, .absent, .absent, .absent, .inFirst, .inFirst, .inFirst,
          ]),
        .init(
          pid: 3,
          observations: [
            .inFirst, .inFirst, .inFirst, .inFirst, .inFirst, .inSecond, .inSecond, .inSecond,
          ], replacedAt: [5]),
      ])
  }

  private func ask(_ pid: Int64, alive: WallTime) throws -> SameAnswer {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    return try HistoryReader(path: path).same(
      .init(
        pids: [.init(pid: pid, alive: alive), .init(pid: 1)], time: .range(since: nil, until: nil),
        types: [.net]))
  }

  @Test("PID@TIME selects the process that had the PID at the time", arguments: [1, 6])
  func there(sample: Int) throws {
    let answer = try ask(2, alive: script.end(sample) - HistoryScript.second / 2)
    #expect(answer.processes[0].count == 1)
    #expect(answer.types[0].verdict == .same)
  }

  @Test("PID@TIME of an unused PID is not-running")
  func free() throws {
    let answer = try ask(2, alive: script.end(3) + HistoryScript.second)
    #expect(answer.processes[0].isEmpty)
    #expect(answer.types[0].reason == .notRunning)
    #expect(answer.types[0].reasons[0] == .notRunning)
    #expect(answer.known[2]?.count == 2)
  }

  @Test("in a gap between two processes of a PID, the start of the second decides")
  func succeeded() throws {
    let processStart = HistoryScript.epoch + HistoryScript.processStart(5)
    let before = try ask(3, alive: processStart - HistoryScript.second)
    #expect(before.types[0].intervals.count == 1)
    #expect(before.processes[0].map(\.id) == [try #require(before.known[3]).map(\.id)[0]])
    let after = try ask(3, alive: processStart + HistoryScript.second)
    #expect(after.processes[0].map(\.id) == [try #require(after.known[3]).map(\.id)[1]])
  }
}
