// `nshist db backup` makes a copy of one moment. A failure leaves no incomplete copy.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses) struct BackupTests {
  private func dump(_ path: String) throws -> String {
    let outcome = try Command.run("/usr/bin/env", ["sqlite3", "file:\(path)?immutable=1", ".dump"])
    #expect(outcome.status == 0)
    return outcome.output
  }

  private func backUp(_ path: String, to target: String) throws -> Command.Outcome {
    try Command.nshist("db", "backup", target, "--db", path)
  }

  @Test("the copy of a history has each of its rows, and replaces an earlier copy")
  func whole() throws {
    let recording = try Recording([10, 20, 30])
    try recording.record(samples: 4)
    let copy = recording.folder.file("copy.db")
    for _ in 0..<2 {
      let outcome = try backUp(recording.path, to: copy)
      #expect(outcome.status == 0)
      expectOneLine(outcome.messages, saying: "copied \(recording.path) to \(copy)")
      #expect(try dump(copy) == dump(recording.path))
      try recording.record(samples: 2)
    }
    #expect(try dump(copy) != dump(recording.path))
    #expect(
      try contents(of: recording.folder.path).keys.filter { $0.hasPrefix("copy.db") } == ["copy.db"]
    )
    // Only the owner may read the copy, as with the history.
    let mode = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("a copy that is made while a recorder writes passes db verify and answers questions")
  func whileRecording() throws {
    let recording = try Recording([10, 20])
    let recorder = try recording.startAndAwait(samples: 2, interval: "5ms")
    for round in 0..<8 {
      try recording.proc.add(100 + round)
      let copy = recording.folder.file("copy\(round).db")
      let before = recording.number("SELECT MAX(seq) FROM sample") ?? .max
      #expect(try backUp(recording.path, to: copy).status == 0)
      let verified = try Command.nshist("db", "verify", "--db", copy)
      #expect(verified.status == 0, "\(verified.output)")
      let last = try Recording.texts("SELECT MAX(seq) FROM sample", in: copy).first
      #expect(last.flatMap { Int64($0) } ?? 0 >= before)
      let answer = try Command.nshist("query", "same", "10", "20", "--type", "net", "--db", copy)
      // On a busy machine a recorder with so short an interval has gaps, which the answer names.
      #expect(
        answer.status == 0 || (answer.status == 2 && answer.output.contains("unknown (gap)")),
        "\(answer.output) \(answer.messages)")
      let coverage = try Command.nshist("query", "coverage", "--db", copy)
      #expect(coverage.output.contains("open when the file was copied"), "\(coverage.output)")
      let status = try Command.nshist("status", "--db", copy)
      #expect(status.output.contains("was running when the file was copied"))
    }
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
  }

  @Test("a target that may not be replaced is refused and unchanged")
  func refused() throws {
    let recording = try Recording()
    try recording.record()
    let folder = recording.folder
    let text = folder.file("text")
    try Data("not a history".utf8).write(to: URL(fileURLWithPath: text))
    let other = folder.file("other.db")
    _ = try Command.run("/usr/bin/env", ["sqlite3", other, "CREATE TABLE t (a)"])
    let link = folder.file("link.db")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: recording.path)
    let busy = try Recording()
    let recorder = try busy.startAndAwait(samples: 1)
    let before = try dump(recording.path)
    for (target, reason) in [
      (recording.path, "it is the history itself"), (link, "it is the history itself"),
      (text, "no history"), (other, "no history"), (folder.path, "it is a directory"),
      ("/dev/null", "it is a device"), (busy.path, "-wal file is beside it"),
      (folder.file("x-wal"), "SQLite gives such a name"),
      (folder.file("none/x.db"), "No such file"),
    ] {
      expectRefusal(try backUp(recording.path, to: target), 73, saying: reason)
    }
    #expect(try dump(recording.path) == before && fileText(text) == "not a history")
    expectRefusal(
      try backUp(folder.file("none.db"), to: folder.file("y.db")), 66, saying: "no such")
    expectRefusal(try backUp(recording.path, to: ""), 64, saying: "needs a path")
    recorder.signal(SIGTERM)
    _ = try recorder.wait()
  }

  @Test(
    "on a full disk the earlier copy stays", .enabled(if: SmallDisk.isPossible, "\(SmallDisk.need)")
  )
  func fullDisk() throws {
    let recording = try Recording()
    try recording.record()
    let disk = try SmallDisk(kilobytes: 600)
    let copy = disk.file("copy.db")
    #expect(try backUp(recording.path, to: copy).status == 0)
    let before = try dump(copy)
    try recording.record()
    // There is no room for a second copy besides the first.
    expectRefusal(try backUp(recording.path, to: copy), 74, saying: "make room")
    #expect(try dump(copy) == before)
    let names = try contents(of: URL(fileURLWithPath: copy).deletingLastPathComponent().path).keys
    #expect(Array(names) == ["copy.db"])
  }
}
