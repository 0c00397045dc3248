// A filtered export has the rows of the whole export that match the filter, whichever index finds them.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ExportFilterTests {
  private func export(_ reader: HistoryReader, _ filter: ExportFilter) throws -> [ExportRow] {
    var rows: [ExportRow] = []
    try reader.export(filter) {
      rows.append($0)
      return true
    }
    return rows
  }

  @Test(
    "an export of any time range has the rows of the whole export in that range",
    arguments: [true, false])
  func everyRange(ends: Bool) throws {
    let samples = 40
    var random = SeededRandom(seed: 5)
    let actors = (1...60).map { pid in
      let from = Int.random(in: 0..<samples, using: &random)
      let length = Int.random(in: 0..<3, using: &random) == 0 ? samples : 1 << (pid % 6)
      return HistoryScript.Actor(
        pid: Int32(pid),
        observations: (0..<samples).map { $0 >= from && $0 < from + length ? .inFirst : .absent })
    }
    var steps = [HistoryScript.Step](repeating: .init(), count: samples)
    steps[13].startsSession = true
    steps[29].gap = .stalled
    steps[21].clockStep = -65 * HistoryScript.second
    steps[33].clockStep = 40 * HistoryScript.second
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let script = HistoryScript(steps: steps, actors: actors)
    try script.write(path, ends: ends)
    let reader = try HistoryReader(path: path)
    let all = try export(reader, ExportFilter(types: [.net]))
    // The file is not open in a recorder, even if the session was not ended.
    #expect(!all.contains { $0.isOpen })

    let times =
      [nil, script.start(0) - 1]
      + (0..<samples).flatMap {
        [script.start($0), script.start($0) + 1]
      }
    var rows = 0
    for since in times {
      for until in times {
        let found = try export(
          reader, ExportFilter(since: since, until: until, types: [.net]))
        let expected = all.filter {
          $0.until >= since ?? .min && $0.from <= until ?? .max
        }
        rows += expected.count
        #expect(found == expected, "from \(since ?? -1) to \(until ?? -1)")
      }
    }
    #expect(rows > 10_000)
    let some = try export(
      reader, ExportFilter(since: script.start(20), pids: [3, 4, 5], types: [.net]))
    #expect(some == all.filter { (3...5).contains($0.pid) && $0.until >= script.start(20) })
  }

  @Test("a filtered export uses indexes and scans no table")
  func plan() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try HistoryScript(steps: [.init()], actors: [.init(pid: 1, observations: [.inFirst])]).write(
      path)
    let connection = try Connection(path: path, access: .readWrite)
    func plan(_ filter: ExportFilter) throws -> [String] {
      let index = try SampleIndex(connection, isRecorded: false)
      let selection = try TaskSelection(
        filter, HistorySnapshot(connection, index, isRecorded: false))
      return try [selection.tasks, selection.shortLivedTasks].flatMap { sql in
        try connection.prepare("EXPLAIN QUERY PLAN \(sql)").map { $0.text(3) }
      }
    }
    let tables = ["task", "m", "membership", "short_lived_task"]
    func scans(_ plan: [String]) -> Bool {
      plan.contains { line in
        tables.contains {
          // The second form is a scan from one row to the end of the table.
          line == "SCAN \($0)" || line == "SEARCH \($0) USING INTEGER PRIMARY KEY (rowid>?)"
        }
      }
    }
    // Shows that `scans` recognises a scan: an unfiltered export scans the table.
    #expect(try scans(plan(ExportFilter())))
    for filter in [
      ExportFilter(since: 1), ExportFilter(until: 1), ExportFilter(since: 1, until: 2),
      ExportFilter(pids: [1]), ExportFilter(since: 1, pids: [1]),
      ExportFilter(container: "web"), ExportFilter(since: 1, container: "web"),
    ] {
      let lines = try plan(filter)
      #expect(!scans(lines), "\(lines)")
      #expect(
        filter.since == nil || lines.contains { $0.contains("INDEX membership_span") }, "\(lines)")
    }
  }
}
