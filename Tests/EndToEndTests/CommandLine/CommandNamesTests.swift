// The names of commands: `query` may be left out, and a misspelt name is answered with the nearest command.

import TestSupport
import Testing

struct CommandNamesTests {
  @Test("a question works without `query` before it")
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
    "a misspelt command prints one line with the nearest command",
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
    "help and the program's own options are not taken for misspelt commands",
    arguments: ["help", "--help", "--version", "help query same"])
  func noCommand(words: String) throws {
    let outcome = try Command.run(
      Command.nshist, words.split(separator: " ").map(String.init))
    #expect(outcome.status == 0 && !outcome.output.isEmpty && outcome.messages == "")
  }

  /// Returns the completions that a shell is offered for the last of some words.
  private func completions(of argument: String, _ words: [String]) throws -> [String] {
    let last = try #require(words.last)
    let command = words.prefix { !$0.hasPrefix("-") }.prefix(2)
    let outcome = try Command.run(
      Command.nshist,
      ["---completion"] + command + ["--", argument, "\(words.count)", "\(last.count)", "nshist"]
        + words)
    #expect(outcome.status == 0 && outcome.messages == "", "\(outcome.messages)")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  @Test("a shell is offered the names of columns, containers and processes")
  func completedNames() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    let columns = try completions(of: "--columns", ["query", "changes", "--columns", "pid,"])
    #expect(columns.contains("pid,comm") && columns.contains("pid,marks"), "\(columns)")
    let sort = try completions(of: "--sort", ["query", "history", "--sort", "-"])
    #expect(sort.contains("-from") && !sort.contains("-marks"), "\(sort)")
    let containers = try completions(
      of: "--container", ["query", "changes", "--db", path, "--container", ""])
    #expect(containers == ["0123456789ab"])
    let selectors = ["query", "history", "--db", path]
    #expect(
      try completions(of: "positional@0", selectors + ["container:"]) == ["container:0123456789ab"])
    #expect(try completions(of: "positional@0", selectors + ["comm:ss"]) == ["comm:sshd"])
    #expect(try completions(of: "positional@0", selectors + [""]) == ["container:", "comm:"])
    // bash splits words at a colon.
    #expect(
      try completions(of: "positional@0", selectors + ["container", ":", "01"]) == ["0123456789ab"])
  }

  @Test("if no history can be read, there are no completions and no message")
  func noCompletions() throws {
    for path in ["/nowhere/history.db", "/etc/passwd", "/"] {
      #expect(
        try completions(of: "--in", ["query", "history", "--db", path, "--in", ""]) == [], "\(path)"
      )
    }
  }
}
