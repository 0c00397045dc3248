// Empty answers about the time since the last sample, while the recorder runs: nothing was observed in it.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct LastSampleTests {
  private let recording: Recording
  private let recorder: Command

  /// A recorder that takes no second sample.
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
    "what was asked about by name was not observed",
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
    "by default an answer ends with the last sample",
    arguments: [["changes"], ["changes", "--since", "-1h"], ["processes", "--uid", "4242"]])
  func byDefault(question: [String]) throws {
    let question = ["query"] + question
    #expect(try !codes(question).contains("after-last"))
    let outcome = try run(question)
    // Before the first sample nothing was observed.
    #expect(outcome.status == (question.contains("--since") ? 2 : 0), "\(outcome)")
    try end()
  }

  @Test("shared of the present says that it is after the last sample, and what tells of it")
  func sharedNow() throws {
    usleep(5000)
    let question = ["query", "shared", "10", "20", "--type", "net"]
    let outcome = try run(question + ["--at", "now"])
    #expect(outcome.status == 2, "\(outcome)")
    #expect(
      outcome.messages.contains("is after the last sample")
        && outcome.messages.contains("for the present use nshist check"), "\(outcome)")
    #expect(try codes(question + ["--at", "now"]).contains("after-last"))
    // What is asked about by default ends with the last sample.
    #expect(try !codes(question).contains("after-last"))
    try end()
  }

  @Test(
    "samples alone do not say that nothing was there between two of them",
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

  @Test("an export of what is not in the file says what was not observed")
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
    // A second session: between the two nothing was observed.
    try recording.record(samples: 1)
    let gap = try export("30")
    #expect(gap.status == 2, "\(gap)")
    #expect(gap.messages.contains("nothing was recorded from"), "\(gap)")
    #expect(try export("10").status == 0)
  }
}
