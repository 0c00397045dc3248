// On a full disk the recorder keeps running without samples, and loses nothing that was committed.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: SmallDisk.isPossible, "\(SmallDisk.need)"))
struct DiskFullTests {
  let disk: SmallDisk
  let recording: Recording

  init() throws {
    disk = try SmallDisk(kilobytes: 1024)
    recording = try Recording(path: disk.file("history.db"))
  }

  /// Returns how often the recorder has logged that it cannot write.
  private func failures(_ messages: String) -> Int {
    messages.split(separator: "\n").count { $0.contains("cannot record into") }
  }

  private func fillUntilItFails(_ recorder: Command) throws {
    try disk.fill()
    try eventually("a failure to write") { failures(try recorder.messagesSoFar()) > 0 }
  }

  @Test func recordsAgainWhenThereIsRoom() throws {
    let recorder = try recording.startAndAwait(samples: 3)
    try fillUntilItFails(recorder)
    let full = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    // A change meanwhile is reported by the first sample that is written again.
    try recording.proc.setLinks(20, ["net": 4_026_532_100])
    usleep(500_000)
    #expect(recording.number("SELECT MAX(seq) FROM sample") == full)
    try disk.empty()
    try recording.waitFor(samples: full + 3)
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()

    #expect(outcome.status == 0)
    // The failure is logged once, not at every sample.
    #expect(failures(outcome.messages) == 1, "\(outcome.messages)")
    #expect(outcome.messages.contains("full"))
    #expect(outcome.messages.contains("make room"))
    #expect(outcome.messages.contains("nshist: recording again after a gap of "))
    #expect(outcome.messages.contains(" failed, "))
    #expect(
      try recording.texts("SELECT seq FROM sample WHERE gap = 3") == [String(full + 1)])
    #expect(
      try recording.texts("SELECT from_seq FROM membership WHERE from_seq > 1")
        == [String(full + 1)])
    try recording.expectWhole()
    try recording.expectClosed()
    let late = try #require(
      recording.number("SELECT MAX(wall_ns) - 1000000 FROM sample"))
    let answer = try Command.nshist(
      "query", "same", "10", "20", "--at", argument(late), "--type", "net",
      "--db", recording.path)
    #expect(answer.status == 1, "\(answer.messages)")
  }

  @Test func aFullDiskAtTheEndIsReported() throws {
    let recorder = try recording.startAndAwait(samples: 3)
    try fillUntilItFails(recorder)
    let full = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 74)
    #expect(recording.number("SELECT MAX(seq) FROM sample") == full)

    try disk.empty()
    #expect(try recording.record(samples: 2).status == 0)
    #expect(recording.number("SELECT MAX(seq) FROM sample") == full + 2)
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func aRecorderDoesNotStartOnAFullDisk() throws {
    try disk.fill()
    let outcome = try recording.record(samples: 1)
    #expect(outcome.status == 74)
    expectOneLine(outcome.messages, saying: "make room")
    try disk.empty()
    #expect(try recording.record(samples: 1).status == 0)
    try recording.expectWhole()
  }

  @Test func killedOnAFullDisk() throws {
    let recorder = try recording.startAndAwait(samples: 3)
    try fillUntilItFails(recorder)
    let full = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    let query = try Command.nshist("query", "same", "10", "20", "--db", recording.path)
    #expect(query.status == 0, "\(query.messages)")
    try disk.empty()
    #expect(try recording.record(samples: 1).messages.contains("PID \(recorder.pid) died"))
    #expect(recording.number("SELECT MAX(seq) FROM sample") == full + 1)
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func anExportOntoAFullDiskLeavesNoFile() throws {
    let recording = try Recording()
    try recording.record()
    let target = disk.file("out.csv")
    try disk.fill()
    let export = ["export", "--db", recording.path, "--output", target]
    expectRefusal(try Command.run(Command.nshist, export), 74, saying: target)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: disk.file("")) == ["filler"])

    try disk.empty()
    try Data("precious".utf8).write(to: URL(fileURLWithPath: target))
    try disk.fill()
    expectRefusal(try Command.run(Command.nshist, export), 74, saying: "make room")
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data("precious".utf8))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: disk.file("")).sorted()
        == ["filler", "out.csv"])

    try disk.empty()
    #expect(try Command.run(Command.nshist, export).status == 0)
    let whole = try Command.nshist("export", "--db", recording.path).output
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data(whole.utf8))
  }
}
