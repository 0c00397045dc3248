// The documents describe every command, option, reason, view and column, and no others.

import Foundation
import NSHistory
import TestSupport
import Testing

/// The README and the pages of the DocC catalogues.
enum Documents {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// Returns the pages of a catalogue by file name.
  static func pages(_ catalogue: String) throws -> [String: String] {
    let folder = root.appendingPathComponent(catalogue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".md") }
    return try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try text("\(catalogue)/\($0)")) })
  }

  static var commands: [String: String] {
    get throws { try pages("Sources/nshist/nshist.docc") }
  }
}

struct DocumentationTests {
  private let readme: String
  private let commandPages: [String: String]

  init() throws {
    readme = try Documents.text("README.md")
    commandPages = try Documents.commands
  }

  private func help(_ command: [String]) throws -> String {
    let outcome = try Command.run(Command.nshist, command + ["--help"])
    #expect(outcome.status == 0 && outcome.messages == "")
    return outcome.output
  }

  /// Returns the subcommands of a command, with their own options.
  private func commands(_ path: [String] = []) throws -> [(path: [String], options: Set<String>)] {
    let help = try help(path)
    let names = help.components(separatedBy: "SUBCOMMANDS:\n").dropFirst().first?
      .split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
      .filter { $0 != "See" }
    // Takes only the lines that list options: other text may name those of other commands.
    let own = help.split(separator: "\n").filter { $0.hasPrefix("  -") }.joined(separator: "\n")
    guard let names else { return [(path, Set(Self.options(in: own)))] }
    return try names.flatMap { try commands(path + [$0]) }
  }

  private static func options(in text: String) -> [String] {
    text.matches(of: /--[a-z][a-z-]+/).map { String($0.0) }
  }

  @Test("each command has a page that lists its options")
  func everyCommandAndOptionIsThere() throws {
    let commands = try commands()
    #expect(Set(commands.map { $0.path.joined(separator: " ") }).isSuperset(of: ["query same"]))
    for command in commands {
      let name = try #require(command.path.last)
      let page = try #require(commandPages["\(name.capitalized).md"], "\(name)")
      #expect(page.hasPrefix("# nshist \(command.path.joined(separator: " "))\n"), "\(name)")
      for option in command.options where !["--help", "--version"].contains(option) {
        #expect(page.contains("`\(option)"), "\(command.path) \(option)")
      }
    }
  }

  @Test func noOptionIsMadeUp() throws {
    let known = try Set(commands().flatMap(\.options))
    // Checks only text about nshist, since the documents also name options of other programs.
    let texts = [readme] + commandPages.values
    let named = texts.flatMap { $0.split(separator: "\n") }
      .filter { $0.contains("nshist") || $0.contains("`--") }
      .filter { !$0.contains("swift ") && !$0.contains("podman") && !$0.contains("Benchmarks/") }
      .flatMap { Self.options(in: String($0)) }
    #expect(named.count > 100)
    // The argument parser adds this option to every program and shows it in no help.
    #expect(Set(named).subtracting(known) == ["--generate-completion-script"])
  }

  @Test("the README has at most 161 lines, and its commands parse")
  func readmeCommands() throws {
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 161)
    let folder = try TemporaryFolder()
    let commands = readme.split(separator: "\n").filter { $0.hasPrefix("    $ nshist ") }
      .map { String($0.dropFirst("    $ ".count)) }
    #expect(commands.count >= 6)
    for command in commands {
      let outcome = try Command.run("/bin/sh", ["-c", Self.safe(command, in: folder.path)])
      #expect(outcome.status != 64 && outcome.status < 126, "\(command): \(outcome.messages)")
    }
  }

  @Test("the help of every command has two examples, which parse")
  func everyCommandHasExamples() throws {
    let folder = try TemporaryFolder()
    for command in try commands() {
      let words = ["nshist"] + command.path
      let examples = try help(command.path).split(separator: "\n")
        .map { $0.trimmingCharacters(in: .whitespaces) }
        .filter {
          $0.hasPrefix(words.joined(separator: " ") + " ") || $0 == words.joined(separator: " ")
        }
        .filter { !$0.contains("USAGE") && !$0.contains("[<") && !$0.contains("<") }
      #expect(examples.count >= 2, "\(command.path): \(examples)")
      for example in examples {
        let outcome = try Command.run("/bin/sh", ["-c", Self.safe(example, in: folder.path)])
        #expect(outcome.status != 64 && outcome.status < 126, "\(example): \(outcome.messages)")
      }
    }
  }

  /// Returns an example as a shell command that has no history file, so that it runs only until its arguments are
  /// parsed.
  private static func safe(_ example: String, in folder: String) -> String {
    let program = example.replacing("nshist ", with: "'\(Command.nshist)' ", maxReplacements: 1)
    let isRecorder = example.contains("nshist record")
    return isRecorder
      ? "\(program.replacing(#/ --db \S+/#, with: "")) --proc-root /nowhere --db /nowhere/history.db"
      : "cd '\(folder)' && NSHIST_DB=/nowhere/history.db \(program) >/dev/null"
  }

  @Test("the program generates completions for each shell", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let outcome = try Command.nshist("--generate-completion-script", shell)
    #expect(outcome.status == 0 && outcome.messages == "")
    for command in try commands() {
      #expect(outcome.output.contains(command.path.last ?? ""), "\(command.path)")
    }
  }

  @Test("the files that Architecture.md names exist")
  func filesOfTheArchitecture() throws {
    let page = try #require(commandPages["Architecture.md"])
    let paths = Set(
      page.matches(of: /`([A-Za-z]+(?:\/[A-Za-z+]+)+\.(?:swift|c))`/).map { String($0.1) })
    #expect(paths.count > 60)
    for path in paths {
      #expect(throws: Never.self, "\(path)") { try Documents.text("Sources/\(path)") }
    }
  }

  @Test func everyReasonIsThere() throws {
    let verdicts = try #require(commandPages["Verdicts.md"])
    for reason in UnknownReason.allCases {
      for text in [readme, verdicts] {
        #expect(text.contains("| `\(reason.rawValue)` |"), "\(reason)")
      }
    }
  }

  @Test("FileFormat.md names every table, every view and every column of a view")
  func everyViewIsThere() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    let page = try Documents.text("Sources/NSHistory/NSHistory.docc/FileFormat.md")
    let tables = try recording.texts(
      "SELECT name FROM sqlite_schema WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite%'")
    #expect(tables.count > 10)
    for table in tables { #expect(page.contains("`\(table)`"), "\(table)") }
    let columns = try recording.texts(
      """
      SELECT DISTINCT column.name FROM sqlite_schema AS view, pragma_table_info(view.name) AS column
      WHERE view.type = 'view'
      """)
    #expect(columns.count > 30)
    for column in columns { #expect(page.contains("`\(column)`"), "\(column)") }
  }
}
