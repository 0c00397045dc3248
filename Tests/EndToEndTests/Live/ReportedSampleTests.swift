// A sample that the recorder has reported on the terminal is in the file, also if SIGKILL follows at once.

import Foundation
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized,
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: Terminal.script),
    "needs script(1) of util-linux: samples are reported on a terminal only"))
struct ReportedSampleTests {
  @Test func whatWasReportedIsThere() throws {
    let recording = try Recording()
    var reported: Int64 = 0
    for round in 1...10 {
      let terminal = try Terminal.run([Command.nshist] + recording.arguments(interval: "5ms"))
      let open = "FROM session WHERE session_id = \(round) AND end_reason IS NULL"
      try eventually("session \(round)") {
        (recording.number("SELECT first_seq \(open)") ?? 0) > 0
      }
      usleep(UInt32(round) * 7_000)
      let pid = try #require(recording.number("SELECT recorder_pid \(open)"))
      kill(Int32(pid), SIGKILL)

      let last = try Terminal.lastSample(in: terminal.wait().output)
      let count = try #require(
        recording.number("SELECT COUNT(*) FROM sample WHERE session_id = \(round)"))
      // One more sample may have been committed when the recorder was killed before it reported it.
      #expect(count == last || count == last + 1, "round \(round)")
      reported += last
    }
    #expect(reported >= 10)
    try recording.record()
    try recording.expectWhole()
    try recording.expectClosed()
  }

  @Test func theStatusLineIsTakenAway() throws {
    let recording = try Recording()
    let terminal = try Terminal.run(
      [Command.nshist] + recording.arguments(interval: "5ms", samples: 3))
    let output = try terminal.wait().output
    #expect(try Terminal.lastSample(in: output) == 3)
    let lines = output.split(separator: "\r\n")
    #expect(lines.last?.contains("\r\u{1B}[Knshist: ended: 3 samples, 2 processes") == true)
  }
}

/// A terminal to which a program writes.
enum Terminal {
  static let script = "/usr/bin/script"

  /// Starts a program on a terminal.
  static func run(_ arguments: [String]) throws -> Command {
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    return try Command(script, ["-qfc", "export COLUMNS=1000; exec \(quoted)", "/dev/null"])
  }

  /// Returns the number of the last sample that a recorder reported; 0 if it reported none.
  static func lastSample(in output: String) throws -> Int64 {
    let report = try Regex(#" sample ([0-9]+): "#, as: (Substring, Substring).self)
    return output.matches(of: report).last.flatMap { Int64($0.output.1) } ?? 0
  }
}
