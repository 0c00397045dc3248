// `nshist status`, as a user and as a probe of a service run it.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses) struct StatusTests {
  private func status(_ path: String) throws -> (outcome: Command.Outcome, answer: Row) {
    let outcome = try Command.nshist("status", "--format", "json", "--db", path)
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return (outcome, Row(values: answer as? [String: Any] ?? [:]))
  }

  private func check(_ name: String, in answer: Row) throws -> Row {
    try #require(answer.rows("checks").first { $0["check"] == name })
  }

  private func isHealthy(_ path: String) throws -> Bool {
    let outcome = try Command.nshist("status", "--healthy", "--db", path)
    #expect(outcome.output == "" && outcome.messages == "")
    #expect(outcome.status == 0 || outcome.status == 1)
    return outcome.status == 0
  }

  @Test("status reports a running, a hanging and an ended recorder")
  func recorderStates() throws {
    let recording = try Recording()
    let recorder = try Command(
      Command.nshist,
      recording.arguments(interval: "200ms") + ["--max-size", "64M", "--keep", "2d"])
    try recording.waitFor(samples: 6)
    let (outcome, answer) = try status(recording.path)
    #expect(outcome.status == 0 && outcome.messages == "")
    // On a busy machine samples are late.
    #expect(answer["state"] != "broken" && answer.flag("recording") == true, "\(answer)")
    #expect(answer.number("recorder_pid") == Int(recorder.pid))
    #expect(answer.number("max_bytes") == 64 << 20 && answer.number("keep_seconds") == 172_800)
    #expect(answer.number("file_bytes") ?? 0 > 100_000)
    #expect(
      answer.number("late_samples").map(Int64.init)
        == recording.number("SELECT COUNT(*) FROM sample_note WHERE late_ns IS NOT NULL"))
    #expect(answer["end_reason"] == nil && answer.flag("pruned") == false)
    #expect(try isHealthy(recording.path))

    // If the recorder does not get to run, its last sample grows old.
    recorder.signal(SIGSTOP)
    try eventually("an old sample") { try !isHealthy(recording.path) }
    let stopped = try status(recording.path)
    #expect(stopped.outcome.status == 1 && stopped.answer.flag("recording") == true)
    #expect(try check("recorder", in: stopped.answer)["state"] == "broken")
    recorder.signal(SIGCONT)
    try eventually("a new sample") { try isHealthy(recording.path) }
    let gap = try status(recording.path).answer
    #expect(gap.row("gaps")?.number("stalled") == 1 && gap["state"] == "degraded")

    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    let ended = try status(recording.path)
    #expect(ended.outcome.status == 1 && ended.answer.flag("recording") == false)
    #expect(ended.answer["end_reason"] == "stopped" && ended.answer["ended"] != nil)
    #expect(
      try check("recorder", in: ended.answer)["found"]?.contains("was stopped at") == true)

    // The next recorder starts its counts again, but reports the time without a recorder before it.
    let next = try recording.startAndAwait(samples: 1)
    let again = try status(recording.path).answer
    #expect(again["end_reason_before"] == "stopped")
    #expect((again.values["unrecorded_before_seconds"] as? Double ?? 0) > 0)
    #expect(
      try check("gaps", in: again)["found"]?.contains("no recorder ran for") == true, "\(again)")
    next.signal(SIGKILL)
    _ = try next.wait()
    let last = try recording.startAndAwait(samples: 1)
    let gaps = try check("gaps", in: status(recording.path).answer)
    #expect(gaps["state"] == "degraded" && gaps["found"]?.contains("died") == true, "\(gaps)")
    last.signal(SIGTERM)
    #expect(try last.wait().status == 0)
  }

  @Test("status counts changes a second, and a missing file is an error")
  func changes() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 2, interval: "100ms")
    for pid in 30..<50 { try recording.proc.add(pid) }
    try recording.waitFor(samples: 16)
    let changes = try status(recording.path).answer.values["changes_a_second"] as? Double ?? -1
    #expect(changes > 1 && changes < 20, "\(changes)")
    recorder.signal(SIGTERM)
    _ = try recorder.wait()
    let missing = try Command.nshist("status", "--healthy", "--db", recording.folder.file("none"))
    expectRefusal(missing, 66, saying: "no such file")
  }

  @Test("status reports a reader that keeps the -wal file growing")
  func blockedLog() throws {
    let recording = try Recording()
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "20ms") + ["--max-size", "16M"])
    try recording.waitFor(samples: 2)
    let reader = try Command(
      "/usr/bin/env",
      [
        "python3", "-c",
        """
        import sqlite3, sys, time
        c = sqlite3.connect(sys.argv[1], isolation_level=None)
        c.execute('BEGIN'); c.execute('SELECT COUNT(*) FROM sample').fetchone()
        time.sleep(600)
        """, recording.path,
      ])
    defer { reader.signal(SIGKILL) }
    try eventually("a large -wal file") {
      // Each sample rewrites a few pages of the -wal file.
      for pid in 100..<400 { try recording.proc.add(pid) }
      for pid in 100..<400 { try recording.proc.remove(pid) }
      return (try status(recording.path).answer.number("log_bytes") ?? 0) > 17 << 20
    }
    let (outcome, answer) = try status(recording.path)
    #expect(outcome.status == 0)
    let file = try check("file", in: answer)
    #expect(file["state"] == "degraded")
    #expect(file["advice"]?.contains("reads the file for long") == true)
    recorder.signal(SIGTERM)
    _ = try recorder.wait()
  }
}
