// One file with sessions on the host and in another pid namespace. A PID stands for two processes, and one recorder's
// samples say nothing of processes that only the other could see.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct PIDSpaceTests {
  private let folder: TemporaryFolder
  private let database: String
  private let testProcess: TestProcess

  init() throws {
    folder = try TemporaryFolder()
    database = folder.file("history.db")
    testProcess = try TestProcess()
    try record()
    // In the new pid namespace, PID 1 is the shell and PID 2 sleeps.
    let inner = "sleep 60 & '\(Command.nshist)' \(Self.record(database)); kill $!"
    let outcome = try Command.run(
      "/usr/bin/unshare", ["-n", "-pf", "--mount-proc", "/bin/sh", "-c", inner])
    #expect(outcome.messages.contains("not in the initial pid namespace"), "\(outcome.messages)")
    try record()
  }

  private static func record(_ database: String) -> String {
    "record --interval 50ms --samples 4 --db '\(database)'"
  }

  private func record() throws {
    let outcome = try Command.nshist(
      "record", "--interval", "50ms", "--samples", "4", "--db", database)
    #expect(outcome.status == 0, "\(outcome.messages)")
  }

  /// Returns a time between the second and the third sample of a session.
  private func time(_ session: Int) throws -> WallTime {
    // Samples and events share one sequence of numbers, so the next sample may have a higher number than the next but
    // one.
    let sql = """
      SELECT (wall_ns + duration_ns + (
        SELECT wall_ns FROM sample AS next
        WHERE next.session_id = sample.session_id AND next.seq > sample.seq
        ORDER BY next.seq LIMIT 1)) / 2
      FROM sample WHERE session_id = \(session) ORDER BY seq LIMIT 1 OFFSET 1
      """
    let time = try #require(try Recording.texts(sql, in: database).first)
    return WallTime(nanoseconds: try #require(Int64(time)))
  }

  private func same(
    _ pids: [SameQuestion.Selector], at time: WallTime? = nil
  ) throws -> SameAnswer {
    try HistoryReader(path: database).same(
      .init(
        pids: pids, time: time.map { .at($0) } ?? .range(since: nil, until: nil), types: [.net]))
  }

  @Test("a PID is the process that the recorder of that time saw")
  func pids() throws {
    for (session, name) in [(1, "kthreadd"), (2, "sleep"), (3, "kthreadd")] {
      let time = try time(session)
      let answer = try same([.init(pid: 1), .init(pid: 2)], at: time)
      #expect(answer.processes[1].map(\.comm) == [name])
      let picked = try same([.init(pid: 1), .init(pid: 2, alive: time)])
      #expect(picked.processes[1].map(\.comm) == [name])
    }
    let inside = try same([.init(pid: 1), .init(pid: 2)], at: time(2))
    #expect(inside.verdict == .same)
    #expect(inside.types[0].namespaces.map(\.namespace.isInitial) == [false])
  }

  @Test("a process of the host is one process in both sessions on the host")
  func reunion() throws {
    let processes = try same([.init(pid: 2), .init(pid: Int64(testProcess.pid))]).processes
    #expect(processes.map(\.count) == [2, 1])
  }

  @Test("a process that the other recorder could not see is not-recorded")
  func unseen() throws {
    let host = SameQuestion.Selector(pid: Int64(testProcess.pid))
    let answer = try same([host, .init(pid: 2)], at: time(2))
    #expect(answer.verdict == .unknown)
    #expect(answer.types[0].reason == .notRecorded)
    // A process that was only seen inside may have shared anything with processes outside.
    let inner = try SameQuestion.Selector(pid: 2, alive: time(2))
    let ever = try same([host, inner])
    #expect(ever.verdict == .unknown, "\(ever.types)")
  }

  @Test("an export names the pid namespace of each PID")
  func export() throws {
    var spaces: [Int64: Set<UInt64?>] = [:]
    try HistoryReader(path: database).export(ExportFilter(types: [.pid])) { row in
      spaces[row.pid, default: []].insert(row.pidNamespaceInode)
      #expect(row.comm != "sleep" || row.inode == row.pidNamespaceInode || row.pid > 2)
      return true
    }
    #expect(spaces[2]?.count == 2)
    #expect(spaces[Int64(testProcess.pid)] == [InitialNamespace.pidInode])
  }
}
