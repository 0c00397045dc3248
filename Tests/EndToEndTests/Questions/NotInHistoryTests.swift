// A question about a time or process that is not recorded: the answer is unknown with the reason, and a message says
// what is recorded.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct NotInHistoryTests {
  let recording: Recording

  init() throws {
    recording = try Recording()
    try recording.record()
  }

  private func query(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(
      Command.nshist, ["query", "same"] + arguments + ["--utc", "--db", recording.path])
  }

  /// Returns the time of a sample, moved by some nanoseconds, as an argument.
  private func time(_ function: String, movedBy offset: Int64) throws -> String {
    argument(try #require(recording.number("SELECT \(function)(wall_ns) FROM sample")) + offset)
  }

  private func expectUnknown(
    _ arguments: [String], reason: String, saying words: String,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let day = try #require(
      try recording.texts("SELECT substr(time, 1, 10) FROM samples").first)
    for format in ["table", "json", "csv"] {
      let outcome = try Command.run(
        Command.nshist,
        ["query", "same"] + arguments
          + ["--utc", "--type", "net", "--format", format, "--db", recording.path])
      #expect(outcome.status == 2, sourceLocation: location)
      expectOneLine(outcome.messages, saying: words, at: location)
      #expect(
        outcome.messages.contains("recorded from \(day)"), "\(outcome.messages)",
        sourceLocation: location)
      #expect(outcome.output.contains("unknown"), sourceLocation: location)
      #expect(outcome.output.contains(reason), "\(outcome.output)", sourceLocation: location)
    }
  }

  @Test func aPIDThatNeverWas() throws {
    try expectUnknown(["10", "30"], reason: "not-recorded", saying: "PID 30 is not in the history")
  }

  @Test func aTimeBeforeTheFirstSample() throws {
    try expectUnknown(
      ["10", "20", "--at", time("MIN", movedBy: -500_000_000)], reason: "gap",
      saying: "before the first sample")
  }

  @Test("`shared` about a time outside of all samples says what is recorded")
  func sharedOutsideOfAllSamples() throws {
    let before = try ["--until", time("MIN", movedBy: -500_000_000)]
    let after = try ["--since", time("MAX", movedBy: 3_600_000_000_000)]
    for (window, beginning, words) in [
      (before, "up to ", ", before the first sample at "),
      (after, "from ", " on, after the last sample at "),
    ] {
      let outcome = try Command.run(
        Command.nshist,
        ["query", "shared", "comm:sleep", "host", "--type", "net", "--utc", "--db"]
          + [recording.path] + window)
      #expect(outcome.status == 2, "\(outcome)")
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.first?.contains(" shared a namespace \(beginning)") == true, "\(outcome)")
      #expect(lines.first?.contains(words) == true, "\(outcome)")
      let unknown = lines.filter { $0.hasPrefix("not known") }
      #expect(unknown.allSatisfy { !$0.contains("0 µs") && $0.contains(beginning) }, "\(outcome)")
      #expect(!unknown.isEmpty, "\(outcome)")
    }
  }

  @Test func aTimeAfterTheLastSample() throws {
    try expectUnknown(
      ["10", "20", "--at", time("MAX", movedBy: 500_000_000)], reason: "gap",
      saying: "after the last sample")
  }

  @Test func aTimeThatIsRecorded() throws {
    // A sample shows a process only at the moment at which it read it, so that the time begins with its end.
    let end = try #require(
      recording.number("SELECT wall_ns + duration_ns FROM sample ORDER BY seq LIMIT 1"))
    let outcome = try query("10", "20", "--at", argument(end + 1000))
    #expect(outcome.status == 0)
    #expect(outcome.messages == "")
  }

  @Test func theReasonIsInTheJSON() throws {
    let outcome = try query("10", "30", "--format", "json")
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(answer["verdict"] as? String == "unknown")
    let types = try #require(answer["types"] as? [[String: Any]])
    #expect(types.count == 8)
    #expect(types.allSatisfy { $0["reason"] as? String == "not-recorded" })
  }
}
