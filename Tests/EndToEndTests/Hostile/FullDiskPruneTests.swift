// A device that fills up while the oldest part of a history is removed: the file stays whole, and nothing that is
// younger than its first sample is missing.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: SmallDisk.isPossible, "\(SmallDisk.need)"))
struct FullDiskPruneTests {
  private let disk: SmallDisk
  private let folder: TemporaryFolder
  /// The history on the small device.
  private let path: String
  /// The same history as it was before.
  private let original: String

  init() throws {
    disk = try SmallDisk(kilobytes: 24 << 10)
    folder = try TemporaryFolder()
    path = disk.file("history.db")
    original = folder.file("original.db")
    try RetentionCommandTests.write(original, samples: 250)
    try FileManager.default.copyItem(atPath: original, toPath: path)
  }

  /// Copies the file, and its `-wal` file if there is one, to a folder with room.
  private func copy(_ name: String) throws -> String {
    let copy = folder.file(name)
    for ending in ["", "-wal"] where FileManager.default.fileExists(atPath: path + ending) {
      try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
    }
    return copy
  }

  private func rows(_ path: String) throws -> String {
    let outcome = try Command.run("/usr/bin/env", ["sqlite3", path, ".dump"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    return outcome.output
  }

  /// Expects a sound file that has exactly the rows of the original one after a removal up to the same sample.
  /// Returns the sequence number of its first sample.
  private func expectNothingHalfGone(_ copy: String) throws -> Int64 {
    let verified = try Command.nshist("db", "verify", "--db", copy)
    #expect(verified.status == 0, "\(verified.output)\(verified.messages)")
    let first = try #require(
      Recording.texts("SELECT seq || ' ' || wall_ns FROM sample ORDER BY seq LIMIT 1", in: copy)
        .first
    ).split(separator: " ").compactMap { Int64($0) }
    let expected = folder.file("expected.db")
    try FileManager.default.copyItem(atPath: original, toPath: expected)
    if first[0] > 1 {
      let pruned = try Command.nshist(
        "db", "prune", "--before", argument(first[1] + 1), "--db", expected)
      #expect(pruned.status == 0, "\(pruned.messages)")
    }
    #expect(try rows(copy) == rows(expected), "not the rows from sample \(first[0]) on")
    return first[0]
  }

  @Test(
    "db prune ends with what it had removed whole, and goes on when there is room",
    arguments: [0, 600])
  func offline(kilobytes: Int) throws {
    try disk.fill(leaving: kilobytes)
    let outcome = try Command.nshist("db", "prune", "--before", "now", "--db", path)
    expectRefusal(outcome, 74, saying: "make room on the device")
    let first = try expectNothingHalfGone(try copy("after.db"))
    #expect(kilobytes == 0 ? first == 1 : first > 1 && first < 250, "\(first)")
    try disk.empty()
    let again = try Command.nshist("db", "prune", "--before", "now", "--db", path)
    #expect(again.status == 0, "\(again.messages)")
    #expect(try Recording.texts("SELECT COUNT(*) FROM sample", in: path) == ["1"])
    #expect(try Command.nshist("db", "verify", "--db", path).status == 0)
  }

  @Test("a recorder removes and records on when there is room")
  func recorded() throws {
    let recording = try Recording(path: path)
    try disk.fill(leaving: 800)
    // Everything that the history had before is older than that.
    let recorder = try Command(
      Command.nshist, recording.arguments(interval: "500ms") + ["--keep", "5s"])
    try eventually("a full device") {
      try recorder.messagesSoFar().contains("full")
    }
    let full = try copy("full.db")
    #expect(try Command.nshist("db", "verify", "--db", full).status == 0)
    let left = try #require(
      Int64(Recording.texts("SELECT COUNT(*) FROM sample WHERE seq <= 250", in: full)[0]))
    #expect(left > 0, "the device was not full before all was removed")
    #expect(recorder.isRunning)
    try disk.empty()
    try eventually("a history without its old part") {
      (recording.number("SELECT MIN(seq) FROM sample") ?? 0) > 250
    }
    let samples = recording.number("SELECT MAX(seq) FROM sample") ?? .max
    try eventually("more samples") {
      (recording.number("SELECT MAX(seq) FROM sample") ?? 0) > samples
    }
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    let verified = try Command.nshist("db", "verify", "--db", path)
    #expect(verified.status == 0, "\(verified.output)")
    // The failure was said once, not at each sample or step.
    #expect(
      outcome.messages.split(separator: "\n").count { $0.contains("full") } <= 2,
      "\(outcome.messages)")
  }
}
