// A history that the first version of the schema holds: what it answers as it is, what the next
// recorder makes of it, and that nothing of it is lost by that.

import Migrations
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct MigrationTests {
  private typealias Old = VersionOneHistory
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try Old.write(path)
  }

  private func texts(_ sql: String) throws -> [String] {
    let connection = try Connection(path: path, access: .readWrite)
    return try connection.prepare(sql).map { $0.text(0) }
  }

  private func migrate() throws {
    let connection = try Connection(path: path, access: .readWrite)
    try Migrator.migrate(connection, from: 1)
  }

  /// Every question but `same` and `export`.
  private static let questions: [(name: String, ask: @Sendable (HistoryReader) throws -> Void)] = [
    ("history", { try $0.history(.pid(20)) { _ in true } }),
    ("members", { try $0.members(of: .inode(.net, 4_026_532_201)) { _ in true } }),
    ("summaries", { _ = try $0.namespaces(.kernelID(.net, 4106)) }),
    ("peers", { try $0.peers(PeersQuestion(.pid(20))) { _ in true } }),
    ("changes", { try $0.changes(ChangesQuestion()) { _ in true } }),
    ("namespaces", { _ = try $0.namespaces(at: Old.wall(2) + Old.second) }),
    ("processes", { _ = try $0.processes(at: Old.wall(2) + Old.second) }),
    ("finder", { _ = try $0.processes(.comm("mover")) }),
    ("coverage", { try $0.coverage { _ in true } }),
    ("coverage at", { _ = try $0.coverage(at: Old.wall(2) + Old.second) }),
    ("timeline", { _ = try $0.timeline([.pid(20)]) }),
    ("limits", { _ = try $0.peakUse() }),
  ]

  @Test("questions that need the new columns say what to do, in one line")
  func outdated() throws {
    let reader = try HistoryReader(path: path)
    #expect(try reader.isOutdated())
    for question in Self.questions {
      let error = #expect(throws: HistoryError.self, "\(question.name)") {
        try question.ask(reader)
      }
      guard let error else { continue }
      #expect(error.kind == .outdated, "\(question.name): \(error)")
      #expect(!error.description.contains { $0.isNewline })
      #expect(error.description.contains("nshist record --samples 1 --db \(path)"), "\(error)")
    }
    #expect(try texts("PRAGMA user_version") == ["1"])
  }

  @Test("after a recorder every question is answered")
  func answered() throws {
    do { _ = try HistoryWriter(path: path) }
    let reader = try HistoryReader(path: path)
    #expect(try !reader.isOutdated())
    for question in Self.questions {
      #expect(throws: Never.self, "\(question.name)") { try question.ask(reader) }
    }
    #expect(try texts("PRAGMA integrity_check") == ["ok"])
    #expect(try texts("PRAGMA foreign_key_check") == [])
    #expect(
      try texts("SELECT version || ' ' || checksum FROM migration ORDER BY 1")
        == Migration.all.map { "\($0.version) \($0.checksum)" })
    #expect(try reader.coverage(at: Old.wall(2) + Old.second).isCovered)
    // From sample 6 on there is the net namespace of 50 beside that of 20; only the
    // children of 40 go to its pid namespace, which counts.
    #expect(try reader.peakUse()[.net] == PeakUse(count: 2, time: Old.wall(6)))
    #expect(try reader.peakUse()[.pid] == PeakUse(count: 1, time: Old.wall(2)))
  }

  @Test("`same` and `export` say the same before and after")
  func sameAnswers() throws {
    let before = try answers()
    #expect(before.contains { $0.contains("verdict: NSHistory.Verdict.same") })
    #expect(before.contains { $0.contains("verdict: NSHistory.Verdict.different") })
    do { _ = try HistoryWriter(path: path) }
    #expect(try answers() == before)
  }

  /// What is answered of each two processes ever and between each two samples, and the export.
  private func answers() throws -> [String] {
    let reader = try HistoryReader(path: path)
    let pids: [Int64] = [10, 20, 30, 40, 50, 60]
    let times: [SameQuestion.Time] =
      [.range(since: nil, until: nil)] + (0...8).map { .at(Old.wall($0) + 5 * Old.second) }
    var answers: [String] = []
    for time in times {
      for one in pids {
        for other in pids where other > one {
          let answer = try reader.same(
            SameQuestion(pids: [.init(pid: one), .init(pid: other)], time: time))
          answers += answer.types.map { "\($0)" } + ["\(answer.processes) \(answer.samples)"]
        }
      }
    }
    try reader.export(ExportFilter()) {
      answers.append("\($0)")
      return true
    }
    return answers
  }

  @Test("no row is lost, and no old column changes")
  func rows() throws {
    let tables = try texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .filter { $0 != "migration" }
    let queries = try tables.map { table in
      let columns = try texts("SELECT name FROM pragma_table_info('\(table)')")
      return
        "SELECT \(columns.map { "quote(\($0))" }.joined(separator: " || ' ' || ")) FROM \(table)"
    }
    let before = try queries.map(texts)
    // In the order of their names: a boot, a cgroup, no clock step, 13 memberships...
    #expect(before.map(\.count) == [1, 1, 0, 13, 12, 6, 60, 1, 8, 2, 6])
    try migrate()
    #expect(try queries.map(texts) == before)
  }

  @Test("of each membership that began with a move it is told from where")
  func causes() throws {
    try migrate()
    #expect(
      try texts(
        """
        SELECT t.pid || ' at ' || from_sample || ' from ' || origin_set_id || ', ' || cause
        FROM membership JOIN task AS t USING (task_id) WHERE cause IS NOT NULL
          OR origin_set_id IS NOT NULL ORDER BY from_sample, t.pid
        """) == [
          "20 at 2 from 1, 1", "40 at 2 from 1, 1", "30 at 3 from 2, 1", "20 at 4 from 2, 1",
          "20 at 5 from 1, 1",
        ])
  }

  @Test("of each namespace it is known from when to when it was there")
  func presence() throws {
    let sql = """
      SELECT namespace_id || ': ' || first_sample || ' to ' || COALESCE(last_sample, 'now')
      FROM namespace WHERE initial = 0 OR namespace_id = 4 ORDER BY namespace_id
      """
    try migrate()
    #expect(
      try texts(sql) == ["4: 1 to now", "9: 1 to now", "10: 2 to 2", "11: 6 to now", "12: 2 to 3"])
    let closed = try HistoryWriter(path: path).closedSession
    #expect(closed?.recorderPID == 901)
    #expect(closed?.lastSample == Old.wall(8))
    #expect(
      try texts(sql) == ["4: 1 to 8", "9: 1 to 8", "10: 2 to 2", "11: 6 to 8", "12: 2 to 3"])
    #expect(try texts("SELECT 1 FROM membership WHERE until_sample IS NULL") == [])
    #expect(
      try texts("SELECT first_sample || ' ' || last_sample || ' ' || end_reason FROM session")
        == ["1 4 stopped", "5 8 died"])
  }

  @Test("the moves are told, the zombie, and the namespace that lost its last process")
  func changes() throws {
    do { _ = try HistoryWriter(path: path) }
    var told: [String] = []
    try HistoryReader(path: path).changes(ChangesQuestion()) { change in
      let sample = (1...8).first { Old.wall($0) == change.by } ?? 0
      let parts = change.parts.map { "\($0.link.fileName) \($0.how.rawValue)" }
      told.append(
        "\(sample) \(change.kind.rawValue) \(change.process?.pid ?? 0) "
          + parts.joined(separator: ", "))
      return true
    }
    #expect(
      Set(told) == [
        "2 moved 20 net joined", "2 moved 40 pid_for_children new", "3 zombie 30 net left",
        "4 moved 20 net joined", "4 emptied 0 uts emptied", "5 moved 20 net joined",
      ])
    #expect(told.count == 6)
  }
}
