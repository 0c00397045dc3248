// A history that somebody edited, one edit at a time. Every command ends in time, with a documented status and never
// by a signal, and prints no control characters.

import Foundation
import SQLite
import TestSupport
import Testing

struct HostileQuestionTests {
  /// The bytes of the golden history, which each test edits.
  private static let golden = Result {
    let folder = try TemporaryFolder()
    try GoldenHistory.write(folder.file("history.db"))
    return try Data(contentsOf: URL(fileURLWithPath: folder.file("history.db")))
  }

  private let folder: TemporaryFolder
  private let path: String
  private let commands = ParsedCommands()

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try Self.golden.get().write(to: URL(fileURLWithPath: path))
  }

  /// Edits a new copy of the history, with a connection for each statement.
  private func edit(_ statements: String...) throws {
    try Self.golden.get().write(to: URL(fileURLWithPath: path))
    for sql in statements {
      let connection = try Connection(path: path, access: .readWrite)
      try connection.execute(
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; \(sql)")
    }
  }

  private static let questions = [
    "query same 5000 812 --at 2023-11-14T22:15:12Z", "query same 5000 5100 6100",
    "query history 5000", "query history comm:nginx", "query history 6100",
    "query members net:4026532300", "query members user#6003", "query members pid@8002",
    "query peers 4711", "query peers 5000 --initial --type net", "query changes",
    "query changes --pid 5000", "query changes --namespace net:4026532300",
    "query namespaces --at 2023-11-14T22:15:12Z", "query namespaces",
    "query processes --at 2023-11-14T22:15:52.5Z", "query tree --at 2023-11-14T22:15:12Z",
    "query tree --at 2023-11-14T22:16:20Z", "query coverage",
    "query coverage --at 2023-11-14T22:15:30Z", "timeline 5000 6100 7000 --type net,user",
    "export --since 2023-11-14T22:15:20Z",
  ]

  /// Questions that are hardly about the history, and each of which is asked of every fourth edit only: `doctor` also
  /// loads the programs for the kernel, which takes longer than all other questions together.
  private static let questionsAboutMachine = ["limits", "doctor"]

  /// Asks all questions of the edited file: one through the program, and the others inside of this process. Each is
  /// asked in one format, which changes with the edit (`turn`), as does the one for the program; with more seeds than
  /// usual in `NSHIST_SEEDS`, in all formats.
  private func askAll(_ formats: [String], turn: Int, after sql: String) throws {
    let questions = Self.questions + (turn % 4 == 0 ? Self.questionsAboutMachine : [])
    for (number, question) in questions.enumerated() {
      let next = formats[(turn + number) % formats.count]
      for format in RandomSeeds.all.count > 8 ? formats : [next] {
        let isExport = question.hasPrefix("export")
        let arguments =
          question.split(separator: " ").map(String.init)
          + ["--format", isExport && format == "table" ? "tsv" : format, "--db", path]
        let start = ContinuousClock.now
        let outcome =
          number == turn % questions.count
          ? try Command.run(
            "/usr/bin/timeout", ["--signal=KILL", "20", Command.nshist] + arguments,
            environment: ["NO_COLOR": "1", "LC_ALL": "C.UTF-8"])
          : try commands.run(arguments)
        let what = "\(question) --format \(format) after \(sql)"
        #expect(ContinuousClock.now - start < .seconds(20), "\(what)")
        try expectDecent(outcome, format, isExport, what)
      }
    }
  }

  private func expectDecent(
    _ outcome: Command.Outcome, _ format: String, _ isExport: Bool, _ what: String
  ) throws {
    let status = outcome.status
    #expect(
      (0...2).contains(status) || (64...77).contains(status),
      "\(what): \(status) \(outcome.messages.suffix(1000))")
    let allowed: Set<Unicode.Scalar> =
      format == "csv" ? ["\r", "\n"] : isExport && format == "table" ? ["\t", "\n"] : ["\n"]
    expectHarmless(outcome.output, but: allowed, what)
    expectHarmless(outcome.messages, but: ["\n"], what)
    guard status < 3 else { return }
    #expect(throws: Never.self, "\(what)") {
      switch format {
      case "json": _ = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      case "csv": _ = try StrictCSV.parse(outcome.output)
      default: break
      }
    }
  }

  private func expectHarmless(
    _ text: String, but allowed: Set<Unicode.Scalar>, _ what: String
  ) {
    // Most text is ASCII, of which no more has to be known.
    guard
      text.utf8.contains(where: { byte in
        !(0x20...0x7E).contains(byte) && !allowed.contains(Unicode.Scalar(byte))
      })
    else { return }
    let bad = text.unicodeScalars.first { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: !allowed.contains(scalar)
      // Bytes that are not UTF-8 are decoded as U+FFFD, which is accepted.
      default: false
      }
    }
    #expect(bad == nil, "\(what): \(text.debugDescription.prefix(2000))")
  }

  /// Edits a new copy of the history with each statement in turn, and asks all questions of it.
  private func askAll(after edits: [String], _ formats: [String]) throws {
    for (turn, sql) in edits.enumerated() {
      try edit(sql)
      try askAll(formats, turn: turn, after: sql)
    }
  }

  @Test("impossible times and numbers end no command by a signal")
  func numbers() throws { try askAll(after: HostileEdits.numbers, ["table", "json"]) }

  @Test("circular, long and wide relations of namespaces end no command by a signal")
  func relations() throws { try askAll(after: HostileEdits.relations, ["table", "json", "csv"]) }

  @Test("missing rows and unknown codes end no command by a signal")
  func dangling() throws { try askAll(after: HostileEdits.dangling, ["table", "json"]) }

  @Test("control characters in text columns are never printed")
  func texts() throws {
    for (turn, column) in HostileEdits.texts.enumerated() {
      let parts = column.split(separator: ".")
      let sql = "UPDATE \(parts[0]) SET \(parts[1]) = \(HostileEdits.text) || rowid"
      try edit(sql)
      // Escaping depends on the format, so each question is asked in all of them.
      for format in ["table", "json", "csv"] { try askAll([format], turn: turn, after: sql) }
    }
  }

  @Test("missing values and values of another type end no command by a signal")
  func otherKinds() throws {
    for (turn, edited) in HostileEdits.otherKinds.enumerated() {
      let (table, column, value) = edited
      let sql = "UPDATE \(table) SET \(column) = \(value)"
      try edit(
        """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(
            replace(replace(sql, 'IS NOT NULL', 'NOTNULL'), 'NOT NULL', ''), ') STRICT', ')')
        WHERE type = 'table' AND name = '\(table)'
        """, sql)
      try askAll(["table", "json"], turn: turn, after: sql)
    }
  }

  @Test("the unedited history answers every question")
  func unedited() throws {
    for question in Self.questions + Self.questionsAboutMachine {
      let outcome = try Command.run(
        Command.nshist, question.split(separator: " ").map(String.init) + ["--db", path])
      #expect(outcome.status < 3, "\(question): \(outcome.messages)")
      #expect(!outcome.output.isEmpty, "\(question)")
    }
  }
}
