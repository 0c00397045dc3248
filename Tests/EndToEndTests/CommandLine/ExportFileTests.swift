// `export --output` writes a whole file or leaves the old one. An export into a closed pipe ends quietly.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ExportFileTests {
  let recording: Recording
  let target: String

  init() throws {
    recording = try Recording()
    try recording.record()
    target = recording.folder.file("out.csv")
  }

  private func export(to path: String) throws -> Command.Outcome {
    try Command.nshist("export", "--db", recording.path, "--output", path)
  }

  @Test func theFileIsWhatStandardOutputGets() throws {
    let printed = try Command.nshist("export", "--db", recording.path).output
    for text in [nil, "what was there before, and longer\n" + printed] {
      if let text { try Data(text.utf8).write(to: URL(fileURLWithPath: target)) }
      let outcome = try export(to: target)
      #expect(outcome.status == 0)
      #expect(outcome.output == "")
      #expect(outcome.messages == "")
      #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data(printed.utf8))
      // The folder has no other file, such as an incomplete one.
      #expect(try Set(contents(of: recording.folder.path).keys) == ["history.db", "out.csv"])
    }
  }

  @Test func aMissingFolder() throws {
    let path = recording.folder.file("missing/out.csv")
    expectRefusal(try export(to: path), 73, saying: path)
    #expect(try Array(contents(of: recording.folder.path).keys) == ["history.db"])
  }

  @Test func aDirectory() throws {
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
    expectRefusal(try export(to: target), 73, saying: "give the path of a file in it")
    #expect(try FileManager.default.contentsOfDirectory(atPath: target).isEmpty)
  }

  @Test func aFailureKeepsWhatWasThere() throws {
    try Data("precious".utf8).write(to: URL(fileURLWithPath: target))
    let outcome = try Command.nshist(
      "export", "--db", recording.folder.file("missing.db"), "--output", target)
    expectRefusal(outcome, 66, saying: "missing.db")
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data("precious".utf8))
  }

  @Test func aFullDeviceIsReported() throws {
    let outcome = try Command.run(
      "/bin/sh",
      ["-c", "exec \"$0\" export --db \"$1\" > /dev/full", Command.nshist, recording.path])
    expectRefusal(outcome, 74, saying: "cannot write standard output")
  }

  @Test func aPipeThatIsCutEndsItQuietly() throws {
    // The output exceeds the largest pipe, so that the program notices the closed pipe.
    let recording = try Recording(Array(1...1000))
    try recording.record(samples: 1)
    let whole = try Command.nshist("export", "--db", recording.path, "--output", target)
    #expect(whole.status == 0)
    let size = try Data(contentsOf: URL(fileURLWithPath: target)).count
    #expect(size > 1 << 20)
    let outcome = try Command.run(
      "/bin/bash",
      [
        "-c", "\"$0\" export --db \"$1\" | head -1; echo \"${PIPESTATUS[0]}\"", Command.nshist,
        recording.path,
      ])
    let lines = outcome.output.split(whereSeparator: \.isNewline)
    #expect(lines.first?.hasPrefix("boot,pid_namespace,pid,start,comm,") == true)
    #expect(lines.count == 2)
    // The program ends by SIGPIPE, as filters do.
    #expect(lines.last == "\(128 + SIGPIPE)")
    #expect(outcome.messages == "")
  }
}
