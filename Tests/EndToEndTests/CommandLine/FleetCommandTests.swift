// `nshist fleet`: the commands as a user runs them, against a server of their own.

import Foundation
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized,
  .enabled(if: PostgresServer.isThere, "needs the server of Debian's package postgresql"))
struct FleetCommandTests {
  private let folder: TemporaryFolder
  private let history: String
  private let server: PostgresServer
  private let uri: String

  init() throws {
    folder = try TemporaryFolder()
    history = folder.file("history.db")
    server = try PostgresServer.shared()
    uri = server.uri(try server.makeDatabase())
    let made = try Command.nshist("fleet", "init", uri)
    try #require(made.status == 0, "\(made.messages)")
    expectOneLine(made.messages, saying: "made a store of version 1")
  }

  private func ship() throws {
    let shipped = try Command.nshist("fleet", "ship", "--to", uri, "--db", history)
    #expect(shipped.status == 0 && shipped.output == "")
    expectOneLine(shipped.messages, saying: "shipped ")
  }

  private func host() throws -> String {
    let hosts = try Command.nshist("fleet", "hosts", uri, "--format", "csv")
    #expect(hosts.status == 0 && hosts.messages == "")
    let lines = hosts.output.split(separator: "\r\n").flatMap { $0.split(separator: "\n") }
    return try #require(lines.dropFirst().first?.split(separator: ",").last.map(String.init))
  }

  @Test("a question to the store has the answer of the file")
  func sameAnswers() throws {
    try GoldenHistory.write(history)
    try ship()
    let host = try host()
    var asked = 0
    for question in GoldenQuestion.all where question.words.first == "query" {
      let format =
        question.words.contains("same") || question.words.contains("shared") ? "table" : "json"
      let arguments = question.arguments(format)
      let store = try Command.run(
        Command.nshist, arguments + ["--fleet", uri, "--host", host])
      let file = try Command.run(Command.nshist, arguments + ["--db", history])
      asked += 1
      #expect(
        store.output == file.output && store.status == file.status,
        "\(arguments)\n\(store.messages)")
    }
    #expect(asked > 20)
    #expect(try contents(of: folder.path).keys.sorted() == ["history.db"])
  }

  @Test("pull and --keep-slice leave a slice, and nothing else")
  func keepsSlice() throws {
    try GoldenHistory.write(history)
    try ship()
    let host = try host()
    let kept = folder.file("kept.db")
    let asked = try Command.nshist(
      "query", "processes", "--at", "2023-11-14T22:15:12Z", "--format", "json", "--fleet", uri,
      "--host", host, "--keep-slice", kept)
    let again = try Command.nshist(
      "query", "processes", "--at", "2023-11-14T22:15:12Z", "--format", "json", "--db", kept)
    #expect(asked.status == 0 && asked.output == again.output, "\(asked.messages)")
    let pulled = folder.file("pulled.db")
    let outcome = try Command.nshist(
      "fleet", "pull", uri, "--host", host, "--since", "2023-11-14T22:15:00Z", "--until",
      "2023-11-14T22:16:10Z", "--output", pulled)
    #expect(outcome.status == 0)
    expectOneLine(outcome.messages, saying: "wrote \(pulled): ")
    #expect(try Command.nshist("db", "verify", "--db", pulled).status == 0)
    #expect(
      try contents(of: folder.path).keys.sorted() == ["history.db", "kept.db", "pulled.db"])
    let replaced = try Command.nshist("fleet", "pull", uri, "--host", host, "--output", pulled)
    expectRefusal(replaced, 73)
  }

  @Test("each failure is one line with its status")
  func refusals() throws {
    try GoldenHistory.write(history)
    let cases: [([String], Int32, String)] = [
      (["fleet", "hosts", "postgresql://u:secret@localhost/x"], 64, "holds a password"),
      (["fleet", "hosts", "nonsense"], 64, "postgresql://"),
      (["fleet", "hosts", "postgresql:///x?host=/nowhere&sslmode=disable"], 69, "does not answer"),
      (["fleet", "hosts", server.uri("postgres")], 65, "nshist fleet init"),
      (["fleet", "hosts", uri.replacing("&sslmode=disable", with: "")], 69, "sslmode=disable"),
      (["fleet", "pull", uri, "--host", "nobody", "--output", folder.file("x.db")], 66, "nobody"),
      (["query", "tree", "--fleet", uri], 64, "--host"),
      (["query", "tree", "--host", "a"], 64, "--fleet"),
      (["query", "tree", "--fleet", uri, "--host", "a", "--db", history], 64, "--db"),
      (["fleet", "ship", "--to", uri, "--db", folder.file("none.db")], 66, "no such file"),
      (["fleet", "ship", "--to", uri, "--every", "soon", "--db", history], 64, "--every"),
      (["fleet", "search", uri], 64, "--container"),
    ]
    for (arguments, status, words) in cases {
      let outcome = try Command.run(Command.nshist, arguments)
      expectRefusal(outcome, status, saying: words)
      #expect(!outcome.messages.contains("secret"))
    }
    let none = try Command.nshist("fleet", "search", uri, "--comm", "nobody", "--format", "csv")
    #expect(none.status == 1)
  }

  @Test("a recorder and a shipper that were killed leave a store that goes on")
  func killed() throws {
    let recorder = try Command(
      Command.nshist, ["record", "--interval", "100ms", "--db", history, "--source", "proc"])
    func shipper() throws -> Command {
      try Command(
        Command.nshist,
        ["fleet", "ship", "--to", uri, "--every", "1s", "--batch", "50", "--db", history])
    }
    let first = try shipper()
    usleep(2_500_000)
    let messages = try first.messagesSoFar()
    #expect(first.isRunning, "\(messages)")
    first.signal(SIGKILL)
    _ = try first.wait()
    let second = try shipper()
    usleep(1_500_000)
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    second.signal(SIGKILL)
    _ = try second.wait()
    try ship()
    let (captured, pulled) = (folder.file("captured.db"), folder.file("pulled.db"))
    let since = ["--since", "2020-01-01"]
    #expect(
      try Command.run(
        Command.nshist, ["capture", "--db", history, "--output", captured] + since
      ).status == 0)
    let host = try host()
    #expect(
      try Command.run(
        Command.nshist, ["fleet", "pull", uri, "--host", host, "--output", pulled] + since
      ).status
        == 0)
    for question in [["export"], ["query", "changes"], ["query", "coverage"]] {
      let answers = try [captured, pulled].map {
        try Command.run(Command.nshist, question + ["--format", "csv", "--db", $0]).output
      }
      #expect(answers[0] == answers[1] && answers[0].count > 100, "\(question)")
    }
  }
}
