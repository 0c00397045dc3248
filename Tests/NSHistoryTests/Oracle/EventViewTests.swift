// Compares the views of the schema with the library, on random histories of events.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct EventViewTests {
  private struct Row {
    let texts: [String?]
  }

  private static func rows(_ oracle: EventOracle, _ sql: String, _ columns: Int32) throws -> [Row] {
    let connection = try Connection(path: oracle.path, access: .readWrite)
    return try connection.prepare(sql).map { row in
      Row(texts: (0..<columns).map { row.optionalText($0) })
    }
  }

  /// Returns SQL that converts a time of a view into nanoseconds.
  private static func time(_ column: String) -> String {
    "strftime('%s', substr(\(column), 1, 19)) * 1000000000 + substr(\(column), 21, 9)"
  }

  private static func time(_ text: String?) -> WallTime? {
    text.flatMap { Int64($0) }.map(WallTime.init(nanoseconds:))
  }

  @Test(
    "the views samples, events and sessions have the points of the history",
    arguments: EventOracle.seeds)
  func points(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    let samples = try Self.rows(
      oracle,
      """
      SELECT seq, session_id, \(Self.time("time")), exact, disagreements, gap_before
      FROM samples ORDER BY seq
      """, 6)
    let events = try Self.rows(
      oracle, "SELECT seq, session_id, \(Self.time("time")) FROM events ORDER BY seq", 3)
    let points = history.points.indices.filter { !history.points[$0].isEvent }
    oracle.check(samples.count == points.count, "\(samples.count) samples")
    for (row, point) in zip(samples, points) {
      let made = history.points[point]
      let texts: [String?] = [
        "\(point + 1)", "\(made.session + 1)", "\(history.wall(point).nanoseconds)",
        made.isExact ? "1" : nil,
        made.disagreements > 0 ? "\(made.disagreements)" : nil, made.gap.map(Self.name),
      ]
      oracle.check(row.texts == texts, "\(row.texts), not \(texts)")
    }
    let others = history.points.indices.filter { history.points[$0].isEvent }
    oracle.check(events.count == others.count, "\(events.count) events, not \(others.count)")
    for (row, point) in zip(events, others) {
      oracle.check(
        row.texts[0] == "\(point + 1)" && row.texts[1] == "\(history.points[point].session + 1)"
          && EventHistory.isTime(Self.time(row.texts[2]), history.wall(point)),
        "\(row.texts), not \(point + 1) at \(history.wall(point))")
    }
    let sessions = try Self.rows(
      oracle,
      """
      SELECT \(Self.time("first_sample")), \(Self.time("last_sample")), events FROM sessions
      ORDER BY session_id
      """, 3)
    for (session, row) in sessions.enumerated() {
      let own = points.filter { history.points[$0].session == session }
      oracle.check(
        Self.time(row.texts[0]) == own.first.map(history.wall)
          && Self.time(row.texts[1]) == own.last.map(history.wall)
          && row.texts[2] == (history.listens(session) ? "1" : "0"), "\(session): \(row.texts)")
    }
    oracle.report()
  }

  private static func name(_ cause: GapCause) -> String {
    switch cause {
    case .suspended: "suspended"
    case .stalled: "stalled"
    case .writeFailed: "write-failed"
    case .readFailed: "read-failed"
    case .eventsLost: "events-lost"
    }
  }

  @Test(
    "the view memberships has the runs of the reports, not split at gaps",
    arguments: EventOracle.seeds)
  func memberships(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    let rows = try Self.rows(
      oracle,
      """
      SELECT membership_id, comm, \(Self.time("first_seen")), \(Self.time("last_seen")), open,
        COALESCE(exact, 0), pid,
        (SELECT group_concat(link || ' ' || COALESCE(kernel_id, unread), ',') FROM (
          SELECT * FROM membership_links AS l WHERE l.membership_id = m.membership_id
            AND l.first_seen = m.first_seen AND l.last_seen = m.last_seen AND l.open = m.open))
      FROM memberships AS m ORDER BY first_seen, membership_id
      """, 8)
    for actor in history.actors.indices where !history.wronglyReported.contains(actor) {
      let runs = history.runs(actor, isBound: { history.isSessionStart($0) }) { $0 }
      let own = rows.filter { history.number($0.texts[1]) == actor }
        .sorted { (Self.time($0.texts[2]) ?? 0) < (Self.time($1.texts[2]) ?? 0) }
      oracle.check(own.count == runs.count, "a\(actor): \(own.count) memberships of \(runs.count)")
      for (row, run) in zip(own, runs) {
        let isOpen = run.points.upperBound == history.points.count - 1 && oracle.seed % 3 != 1
        let exact = (history.beginsExactly(run) ? 1 : 0) + (history.endsExactly(run) ? 2 : 0)
        let links = Set((row.texts[7] ?? "").split(separator: ",").map(String.init))
        let expected = NamespaceLink.allCases.map { link in
          "\(link.fileName) \(EventHistory.part(run.value, link)?.key?.id ?? 0)"
        }
        oracle.check(
          EventHistory.isTime(Self.time(row.texts[2]), history.from(run))
            && EventHistory.isTime(Self.time(row.texts[3]), history.until(run))
            && row.texts[4] == (isOpen ? "1" : "0") && row.texts[5] == "\(exact)"
            && row.texts[6] == "\(history.actors[actor].pid)" && links == Set(expected),
          "a\(actor): \(row.texts), not \(history.from(run)) \(history.until(run)) \(exact)")
      }
    }
    oracle.report()
  }

  @Test("the views processes and namespaces agree with the library", arguments: EventOracle.seeds)
  func processes(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    let processes = try Self.rows(oracle, "SELECT task_id, pid, tid, comm, uid FROM processes", 5)
    let reported = Set(history.points.flatMap(\.reported.keys))
    oracle.check(
      Set(processes.map { history.number($0.texts[3]) }) == reported, "not all processes")
    for row in processes {
      let actor = history.actors[history.number(row.texts[3])]
      oracle.check(
        row.texts[1] == "\(actor.pid)" && row.texts[2] == actor.tid.map { "\($0)" }
          && row.texts[4] == "0", "\(row.texts)")
    }
    // Event times are stored in microseconds.
    func isAsRecorded(_ time: WallTime, _ recorded: WallTime?) -> Bool {
      recorded.map { abs(time - $0) < 1000 } ?? false
    }
    let namespaces = try Self.rows(
      oracle,
      """
      SELECT type, inode, kernel_id, \(Self.time("first_seen")), \(Self.time("last_seen")), initial
      FROM namespaces
      """, 6)
    for row in namespaces {
      guard let type = NamespaceType(name: row.texts[0] ?? ""),
        let id = row.texts[2].flatMap({ UInt64($0) })
      else { return oracle.check(false, "\(row.texts)") }
      let found = try oracle.reader.namespaces(.kernelID(type, id))
      // The library reports a later end than the view: that of the event, or a moment within the last sample. And it
      // reports a later beginning if the first process started within the first sample.
      let (first, seen) = (Self.time(row.texts[3]), Self.time(row.texts[4]))
      func isWithin(_ time: WallTime?, sampleOf point: WallTime?) -> Bool {
        guard let time, let point else { return false }
        return history.points.indices.contains {
          !history.points[$0].isEvent && isAsRecorded(history.wall($0), point)
            && (history.wall($0) - 1000...history.wallEnd($0) + 1000).contains(time)
        }
      }
      let ends = history.points.indices.dropLast().filter {
        isAsRecorded(history.wall($0), seen) && history.points[$0 + 1].isEvent
      }.map { history.wall($0 + 1) }
      oracle.check(
        found.count == 1
          && (found[0].firstSeen == first || isWithin(found[0].firstSeen, sampleOf: first))
          && (found[0].lastSeen == seen || isWithin(found[0].lastSeen, sampleOf: seen)
            || ends.contains { isAsRecorded($0, found[0].lastSeen) })
          && row.texts[1] == "\(found[0].namespace.inode)"
          && row.texts[5] == (found[0].namespace.isInitial == true ? "1" : "0"),
        "\(row.texts), not \(found)")
    }
    oracle.report()
  }

  @Test func namesOfCodes() throws {
    let oracle = try EventOracle(seed: 1)
    let types = try Self.rows(oracle, "SELECT type, name FROM namespace_types ORDER BY 1", 2)
    #expect(
      types.map(\.texts) == NamespaceType.allCases.map { ["\($0.rawValue)", $0.name] })
    let links = try Self.rows(oracle, "SELECT link, name, type FROM namespace_links ORDER BY 1", 3)
    #expect(
      links.map(\.texts)
        == NamespaceLink.allCases.map {
          ["\($0.rawValue)", "\($0.fileName)", "\($0.type.rawValue)"]
        })
    let reasons = try Self.rows(oracle, "SELECT unread, name FROM unread_reasons ORDER BY 1", 2)
    #expect(reasons.map(\.texts) == UnreadReason.allCases.map { ["\($0.rawValue)", $0.name] })
  }
}
