// The recorder's loop, with a source that fails in given samples.

import Logging
import NSHistory
import NSRecorder
import NamespaceModel
import Procfs
import SQLite
import TestSupport
import Testing

/// A source that shows one process, and fails in the given samples.
private final class FlakySource: SampleSource {
  let identity = IdentitySource.fileHandle
  private let failing: Set<Int>
  private var pass = 0

  init(failing: Set<Int>) { self.failing = failing }

  func takeSample() throws(ProcfsError) -> ProcessSample {
    pass += 1
    if failing.contains(pass) {
      throw ProcfsError(operation: "read", path: "/proc/1/ns/net", cause: .malformed)
    }
    var sample = ProcessSample(start: .now())
    sample.counts.processes = 1
    if pass == 1 {
      sample.appeared.append(
        .init(
          token: ProcessToken(number: 1),
          facts: .init(pid: 10, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: []),
          description: .init(comm: Array("one".utf8), uid: 0, cgroup: nil),
          links: NamespaceLink.allCases.map { _ in .unread(.denied) }))
    }
    sample.end = .now()
    return sample
  }
}

/// A log handler that stores the lines.
private final class LogCollector: LogHandler, @unchecked Sendable {
  var lines: [String] = []
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
  func log(event: LogEvent) { lines.append(event.message.description) }
}

struct RecorderTests {
  private func record(
    failing: Set<Int>, samples: Int,
    _ body: (RecordingSummary, LogCollector, Connection) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let collector = LogCollector()
    let summary = try Recorder(
      .init(database: path, interval: 20_000_000, samples: samples),
      logger: Logger(label: "test") { _ in collector }, source: FlakySource(failing: failing)
    ).run()
    try body(summary, collector, try Connection(path: path, access: .readOnly))
  }

  @Test("samples that cannot be read are logged once and become a gap")
  func readFailures() throws {
    try record(failing: [3, 4], samples: 6) { summary, log, connection in
      #expect(summary.samples == 4)
      #expect(summary.failures == 2)
      let gaps = try connection.prepare("SELECT gap FROM sample ORDER BY seq")
        .map { $0.optionalInteger(0) }
      #expect(gaps == [nil, nil, GapCause.readFailed.rawValue, nil])
      #expect(log.lines.filter { $0.contains("/proc/1/ns/net") }.count == 1)
      #expect(log.lines.contains { $0.contains("recording again") })
    }
  }

  @Test("a failed first sample is no gap, because the session has no sample before it")
  func firstFails() throws {
    try record(failing: [1, 2], samples: 4) { summary, _, connection in
      #expect(summary.samples == 2)
      let rows = try connection.prepare(
        "SELECT (SELECT count(*) FROM sample WHERE gap IS NOT NULL), end_reason FROM session"
      ).map { ($0.integer(0), $0.text(1)) }
      #expect(rows.count == 1)
      #expect(rows[0] == (0, "completed"))
    }
  }

  @Test("each sample that succeeds writes one row")
  func steady() throws {
    try record(failing: [], samples: 5) { summary, _, connection in
      #expect(summary.samples == 5)
      #expect(summary.changes == 0)
      for (table, rows) in [("sample", 5), ("membership", 1), ("task", 1), ("namespace_set", 1)] {
        let count = try connection.prepare("SELECT count(*) FROM \(table)")
          .first { $0.integer(0) }
        #expect(count == Int64(rows), "\(table)")
      }
    }
  }
}
