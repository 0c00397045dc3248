// An empty answer about a time before the recording says that nothing is known of it.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct BeforeFirstSampleTests {
  private let recording: Recording

  init() throws { recording = try Recording() }

  private func query(_ arguments: [String]) throws -> Command.Outcome {
    try Command.run(
      Command.nshist, ["query"] + arguments + ["--utc", "--db", recording.path])
  }

  private func time(_ seconds: Int64) throws -> String {
    let first = try #require(recording.number("SELECT MIN(wall_ns) FROM sample"))
    return argument(first + seconds * 1_000_000_000)
  }

  @Test("coverage of a time before the first sample has status 2 and says why")
  func before() throws {
    try recording.record()
    let (then, later) = (try time(-3600), try time(-3000))
    for question in [
      ["coverage", "--since", then, "--until", later]
    ] {
      let outcome = try query(question)
      #expect(outcome.status == 2, "\(question): \(outcome)")
      #expect(outcome.messages.contains("is before the first sample"), "\(outcome.messages)")
      #expect(try query(question + ["--format", "csv"]).output.split(separator: "\n").count == 1)
    }
  }

  @Test("that no change was recorded also names the first sample, if the time begins before it")
  func noChange() throws {
    try recording.record()
    let since = try time(-3600)
    let outcome = try query(["changes", "--mark", "left-container", "--since", since])
    #expect(
      outcome.status == 2
        && outcome.messages.contains("nothing is recorded before the first sample, at "),
      "\(outcome)")
  }
}
