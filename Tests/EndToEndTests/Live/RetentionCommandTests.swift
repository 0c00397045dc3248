// A recorder with limits, run as a user runs it: removed times are `expired`, and the file stays within its size.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct RetentionCommandTests {
  private static func size(_ path: String) -> Int64 {
    ["", "-wal"].reduce(0) { sum, suffix in
      var status = stat()
      return stat(path + suffix, &status) == 0 ? sum + Int64(status.st_size) : sum
    }
  }

  private func expectSound(_ path: String, at location: SourceLocation = #_sourceLocation) throws {
    let outcome = try Command.nshist("db", "verify", "--db", path)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.messages)", sourceLocation: location)
  }

  @Test("a time older than --keep is expired")
  func keep() throws {
    let recording = try Recording([10, 20])
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "50ms") + ["--keep", "2s"])
    try recording.waitFor(samples: 5)
    let old = try #require(recording.number("SELECT MAX(wall_ns) FROM sample"))
    try eventually("a watermark behind it") {
      (recording.number(
        "SELECT wall_ns FROM sample WHERE seq = (SELECT watermark_seq FROM history)") ?? 0) > old
    }
    for arguments in [["same", "10", "20"], ["same", "10", "10@\(argument(old))"]] {
      let outcome = try Command.run(
        Command.nshist,
        ["query"] + arguments + ["--at", argument(old), "--type", "net", "--format", "json"]
          + ["--db", recording.path])
      #expect(outcome.status == 2, "\(outcome.messages)")
      #expect(outcome.output.contains(#""reason": "expired""#), "\(outcome.output)")
    }
    // A process that only the removed part may have had: without a time in the question, too.
    let gone = try Command.nshist(
      "query", "same", "30@\(argument(old))", "20", "--type", "net", "--db", recording.path)
    #expect(gone.status == 2 && gone.output.contains("unknown (expired)"), "\(gone.output)")
    for arguments in [["same", "30", "20"], ["history", "30"]] {
      let outcome = try Command.run(
        Command.nshist, ["query"] + arguments + ["--db", recording.path])
      #expect(
        outcome.status == 2 && outcome.messages.contains("what was recorded before"),
        "\(outcome.messages)")
    }
    let now = try Command.nshist(
      "query", "same", "10", "20", "--type", "net", "--since", "-1s", "--db", recording.path)
    // On a busy machine a recorder with so short an interval has gaps, which the answer names.
    #expect(
      now.status == 0 || (now.status == 2 && now.output.contains("unknown (gap)")),
      "\(now.output)\(now.messages)")
    #expect(!now.output.contains("expired"), "\(now.output)")
    let coverage = try Command.nshist(
      "query", "coverage", "--at", argument(old), "--db", recording.path)
    #expect(coverage.status == 2)
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0 && !outcome.messages.contains("--max-size"), "\(outcome.messages)")
    let span = try #require(
      recording.number("SELECT (MAX(wall_ns) - MIN(wall_ns)) / 1000000 FROM sample"))
    #expect(span >= 1900 && span < 10_000, "\(span)")
    try expectSound(recording.path)
  }

  @Test(
    "SIGKILL at any moment of a removal leaves a history that passes db verify and can be recorded into"
  )
  func killed() throws {
    let recording = try Recording([10, 11, 12])
    var random = SeededRandom(seed: 3)
    for round in 0..<16 {
      let recorder = try Command(
        Command.nshist, recording.arguments(interval: "50ms") + ["--keep", "1s"])
      try eventually("a sample") {
        recording.number("SELECT COUNT(*) FROM session WHERE end_reason IS NULL") == 1
      }
      try recording.proc.setLinks(11, ["net": UInt64(4_026_532_000 + round)])
      usleep(UInt32.random(in: 1_000...250_000, using: &random))
      recorder.signal(SIGKILL)
      _ = try recorder.wait()
      try expectSound(recording.path)
    }
    #expect(recording.number("SELECT watermark_seq IS NOT NULL FROM history") == 1)
  }

  /// Writes a history of an earlier boot, with new processes in each sample.
  static func write(_ path: String, samples: Int) throws {
    let writer = try HistoryWriter(path: path)
    let now = ClockReading.now()
    func reading(_ number: Int) -> ClockReading {
      let before = Int64(samples - number + 10) * 1_000_000_000
      return ClockReading(
        wall: now.wall - before, boot: 1 << 50 - before, monotonic: 1 << 50 - before)
    }
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: 1_000_000_000, identity: "name_to_handle_at",
        procRoot: "/proc", started: reading(0)))
    var running: [ProcessToken] = []
    for number in 0..<samples {
      var sample = ProcessSample(start: reading(number))
      sample.disappeared = running
      running = (0..<200).map { ProcessToken(number: UInt64(number * 200 + $0 + 1)) }
      sample.appeared = running.map { token in
        let pid = Int32(token.number % 30_000) + 300
        return ProcessSample.Appearance(
          token: token,
          facts: ProcessFacts(
            pid: pid, startTicks: token.number, parentPID: 1, isKernelThread: false, nspid: [pid]),
          description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array("0::/".utf8)),
          links: NamespaceLink.allCases.map {
            .namespace(
              ObservedNamespace(
                type: $0.type, inode: 4_026_532_000 + UInt64($0.type.rawValue),
                kernelID: UInt64($0.type.rawValue), inodeGeneration: 0, isInitial: false))
          })
      }
      _ = try writer.write(sample, SampleTiming())
    }
    try writer.endSession(.completed)
  }

  @Test(
    "a file that has reached --max-size stays within it in a fork storm",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func storm() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let limit: Int64 = 16 << 20
    try Self.write(path, samples: 1000)
    #expect(Self.size(path) > limit)
    let recorder = try Command(
      Command.nshist,
      ["record", "--interval", "1", "--events", "on", "--max-size", "16M", "--db", path])
    try eventually("a file within the limit") { Self.size(path) < limit }
    let loop = "i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i + 1)); done"
    let storms = try [1, 2].map { _ in try Command("/bin/sh", ["-c", loop]) }
    var most: Int64 = 0
    while storms.contains(where: \.isRunning) {
      most = max(most, Self.size(path))
      usleep(20_000)
    }
    for storm in storms { _ = try storm.wait() }
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    #expect(most <= limit + limit / 10, "\(most)")
    let printed = outcome.messages.split(separator: "\n").filter {
      $0.contains("reached --max-size 16M")
    }
    #expect(printed.count == 1, "\(outcome.messages)")
    // The whole storm is in the file, since it is younger than the removed rows.
    let storm = try #require(
      Int(
        Recording.texts("SELECT COUNT(*) FROM short_lived_task WHERE comm = 'true'", in: path).first
          ?? ""))
    #expect(storm > 5000, "\(storm)")
    try expectSound(path)
  }

  @Test("db prune, compact, info and verify work on a file without a recorder")
  func commands() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try Self.write(path, samples: 500)
    let whole = Self.size(path)
    let times = try Recording.texts("SELECT wall_ns FROM sample ORDER BY seq", in: path).compactMap
    {
      Int64($0)
    }
    // No recorder wrote the file, so that it has no limit of its own.
    let info = try Command.nshist(
      "db", "info", "--max-size", "2G", "--format", "json", "--db", path)
    #expect(info.status == 0 && info.messages == "")
    let answer = try #require(
      JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any])
    #expect(answer["pruned"] as? Bool == false)
    let tables = try #require(answer["tables"] as? [[String: Any]])
    let memberships = try #require(tables.first { $0["table"] as? String == "membership" })
    #expect(memberships["rows"] as? Int == 100_000)
    #expect(memberships["bytes"] as? Int ?? 0 > 1_000_000)
    #expect((answer["days_left"] as? Double ?? 0) > 0)

    let pruned = try Command.nshist(
      "db", "prune", "--before", argument(times[250] + 1), "--db", path)
    expectOneLine(pruned.messages, saying: "removed 50000 memberships")
    #expect(pruned.status == 0)
    let first = try Recording.texts("SELECT MIN(wall_ns) FROM sample", in: path)
    #expect(first == ["\(times[250])"])
    #expect(Self.size(path) < whole * 7 / 10)
    try expectSound(path)
    let text = try Command.nshist("db", "info", "--max-size", "2G", "--db", path)
    #expect(text.output.contains("what was before was removed"), "\(text.output)")
    #expect(text.output.contains("a day; 2G in "), "\(text.output)")

    let again = try Command.nshist("db", "prune", "--before", argument(times[10]), "--db", path)
    expectOneLine(again.messages, saying: "removed 0 memberships")
    let compacted = try Command.nshist("db", "compact", "--db", path)
    expectOneLine(compacted.messages, saying: "compacted")
    #expect(try Recording.texts("PRAGMA auto_vacuum", in: path) == ["2"])
    let all = try Command.nshist("db", "prune", "--before", "now", "--db", path)
    #expect(all.status == 0)
    #expect(try Recording.texts("SELECT COUNT(*) FROM sample", in: path) == ["1"])
    try expectSound(path)
  }

  @Test("db info counts the days until the limit of the last recorder")
  func recordedLimit() throws {
    let recording = try Recording()
    func limit(_ arguments: String...) throws -> Int64? {
      let info = try Command.run(
        Command.nshist, ["db", "info", "--format", "json", "--db", recording.path] + arguments)
      #expect(info.status == 0, "\(info.messages)")
      let answer = try JSONSerialization.jsonObject(with: Data(info.output.utf8))
      return try #require(answer as? [String: Any])["max_bytes"] as? Int64
    }
    for (size, bytes) in [("64M", Int64(64) << 20), ("off", nil), ("1G", 1 << 30)] {
      let outcome = try Command.run(
        Command.nshist,
        recording.arguments(interval: "20ms", samples: 2) + ["--max-size", size])
      #expect(outcome.status == 0, "\(outcome.messages)")
      #expect(try limit() == bytes, "\(size)")
      #expect(try limit("--max-size", "3G") == 3 << 30)
      #expect(try limit("--max-size", "off") == nil)
    }
  }

  @Test("db prune --to-size leaves the youngest part in a file of about that size")
  func toSize() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try Self.write(path, samples: 1000)
    let last = try Recording.texts("SELECT MAX(wall_ns) FROM sample", in: path)
    let outcome = try Command.nshist("db", "prune", "--to-size", "16M", "--db", path)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(Self.size(path) <= 16 << 20 && Self.size(path) > 12 << 20, "\(Self.size(path))")
    #expect(try Recording.texts("SELECT MAX(wall_ns) FROM sample", in: path) == last)
    try expectSound(path)
  }

  @Test("db prune and compact are refused while a recorder has the file")
  func busy() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 2)
    for arguments in [["prune", "--before", "now"], ["compact"]] {
      let outcome = try Command.run(
        Command.nshist, ["db"] + arguments + ["--db", recording.path])
      expectRefusal(outcome, 75, saying: "stop that recorder first")
    }
    #expect(try Command.nshist("db", "info", "--db", recording.path).status == 0)
    try expectSound(recording.path)
    recorder.signal(SIGTERM)
    _ = try recorder.wait()
    let missing = try TemporaryFolder()
    for command in ["info", "verify", "compact"] {
      expectRefusal(
        try Command.nshist("db", command, "--db", missing.file("none.db")), 66,
        saying: "no such file")
    }
    #expect(try contents(of: missing.path).isEmpty)
  }

  @Test("db verify finds rows that contradict each other")
  func damaged() throws {
    for (edit, property) in [
      ("UPDATE membership SET set_id = 99", "references"),
      ("DELETE FROM sample WHERE seq = 2", "numbers"),
      ("UPDATE history SET watermark_seq = 2", "sessions"),
      (
        """
        INSERT INTO membership SELECT 1000, task_id, set_id, from_seq, until_seq, NULL, NULL, NULL
        FROM membership LIMIT 1
        """, "memberships"
      ),
      ("DELETE FROM namespace_set_link WHERE link = 3", "sets"),
      ("UPDATE row_number SET last = 1", "row-numbers"),
    ] {
      let recording = try Recording()
      try recording.record()
      _ = try Command.run("/usr/bin/env", ["sqlite3", recording.path, edit])
      let outcome = try Command.nshist(
        "db", "verify", "--format", "csv", "--db", recording.path)
      #expect(outcome.status == 65, "\(edit)")
      #expect(outcome.output.contains("\n\(property),broken,"), "\(edit): \(outcome.output)")
    }
  }
}
