// For a question at a moment, the reader loads only the processes of a PID that the samples around that moment may
// show. The answers have to be those from loading all processes that ever had the PID.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct SelectedHistoriesTests {
  @Test(
    "with events and short-lived processes, few loaded histories answer as all do",
    arguments: 1...6 as ClosedRange<UInt64>)
  func events(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    var random = SeededRandom(seed: seed)
    let times = oracle.history.times(&random)
    try check(oracle.reader, pids: 1...12, times)
  }

  /// Every third sample finds another process with the PID, also around a gap, a new session and a clock step.
  @Test func reused() throws {
    let samples = 24
    var script = HistoryScript(
      steps: Array(repeating: .init(), count: samples),
      actors: [
        .init(pid: 1, observations: Array(repeating: .inFirst, count: samples)),
        .init(
          pid: 2, observations: Array(repeating: .inSecond, count: samples),
          replacedAt: Set((1..<samples).filter { $0 % 3 == 0 })),
      ])
    script.steps[7].gap = .stalled
    script.steps[13].startsSession = true
    script.steps[17].clockStep = -15 * HistoryScript.second
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    let moments = (0..<samples).flatMap { sample in
      [-3, 0, 1, 2, 5].map { script.end(sample) + $0 * HistoryScript.second / 2 }
    }
    let fewer = try check(HistoryReader(path: path), pids: 1...3, moments)
    #expect(fewer > 20, "too few PIDs had fewer histories loaded than all")
  }

  /// The next process with the PID is in another pid namespace, and the one after it may have started before a sample
  /// first showed it.
  @Test func otherSpaceBetween() throws {
    let samples = 12
    let script = HistoryScript(
      steps: Array(repeating: .init(), count: samples),
      actors: [
        .init(
          pid: 2, observations: Array(repeating: .inSecond, count: samples), replacedAt: [4, 8])
      ])
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    try Connection(path: path, access: .readWrite).execute(
      """
      CREATE TEMP TABLE other AS SELECT * FROM pid_space;
      UPDATE other SET space_id = 2, pid_namespace_inode = pid_namespace_inode + 1;
      INSERT INTO pid_space SELECT * FROM other;
      UPDATE task SET start_ticks = (SELECT MIN(start_ticks) FROM task WHERE pid = 2)
      WHERE task_id = (SELECT MAX(task_id) FROM task WHERE pid = 2);
      UPDATE task SET space_id = 2
      WHERE task_id = (SELECT task_id FROM task WHERE pid = 2 ORDER BY task_id LIMIT 1 OFFSET 1);
      """)
    let moments = (0..<samples).map { script.end($0) + HistoryScript.second / 2 }
    try check(HistoryReader(path: path), pids: 1...3, moments)
  }

  /// Compares both ways, and returns how often fewer histories were loaded.
  @discardableResult
  private func check(
    _ reader: HistoryReader, pids: ClosedRange<Int64>, _ times: [WallTime]
  ) throws -> Int {
    try reader.reading(.recording()) { (reading) throws(SQLiteError) in
      var fewer = 0
      for time in times {
        let sampleWindows = try reading.index.sampleWindows(at: time)
        for pid in pids {
          let selector = SameQuestion.Selector(pid: pid)
          let all = try reading.pidHistories.pidHistory(selector)
          let some = try reading.pidHistories.pidHistory(selector, in: sampleWindows)
          fewer += some.known.count < all.known.count ? 1 : 0
          for sampleWindow in sampleWindows {
            #expect(running(some, sampleWindow, time) == running(all, sampleWindow, time))
            for link in NamespaceLink.allCases {
              #expect(state(some, link, sampleWindow, time) == state(all, link, sampleWindow, time))
            }
          }
          let alive = try reading.pidHistories.pidHistory(.init(pid: pid, alive: time))
          let histories = try reading.pidHistories.histories(TaskNumber(pid: pid), alive: time)
          #expect(histories.map(\.process) == alive.processes)
          let moment = try reading.pidHistories.pidHistory(
            .init(pid: pid, alive: time), in: sampleWindows)
          #expect(moment.processes == alive.processes)
        }
      }
      return fewer
    }
  }

  private func running(_ pidHistory: PIDHistory, _ sampleWindow: SampleWindow, _ time: WallTime)
    -> Set<
      ProcessRecord
    >
  {
    let indices = pidHistory.processes.indices.filter {
      pidHistory.mayRun($0, in: sampleWindow, until: time)
    }
    return Set(indices.map { pidHistory.processes[$0] })
  }

  /// Returns a state as text, with the ID of the process in place of its index.
  private func state(
    _ pidHistory: PIDHistory, _ link: NamespaceLink, _ sampleWindow: SampleWindow, _ time: WallTime
  ) -> [String] {
    let state = pidHistory.state(link, sampleWindow, until: time)
    guard case .known(let namespace, let process) = state else { return ["\(state)"] }
    return ["\(namespace.id)", "\(pidHistory.processes[process].id)"]
  }
}
