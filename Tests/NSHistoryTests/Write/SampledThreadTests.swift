// Threads that samples show, as they are stored: a thread is a task of its own, and its process stays as it is.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct SampledThreadTests {
  private let folder: TemporaryFolder
  private let proc: FakeProcess
  private let path: String

  /// The identity of the process of these tests.
  private struct FakeProcess {
    let token = ProcessToken(number: 1)
    let facts = ProcessFacts(
      pid: 10, startTicks: 100, parentPID: 1, isKernelThread: false, nspid: [10])
  }

  init() throws {
    folder = try TemporaryFolder()
    proc = FakeProcess()
    path = folder.file("history.db")
  }

  private func links(net: UInt64) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      let id = link == .net ? net : UInt64(link.type.rawValue)
      return .namespace(
        ObservedNamespace(
          type: link.type, inode: 4_026_531_800 + id, kernelID: id, inodeGeneration: 0,
          isInitial: false))
    }
  }

  private func sample(_ second: Int64) -> ProcessSample {
    let time = second * 1_000_000_000
    var sample = ProcessSample(start: .init(wall: .zero + time, boot: time, monotonic: time))
    sample.end = .init(wall: .zero + time + 1000, boot: time + 1000, monotonic: time + 1000)
    return sample
  }

  private func description(_ comm: String) -> ProcessDescription {
    .init(comm: Array(comm.utf8), uid: 0, cgroup: nil)
  }

  private func thread(
    _ token: UInt64, of process: ProcessToken, net: UInt64
  ) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: token), facts: proc.facts,
      thread: ThreadFacts(tid: 11, process: process, startTicks: 120),
      description: description("worker"), links: links(net: net))
  }

  private func first(_ process: ProcessToken) -> ProcessSample.Appearance {
    .init(
      token: process, facts: proc.facts, description: description("server"),
      links: links(net: 200))
  }

  private func session(_ body: (HistoryWriter) throws -> Void) throws {
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "b", ticksPerSecond: 100, recorderPID: 1, program: "test",
        interval: 1_000_000_000, identity: "name_to_handle_at", procRoot: "/proc",
        started: .init(wall: 0, boot: 0, monotonic: 0)))
    try body(writer)
    try writer.endSession(.completed)
  }

  private func texts(_ sql: String) throws -> [String] {
    let connection = try Connection(path: path, access: .readOnly)
    return try connection.prepare(sql).map { row throws(SQLiteError) in row.text(0) }
  }

  private func same(_ pids: [Int64]) throws -> Verdict {
    try HistoryReader(path: path).same(
      .init(
        pids: pids.map { .init(pid: $0) }, time: .range(since: nil, until: nil), types: [.net])
    ).types[0].verdict
  }

  @Test("a thread is stored as a task whose parent is its process, and answers do not mix them up")
  func row() throws {
    let other = ProcessToken(number: 2)
    try session { writer in
      var one = sample(10)
      // The process gets its row first, although the thread is first in the sample.
      one.appeared = [thread(3, of: proc.token, net: 300), first(proc.token)]
      one.appeared.append(
        .init(
          token: other,
          facts: .init(pid: 20, startTicks: 100, parentPID: 1, isKernelThread: false, nspid: [20]),
          description: description("other"), links: links(net: 300)))
      _ = try writer.write(one, SampleTiming())
      _ = try writer.write(sample(11), SampleTiming())
      var last = sample(12)
      last.disappeared = [ProcessToken(number: 3)]
      _ = try writer.write(last, SampleTiming())
      _ = try writer.write(sample(13), SampleTiming())
    }
    #expect(
      try texts(
        """
        SELECT t.pid || ' ' || COALESCE(t.tid, '-') || ' ' || t.comm || ' '
          || COALESCE(p.comm, '-') || ' ' || m.from_seq || ' ' || COALESCE(m.until_seq, '-')
        FROM task AS t LEFT JOIN task AS p ON p.task_id = t.parent_task_id
        JOIN membership AS m ON m.task_id = t.task_id ORDER BY t.pid, t.tid
        """)
        == ["10 - server - 1 4", "10 11 worker server 1 2", "20 - other - 1 4"])
    // The thread was in the namespace of 20; its process was not.
    #expect(try same([10, 20]) == .different)
  }

  @Test("a thread of a later session is another task, with the same process as parent")
  func sessions() throws {
    for number in 0...1 as ClosedRange<Int64> {
      try session { writer in
        var one = sample(10 + 10 * number)
        one.appeared = [first(proc.token), thread(3, of: proc.token, net: 300)]
        _ = try writer.write(one, SampleTiming())
        _ = try writer.write(sample(11 + 10 * number), SampleTiming())
      }
    }
    #expect(try texts("SELECT COUNT(*) FROM task WHERE tid IS NULL") == ["1"])
    #expect(try texts("SELECT COUNT(*) FROM task WHERE tid = 11") == ["2"])
    #expect(
      try texts("SELECT DISTINCT parent_task_id FROM task WHERE tid = 11")
        == texts("SELECT task_id FROM task WHERE tid IS NULL"))
  }

  @Test("a thread that events reported before the first sample is stored with that sample")
  func folded() throws {
    try session { writer in
      // Of events before the first sample only the outcome is stored.
      var batch = EventBatch(epoch: 0)
      batch.events = [
        ProcessEvent(
          boot: 9_000_000_000,
          .started(
            EventStart(
              token: ProcessToken(number: 3), parent: proc.token, tid: 11, facts: proc.facts,
              description: description("server"), set: ObservedSet(links: links(net: 300)))))
      ]
      #expect(!writer.add(batch))
      var one = sample(10)
      one.appeared = [first(proc.token)]
      _ = try writer.write(one, SampleTiming())
      _ = try writer.write(sample(11), SampleTiming())
    }
    #expect(try texts("SELECT tid FROM task WHERE tid IS NOT NULL") == ["11"])
    #expect(
      try texts("SELECT p.comm FROM task AS t JOIN task AS p ON p.task_id = t.parent_task_id")
        == ["server"])
  }
}
