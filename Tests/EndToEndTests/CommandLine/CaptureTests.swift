// `nshist capture` cuts a slice out of a history; the usual commands then read the slice.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct CaptureTests {
  private let folder: TemporaryFolder
  private let history: String
  private let slice: String
  private static let bounds = [
    "--since", "2023-11-14T22:15:00Z", "--until", "2023-11-14T22:16:10Z",
  ]

  init() throws {
    folder = try TemporaryFolder()
    history = folder.file("history.db")
    slice = folder.file("slice.db")
    try GoldenHistory.write(history)
  }

  private func capture(_ arguments: [String], to output: String? = nil) throws -> Command.Outcome {
    try Command.run(
      Command.nshist,
      ["capture"] + arguments + ["--db", history, "--output", output ?? slice])
  }

  private func run(_ arguments: [String], _ path: String) throws -> Command.Outcome {
    try Command.run(Command.nshist, arguments + ["--db", path])
  }

  @Test("a question about the slice's time gives the same output as the history, or is refused")
  func sameAnswers() throws {
    let before = try contents(of: folder.path)
    let outcome = try capture(Self.bounds)
    #expect(outcome.status == 0 && outcome.output == "", "\(outcome.messages)")
    expectOneLine(outcome.messages, saying: "nshist: wrote \(slice): ")
    var after = try contents(of: folder.path)
    #expect(after.removeValue(forKey: "slice.db") != nil)
    #expect(after == before, "the history was changed, or something was left behind")
    let verified = try run(["db", "verify"], slice)
    #expect(verified.status == 0, "\(verified.output)")
    var refused = 0
    for question in GoldenQuestion.all {
      let isTimed = question.words.contains { ["--at", "--since", "--until"].contains($0) }
      for (format, _) in question.formats {
        var arguments = question.arguments(format)
        if !isTimed { arguments += Self.bounds }
        if isTimed, !question.words.contains("--at"), !question.words.contains("--since") {
          arguments += Self.bounds.prefix(2)
        }
        let (one, other) = (try run(arguments, slice), try run(arguments, history))
        if one.status == 65 {
          expectRefusal(one, 65, saying: "it is a slice")
          refused += 1
          continue
        }
        #expect(
          one.output == other.output && one.status == other.status, "\(arguments)\n\(one.messages)")
      }
    }
    // Questions about a time outside of the slice are refused, and a few that depend on what was before it.
    #expect(refused <= 3 * 14, "\(refused)")
  }

  @Test("a question without a time is about the time of the slice")
  func bounds() throws {
    #expect(try capture(Self.bounds).status == 0)
    let history = try run(["query", "history", "5000", "--format", "json"] + Self.bounds, history)
    let own = try run(["query", "history", "5000", "--format", "json"], slice)
    #expect(own.status == 0 && own.output == history.output, "\(own.messages)")
    expectRefusal(
      try run(["query", "history", "5000", "--until", "2023-11-14T22:20:00Z"], slice), 65,
      saying: "it is a slice, which holds the time from ")
    expectRefusal(try run(["query", "history", "4242"], slice), 65, saying: "PID 4242")
    expectRefusal(try run(["query", "history", "comm:nobody"], slice), 65, saying: "nobody")
    let uuid = try Recording.texts("SELECT uuid FROM history", in: self.history)[0]
    let info = try run(["db", "info"], slice)
    #expect(info.output.contains("a slice of the history \(uuid): "), "\(info.output)")
    #expect(!info.output.contains("a day"), "\(info.output)")
    let json = try run(["db", "info", "--format", "json"], slice)
    #expect(json.output.contains("\"of\": \"\(uuid)\""), "\(json.output)")
    let coverage = try run(["query", "coverage"], slice)
    #expect(coverage.status == 0 && coverage.output.contains("recorded"), "\(coverage.messages)")
    #expect(coverage.messages.contains("a slice of the history \(uuid): "), "\(coverage.messages)")
    #expect(try Recording.texts("SELECT uuid FROM history", in: slice)[0] != uuid)
  }

  @Test("a slice of some processes answers about them, and refuses the others")
  func limited() throws {
    #expect(try capture(Self.bounds + ["5000", "container:0123"]).status == 0)
    for words in [
      "query history 5000", "timeline 5000", "query same 5000 5000 --type net", "export --pid 5000",
      "query history container:0123",
    ] {
      let arguments = words.split(separator: " ").map(String.init)
      let (one, other) = (
        try run(arguments + Self.bounds, slice), try run(arguments + Self.bounds, history)
      )
      if one.status == 65, words.contains("container") { continue }
      #expect(one.output == other.output && one.status == other.status, "\(words) \(one.messages)")
    }
    for words in [
      "query history 812", "query changes", "query processes --at 2023-11-14T22:15:12Z",
    ] {
      let arguments = words.split(separator: " ").map(String.init)
      expectRefusal(
        try run(arguments, slice), 65, saying: "and only of PID 5000, container ")
    }
    expectRefusal(
      try capture(Self.bounds + ["4242"], to: folder.file("none.db")), 66, saying: "PID 4242")
    expectRefusal(
      try capture(Self.bounds + ["container:nobody"], to: folder.file("none.db")), 66,
      saying: "no container 'nobody'")
    expectRefusal(
      try capture(Self.bounds + ["comm:sshd"], to: folder.file("none.db")), 64, saying: "comm:sshd")
    #expect(try !contents(of: folder.path).keys.contains { $0.hasPrefix("none") })
  }

  @Test("capture replaces no file, and a failure leaves none")
  func existingFiles() throws {
    let other = folder.file("other.txt")
    try Data("precious".utf8).write(to: URL(fileURLWithPath: other))
    let before = try contents(of: folder.path)
    for suffix in ["", "-wal", "-shm", "-journal"] {
      expectRefusal(
        try capture(Self.bounds, to: history + suffix), 73, saying: "it is a database")
    }
    expectRefusal(try capture(Self.bounds, to: other), 73, saying: "there is such a file")
    expectRefusal(try capture(Self.bounds, to: folder.path), 73)
    expectRefusal(try capture(Self.bounds, to: folder.file("none/slice.db")), 73)
    expectRefusal(try capture(Self.bounds, to: "-"), 64, saying: "standard output")
    expectRefusal(try capture([]), 64, saying: "--since")
    expectRefusal(
      try capture(["--since", "2023-11-14T22:16:00Z", "--until", "2023-11-14T22:15:00Z"]), 64)
    expectRefusal(
      try capture(["--until", "2023-11-14T20:00:00Z"]), 66, saying: "no sample was taken")
    #expect(try contents(of: folder.path) == before)
  }

  @Test("recording into a slice and pruning it are refused")
  func notRecorded() throws {
    #expect(try capture(Self.bounds).status == 0)
    let before = try contents(of: folder.path)["slice.db"]
    let recording = try Recording(path: slice)
    let outcome = try recording.record(samples: 1)
    #expect(
      outcome.status == 65 && outcome.messages.contains("it is a slice"), "\(outcome.messages)")
    expectRefusal(
      try run(["db", "prune", "--before", "2023-11-14T22:15:30Z"], slice), 65,
      saying: "it is a slice")
    #expect(try contents(of: folder.path)["slice.db"] == before)
  }

  @Test(
    "a user who may only read a slice can query it",
    .enabled(if: OtherUser.isPossible, "\(OtherUser.need)"))
  func otherUser() throws {
    #expect(try capture(Self.bounds).status == 0)
    try chmod(folder.path, to: 0o755)
    try chmod(slice, to: 0o444)
    let outcome = try OtherUser.nshist(
      ["query", "history", "5000", "--db", slice])
    #expect(outcome.status == 0, "\(outcome.messages)")
  }

  @Test("a slice can be cut while a recorder runs")
  func whileRecording() throws {
    let recording = try Recording([10, 20])
    let recorder = try recording.startAndAwait(samples: 10)
    for round in 1...5 {
      let file = folder.file("live\(round).db")
      let outcome = try Command.nshist(
        "capture", "--since", "-1h", "--db", recording.path, "--output", file)
      #expect(outcome.status == 0, "\(outcome.messages)")
      #expect(try run(["db", "verify"], file).status == 0)
      let same = try run(["query", "same", "10", "20", "--type", "net"], file)
      #expect(same.status == 0 || same.status == 2, "\(same.output)\(same.messages)")
      let coverage = try run(["query", "coverage", "--format", "json"], file)
      #expect(coverage.output.contains(#""state": "unknown-end""#), "\(coverage.output)")
    }
    let samples = recording.number("SELECT COUNT(*) FROM sample") ?? 0
    try recording.waitFor(samples: samples + 3)
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    #expect(try run(["db", "verify"], recording.path).status == 0)
  }

  @Test("--gzip writes a compressed slice, which answers as the slice when it is unpacked")
  func gzip() throws {
    #expect(try capture(Self.bounds).status == 0)
    let plain = folder.file("plain.db")
    try FileManager.default.moveItem(atPath: slice, toPath: plain)
    let before = try contents(of: folder.path)
    let outcome = try capture(Self.bounds + ["--gzip"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    expectOneLine(outcome.messages, saying: "nshist: wrote \(slice).gz: ")
    #expect(try capture(Self.bounds + ["--gzip"], to: folder.file("other.db.gz")).status == 0)
    var after = try contents(of: folder.path)
    let compressed = after.removeValue(forKey: "slice.db.gz") ?? Data()
    #expect(after.removeValue(forKey: "other.db.gz")?.starts(with: [0x1f, 0x8b]) == true)
    #expect(after == before)
    #expect(compressed.count < (before["plain.db"]?.count ?? 0) / 2, "\(compressed.count)")
    expectRefusal(
      try capture(Self.bounds + ["--gzip"]), 73, saying: "cannot write \(slice).gz: there is such a"
    )
    #expect(try contents(of: folder.path)["slice.db.gz"] == compressed)

    #expect(try Command.run("/usr/bin/env", ["gunzip", slice + ".gz"]).status == 0)
    #expect(try run(["db", "verify"], slice).status == 0)
    for words in ["query history 5000", "query changes", "query coverage", "export"] {
      let arguments = words.split(separator: " ").map(String.init) + ["--format", "csv"]
      let (one, other) = (try run(arguments, slice), try run(arguments, plain))
      #expect(one.output == other.output && one.status == other.status, "\(words)")
      #expect(one.output.filter(\.isNewline).count > 1, "\(words): \(one.messages)")
    }
  }

  @Test("without gzip(1), --gzip leaves nothing behind")
  func withoutGzip() throws {
    let before = try contents(of: folder.path)
    let outcome = try Command.run(
      Command.nshist, ["capture"] + Self.bounds + ["--gzip", "--db", history, "--output", slice],
      environment: ["PATH": folder.path])
    expectRefusal(outcome, 73, saying: "gzip(1) is not in the PATH")
    #expect(try contents(of: folder.path) == before)
  }

  @Test(
    "on a full disk nothing is left of a compressed slice",
    .enabled(if: SmallDisk.isPossible, "\(SmallDisk.need)"))
  func fullDiskWhileCompressing() throws {
    #expect(try capture(Self.bounds).status == 0)
    let size = try contents(of: folder.path)["slice.db"]?.count ?? 0
    // The slice has room, its compressed form beside it has not.
    let disk = try SmallDisk(kilobytes: size / 1024 + 16)
    let outcome = try capture(Self.bounds + ["--gzip"], to: disk.file("slice.db"))
    expectRefusal(outcome, 74, saying: "make room on the device")
    let folder = URL(fileURLWithPath: disk.file("slice.db")).deletingLastPathComponent().path
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    #expect(try capture(Self.bounds, to: disk.file("slice.db")).status == 0)
  }

  @Test(
    "on a full disk capture fails and leaves no file",
    .enabled(if: SmallDisk.isPossible, "\(SmallDisk.need)"))
  func fullDisk() throws {
    let disk = try SmallDisk(kilobytes: 128)
    let file = disk.file("slice.db")
    let outcome = try capture(Self.bounds, to: file)
    expectRefusal(outcome, 74, saying: "make room on the device")
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }
}
