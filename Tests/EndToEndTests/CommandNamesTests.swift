// The words that name a command: `query` may be left out, and a mistake is answered with the nearest command.

import TestSupport
import Testing

@Suite(.waitsForPrograms) struct CommandNamesTests {
  @Test("a question needs no query before it")
  func withoutQuery() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    for question in [["same", "5000", "812"], ["history", "812"], ["changes"], ["coverage"]] {
      let short = try Command.run(Command.nshist, question + ["--db", path])
      let whole = try Command.run(Command.nshist, ["query"] + question + ["--db", path])
      #expect(short.output == whole.output && short.status == whole.status, "\(question)")
      #expect(!short.output.isEmpty)
    }
  }

  @Test(
    "a mistake is one line with the nearest command",
    arguments: [
      ("recrod", "record"), ("quary same 1 2", "query"), ("query sahred 1 2", "shared"),
      ("chnages", "changes"), ("expert", "export"),
    ])
  func mistake(words: String, command: String) throws {
    let outcome = try Command.run(
      Command.nshist, words.split(separator: " ").map(String.init))
    #expect(outcome.status == 64 && outcome.output == "")
    #expect(outcome.messages.split(separator: "\n").count == 1)
    #expect(outcome.messages.contains("did you mean '\(command)'?"), "\(outcome.messages)")
  }

  @Test(
    "help and options of the program are no commands",
    arguments: ["help", "--help", "--version", "help query same"])
  func noCommand(words: String) throws {
    let outcome = try Command.run(
      Command.nshist, words.split(separator: " ").map(String.init))
    #expect(outcome.status == 0 && !outcome.output.isEmpty && outcome.messages == "")
  }
}
