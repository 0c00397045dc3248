// A history of the version before events, or of the one before pins and containers: every question
// is answered from it as it is, and when it was brought up to date, as from one that was made so.

import Migrations
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct OlderVersionTests {
  private let folder: TemporaryFolder
  private let history: RandomHistory
  private var old: String { folder.file("old.db") }
  private var new: String { folder.file("new.db") }

  init() throws {
    folder = try TemporaryFolder()
    // Of several sessions, with a gap that the version knows.
    let known = (1...40 as ClosedRange<UInt64>).lazy.map(RandomWorld.history).first { history in
      history.steps.contains { $0.startsSession } && history.steps.contains { $0.gap != nil }
        && !history.steps.contains { $0.gap == .eventsLost }
    }
    var history = try #require(known)
    // Older versions have no rows for containers.
    history.hasContainers = false
    self.history = history
    _ = try history.write(new, ends: true)
  }

  private func version(_ path: String) throws -> Int64? {
    try Connection(path: path, access: .readWrite).prepare("PRAGMA user_version")
      .first { $0.integer(0) }
  }

  @Test(
    "as it is it answers what the same history of the newest version does", arguments: [2, 3])
  func asItIs(version: Int) throws {
    try OlderFile.copy(new, into: old, version: version)
    let answers = try answers(old)
    #expect(answers.count > 100)
    let expected = try self.answers(new)
    #expect(answers == expected, "\(Self.first(answers, expected))")
    #expect(try self.version(old) == Int64(version))
  }

  @Test("brought up to date it answers the same", arguments: [2, 3])
  func migrated(version: Int) throws {
    try OlderFile.copy(new, into: old, version: version)
    let before = try answers(old)
    do { _ = try HistoryWriter(path: old) }
    #expect(try self.version(old) == Migration.all.last?.version)
    let after = try answers(old)
    #expect(after == before, "\(Self.first(after, before))")
    let connection = try Connection(path: old, access: .readWrite)
    #expect(try connection.prepare("PRAGMA integrity_check").map { $0.text(0) } == ["ok"])
    #expect(try connection.prepare("PRAGMA foreign_key_check").map { $0.text(0) } == [])
  }

  /// The first of the answers that differs.
  private static func first(_ answers: [String], _ expected: [String]) -> String {
    zip(answers, expected).first { $0 != $1 }.map { "\($0), not \($1)" } ?? "the count"
  }

  /// What is answered to every question.
  private func answers(_ path: String) throws -> [String] {
    let reader = try HistoryReader(path: path)
    var answers: [String] = []
    func add(_ answer: Any) -> Bool {
      answers.append("\(answer)")
      return true
    }
    let pids: [Int64] = Array(1...9)
    let times = history.steps.indices.map { history.end($0) + HistoryScript.second }
    for time in [SameQuestion.Time.range(since: nil, until: nil)] + times.map({ .at($0) }) {
      for one in pids {
        for other in pids where other > one {
          let same = try reader.same(.init(pids: [.init(pid: one), .init(pid: other)], time: time))
          _ = add(same.types) && add(same.processes) && add(same.samples)
        }
      }
    }
    for pid in pids {
      try reader.history(.pid(pid)) { stay in
        let links = NamespaceLink.allCases.map { "\(String(describing: stay.links[$0]))" }
        return add(
          "\(stay.process) \(stay.from) \(stay.until) \(stay.beginning) \(stay.end) \(links) "
            + "\(stay.changes) \(String(describing: stay.joined))")
      }
      try reader.peers(PeersQuestion(.pid(pid)), add)
      try reader.changes(ChangesQuestion(process: .pid(pid)), add)
      _ = add(try reader.timeline([.pid(pid)]).map { "\($0.process) \($0.type) \($0.segments)" })
    }
    for key in history.namespaces.sorted(by: { $0.description < $1.description }) {
      try reader.members(of: .inode(key.type, key.inode), add)
      _ = add(try reader.namespaces(.inode(key.type, key.inode)))
    }
    try reader.changes(ChangesQuestion(), add)
    for time in times {
      _ = add(
        try reader.processes(at: time).processes.map { one in
          "\(one.process) \(one.presence) "
            + NamespaceType.allCases.map { "\(String(describing: one.places[$0]))" }.joined()
        })
      _ = add(try reader.namespaces(at: time).namespaces)
      _ = add(try reader.coverage(at: time))
    }
    try reader.coverage(in: TimeWindow()) { period in
      add(
        "\(period.from) \(period.until) "
          + (period.recorded.map { "\($0.samples) \($0.denied)" } ?? "no sample")
      )
    }
    let peaks = try reader.peakUse()
    _ = add(NamespaceType.allCases.map { "\(String(describing: peaks[$0]))" })
    try reader.export(ExportFilter(), add)
    return answers
  }
}
