// Empty answers about the time after the last sample, while the recorder runs: nothing was observed in it.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct LastSampleTests {
  private let recording: Recording
  private let recorder: Command

  /// Starts a recorder that takes no second sample.
  init() throws {
    recording = try Recording()
    recorder = try recording.startAndAwait(samples: 1, interval: "1h")
  }

  private func end() throws {
    recorder.signal(SIGTERM)
    _ = try recorder.wait()
  }

  private func run(_ arguments: [String], _ format: String = "table") throws -> Command.Outcome {
    try Command.run(
      Command.nshist, arguments + ["--db", recording.path, "--format", format])
  }

  private func codes(_ arguments: [String]) throws -> [String?] {
    let outcome = try run(arguments, "json")
    let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return Row(values: answer as? [String: Any] ?? [:]).rows("caveats").map { $0["code"] }
      .filter { $0 != "samples-only" }
  }

  @Test(
    "an empty answer about an explicit time after the last sample has status 2 and says why",
    arguments: [
      ["changes", "--since", "-1ms"], ["members", "net@10", "--since", "now"],
      ["changes", "--since", "-1h", "--until", "now"], ["history", "10", "--since", "now"],
      ["processes", "--uid", "4242", "--at", "now"],
    ])
  func asked(question: [String]) throws {
    usleep(5000)
    let question = ["query"] + question
    #expect(try run(question, "csv").output.split(separator: "\n").count == 1)
    #expect(try codes(question).contains("after-last"))
    for format in ["table", "json", "csv"] {
      #expect(try run(question, format).status == 2, "\(question) \(format)")
    }
    let outcome = try run(question)
    let text = outcome.output + outcome.messages
    #expect(text.contains("last sample"), "\(text)")
    try end()
  }

  @Test(
    "without an explicit time an answer ends with the last sample",
    arguments: [["changes"], ["changes", "--since", "-1h"], ["processes", "--uid", "4242"]])
  func byDefault(question: [String]) throws {
    let question = ["query"] + question
    #expect(try !codes(question).contains("after-last"))
    let outcome = try run(question)
    // The status is 2 if the time asked about starts before the first sample.
    #expect(outcome.status == (question.contains("--since") ? 2 : 0), "\(outcome)")
    try end()
  }

  @Test("`shared --at now` says that this is after the last sample, and names nshist check")
  func sharedNow() throws {
    usleep(5000)
    let question = ["query", "shared", "10", "20", "--type", "net"]
    let outcome = try run(question + ["--at", "now"])
    #expect(outcome.status == 2, "\(outcome)")
    #expect(
      outcome.messages.contains("is after the last sample")
        && outcome.messages.contains("for the present use nshist check"), "\(outcome)")
    #expect(try codes(question + ["--at", "now"]).contains("after-last"))
    // The default time ends with the last sample.
    #expect(try !codes(question).contains("after-last"))
    try end()
  }

  @Test(
    "an empty answer from samples only has status 2",
    arguments: [
      "query history 30", "query peers 30", "query members net:12", "query changes --pid 30",
      "timeline 30",
    ])
  func emptyAnswer(words: String) throws {
    try end()
    let outcome = try run(words.split(separator: " ").map(String.init))
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.messages.contains("only samples were taken"), "\(outcome)")
  }

  @Test("an empty export says which time was not observed")
  func export() throws {
    try end()
    func export(_ arguments: String...) throws -> Command.Outcome {
      try Command.run(
        Command.nshist, ["export", "--db", recording.path, "--pid"] + arguments)
    }
    let whole = try export("30")
    #expect(whole.status == 0 && whole.messages.contains("no rows"), "\(whole)")
    let beyond = try export("30", "--since", "now")
    #expect(beyond.status == 2 && beyond.messages.contains("after the last sample"), "\(beyond)")
    // Records a second session. Between the two nothing was observed.
    try recording.record(samples: 1)
    let gap = try export("30")
    #expect(gap.status == 2, "\(gap)")
    #expect(gap.messages.contains("nothing was recorded from"), "\(gap)")
    #expect(try export("10").status == 0)
  }
}
