// An option that a command does not have: what to use instead, if anything is near in meaning or in writing.

import TestSupport
import Testing

struct UnknownOptionTests {
  @Test(
    arguments: [
      ("query changes --at 10:00", "is about a range: --since TIME --until TIME"),
      ("query changes --at 10:00", "nshist query processes --at TIME"),
      ("query processes --since 10:00", "'nshist query processes' is about one moment: --at TIME"),
      ("query history 5 --form json", "did you mean '--format'?"),
      ("query peers 5 --typ net", "did you mean '--type'?"),
      ("record --sampels 1", "did you mean '--samples'?"),
    ])
  func isNear(question: String, remedy: String) throws {
    let message = try refused(question)
    #expect(message.contains("Unknown option '--") && message.contains(remedy), "\(message)")
  }

  @Test(arguments: [
    "query members net:5 --up now", "query tree --if x", "query same 1 2 --limit 3",
  ])
  func isNotNear(question: String) throws {
    let message = try refused(question)
    #expect(!message.lowercased().contains("did you mean"), "\(message)")
  }

  private func refused(_ question: String) throws -> String {
    let outcome = try Command.run(
      Command.nshist, question.split(separator: " ").map(String.init))
    #expect(outcome.status == 64 && outcome.messages.split(separator: "\n").count == 1)
    return outcome.messages
  }

  @Test("a number below zero is refused as no PID", arguments: [["query", "same"], ["check"]])
  func negative(command: [String]) throws {
    let outcome = try Command.run(Command.nshist, command + ["-1", "2"])
    #expect(outcome.status == 64 && outcome.messages.contains("'-1' is not a PID"), "\(outcome)")
  }

  @Test("history takes --at")
  func historyAt() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    func history(_ options: String...) throws -> Command.Outcome {
      try Command.run(
        Command.nshist, ["query", "history", "5000", "--db", path, "--format", "csv"] + options)
    }
    let then = try history("--at", "2023-11-14T22:15:12Z", "--columns", "changed_links")
    #expect(then.status == 0 && then.output == "changed_links\r\nnet uts\r\n", "\(then)")
    let both = try history("--at", "now", "--since", "-1h")
    #expect(both.status == 64 && both.messages.contains("--at cannot be combined"), "\(both)")
  }
}
