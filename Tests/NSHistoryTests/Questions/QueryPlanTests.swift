// The query plan of each statement of every question (eqp.html of SQLite's documentation). It must use indexes, and
// must not scan a table that grows with the history, unless the table is the answer.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct QueryPlanTests {
  /// The permitted scans, with the reason.
  private static let allowed: [(scan: String, why: String)] = [
    ("SCAN session", "one row a run of the recorder"),
    ("SCAN clock_step", "one row for each time that the clock was set"),
    ("SCAN range", "the range asked for, one row"),
    ("SCAN span", "the classes of lengths, 21 rows"),
    ("SCAN json_each", "what was asked for"),
    ("SCAN s", "the sets asked for"),
    ("SCAN migration", "one row a version"),
    ("SCAN CONSTANT ROW", "no table"),
    ("SCAN shown", "the pins that came or went in the time asked for"),
    ("SCAN m USING INDEX membership_open", "the processes of now"),
    ("SCAN meant", "the containers asked for, and those inside them"),
    ("SCAN sample USING INDEX sample_gap", "one row a gap"),
  ]

  /// Statements whose answer is the whole table.
  private static let whole = [
    "SELECT first_seq, MAX(COALESCE(last_seq, ?1)",
    "SELECT \(ExportProcesses.taskColumns) FROM task ORDER BY task_id",
    "SELECT \(ExportProcesses.shortLivedTaskColumns) FROM short_lived_task ORDER BY from_seq",
    "SELECT task_id, set_id, from_seq, until_seq, exact FROM membership "
      + "ORDER BY task_id, from_seq",
  ]

  @Test func noQuestionScansTheHistory() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try Self.script.write(path)
    try checkPlans(HistoryReader(path: path), about: "actor")
  }

  /// Checks the same for events, threads and short-lived processes.
  @Test func noQuestionScansEvents() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    do { try EventWorld.history(seed: 1).write(HistoryWriter(path: path), ends: true) }
    let reader = try HistoryReader(path: path)
    let shortLivedTasks = try reader.connection.prepare(
      "SELECT pid, comm FROM short_lived_task ORDER BY from_seq"
    )
    .map { ($0.integer(0), $0.text(1)) }
    #expect(shortLivedTasks.count > 3)
    for (pid, comm) in shortLivedTasks.prefix(4) {
      try Self.ask(reader, about: .pid(pid))
      try Self.ask(reader, about: .comm(comm))
    }
    let start = try reader.connection.prepare(
      "SELECT wall_ns FROM event_batch ORDER BY first_seq LIMIT 1"
    ).first { $0.wallTime(0) }
    for event: Int64 in 0...3 { _ = try reader.processes(at: (start ?? 0) + event * 1000) }
    try checkPlans(reader, about: shortLivedTasks.first?.1 ?? "")
    let asked = reader.connection.statements.filter { $0.contains("short_lived_task AS r") }
    #expect(asked.count > 1, "no process that no sample met was asked for")
  }

  /// The scans that cutting a slice may make, besides those of its own temporary tables.
  private static let cutAllowed: [(scan: String, why: String)] = [
    ("SCAN session", "one row a run of the recorder"),
    ("SCAN clock_step", "one row for each time that the clock was set"),
    ("SCAN range", "the range asked for, one row"),
    ("SCAN span", "the classes of lengths, 21 rows"),
    ("SCAN json_each", "what was asked for"),
    ("SCAN m USING INDEX membership_open", "the processes of now"),
    ("SCAN sample USING INDEX sample_gap", "one row a gap"),
    ("SCAN namespace", "the namespaces of the host"),
    ("SCAN sample_note", "few samples have one"),
    ("SCAN migration", "one row a version"),
    ("SCAN CONSTANT ROW", "no table"),
    ("SCAN temp.cut_", "the rows of the slice"),
    ("SCAN c", "the rows of the slice"),
    ("SCAN d", "processes of the slice whose cgroup was not read"),
    ("SCAN p", "the PIDs of the slice"),
    ("SCAN own", "the processes of the slice"),
    ("SCAN above", "the ancestors of what is in the slice"),
    ("SCAN first", "the processes of the slice"),
    ("SCAN one", "the processes of the slice"),
    ("SCAN s", "the sets of a namespace"),
  ]

  @Test func noCutScansTheHistory() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    do { try EventWorld.history(seed: 1).write(HistoryWriter(path: path), ends: true) }
    for isLimited in [false, true] {
      let reader = try HistoryReader(path: path, writesBeside: true)
      let connection = reader.connection
      let time = try #require(try reader.recordedSpan()).upperBound
      let reading = try HistorySnapshot(connection, reader.index(), isRecorded: false)
      let request = SliceRequest(
        in: TimeWindow(since: time - 1_000_000_000, until: time), pids: isLimited ? [1] : [])
      let cut = try #require(try SliceCut(request.window, in: reading, now: time))
      try SliceRows(reading, cut, request).choose()
      let statements = connection.statements.filter { !$0.hasPrefix("EXPLAIN") }
      #expect(statements.count > 40)
      for statement in statements {
        for step in try Self.plan(statement, connection)
        where step.hasPrefix("SCAN") && !step.hasPrefix("SCAN (") {
          let isAllowed = Self.cutAllowed.contains {
            step == $0.scan || step.hasPrefix("\($0.scan) ")
              || $0.scan.hasSuffix("_") && step.hasPrefix($0.scan)
          }
          #expect(isAllowed, "\(step) in \(statement)")
        }
      }
    }
  }

  private func checkPlans(_ reader: HistoryReader, about name: String) throws {
    try Self.askEverything(reader, about: name)
    let statements = reader.connection.statements.filter {
      ($0.hasPrefix("SELECT") || $0.hasPrefix("WITH")) && !Self.ownStatements.contains($0)
    }
    #expect(statements.count > 25, "\(statements.count) statements were asked")
    var used: Set<String> = []
    for statement in statements where !Self.isWhole(statement) {
      for step in try Self.plan(statement, reader.connection)
      where step.hasPrefix("SCAN") && !step.hasPrefix("SCAN (subquery-") {
        let allowed = Self.allowed.first { step == $0.scan || step.hasPrefix($0.scan + " ") }
        #expect(allowed != nil, "\(step) in \(statement)")
        if let allowed { used.insert(allowed.scan) }
      }
    }
    #expect(Set(Self.allowed.map(\.scan)).subtracting(used) == [])
  }

  /// The statements of the test itself.
  private static let ownStatements: Set<String> = [
    "SELECT pid, comm FROM short_lived_task ORDER BY from_seq",
    "SELECT wall_ns FROM event_batch ORDER BY first_seq LIMIT 1",
  ]

  /// Whether a statement has no condition on processes and is one of `whole`.
  private static func isWhole(_ statement: String) -> Bool {
    let line = statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return whole.contains { line.hasPrefix($0) }
      && !["pid IN", "task_id IN"].contains(where: line.contains)
  }

  /// Returns the lines of the query plan of a statement.
  private static func plan(_ sql: String, _ connection: Connection) throws -> [String] {
    try connection.prepare("EXPLAIN QUERY PLAN \(sql)").map { $0.text(3) }
  }

  private static func askEverything(_ reader: HistoryReader, about name: String) throws {
    let time = script.end(1) + HistoryScript.second
    let window = TimeWindow(since: time, until: time + 20 * HistoryScript.second)
    for at in [SameQuestion.Time.at(time), .range(since: nil, until: nil)] {
      _ = try reader.same(
        SameQuestion(pids: [.init(pid: 1), .init(pid: 2, alive: time)], time: at))
    }
    for selector in [
      ProcessSelector.pid(1), .pid(1, alive: time), .comm(name), .container("0123"),
    ] { try ask(reader, about: selector, in: window) }
    let inode: UInt64 = 4_026_532_041
    for namespace in [
      NamespaceSelector.inode(.net, inode), .kernelID(.net, 101), .of(.net, .pid(1)),
    ] {
      _ = try reader.namespaces(namespace)
      try reader.members(of: namespace) { _ in true }
      try reader.members(of: namespace, in: window) { _ in true }
      try reader.changes(ChangesQuestion(in: window, namespace: namespace)) { _ in true }
    }
    try reader.changes(ChangesQuestion()) { _ in true }
    _ = try reader.processes(at: time)
    _ = try reader.namespaces(at: time)
    _ = try reader.timeline([.pid(1)])
    _ = try reader.peakUse()
    _ = try reader.coverage(at: time)
    try reader.coverage { _ in true }
    _ = try reader.names(beginningWith: "act")
    try reader.export(ExportFilter()) { _ in true }
    try reader.export(ExportFilter(since: time, until: time, pids: [1])) { _ in true }
  }

  private static func ask(
    _ reader: HistoryReader, about selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws {
    try reader.history(selector) { _ in true }
    try reader.history(selector, in: window) { _ in true }
    try reader.peers(PeersQuestion(selector, countsInitial: true)) { _ in true }
    try reader.changes(ChangesQuestion(process: selector)) { _ in true }
  }

  private static let script = HistoryScript(
    steps: [.init(), .init(), .init(gap: .stalled), .init(startsSession: true), .init()],
    actors: [
      .init(pid: 1, observations: [.inFirst, .inSecond, .inSecond, .inFirst, .inFirst]),
      .init(pid: 2, observations: [.absent, .inFirst, .denied, .inFirst, .inSecond]),
      .init(
        pid: 3, observations: [.inFirst, .inFirst, .absent, .inSecond, .inSecond], replacedAt: [1]),
    ])
}
