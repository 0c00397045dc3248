// Every command and every option is in the README, and the README names no other.

import Foundation
import NSHistory
import TestSupport
import Testing

struct ReadmeTests {
  private let readme: String

  init() throws {
    readme = try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../README.md"), encoding: .utf8)
  }

  private func help(_ command: [String]) throws -> String {
    let outcome = try Command.run(Command.nshist, command + ["--help"])
    #expect(outcome.status == 0 && outcome.messages == "")
    return outcome.output
  }

  /// The commands below one, with their own options.
  private func commands(_ path: [String] = []) throws -> [(path: [String], options: Set<String>)] {
    let help = try help(path)
    let names = help.components(separatedBy: "SUBCOMMANDS:\n").dropFirst().first?
      .split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
      .filter { $0 != "See" }
    guard let names else { return [(path, Set(Self.options(in: help)))] }
    return try names.flatMap { try commands(path + [$0]) }
  }

  private static func options(in text: String) -> [String] {
    text.matches(of: /--[a-z][a-z-]+/).map { String($0.0) }
  }

  @Test func everyCommandAndOptionIsThere() throws {
    let commands = try commands()
    #expect(Set(commands.map { $0.path.joined(separator: " ") }).isSuperset(of: ["query same"]))
    for command in commands {
      #expect(readme.contains("`nshist \(command.path.joined(separator: " "))"))
      for option in command.options where !["--help", "--version"].contains(option) {
        #expect(readme.contains(option), "\(command.path) \(option)")
      }
    }
  }

  @Test func noOptionIsMadeUp() throws {
    let known = try Set(commands().flatMap(\.options))
    // What the README says of nshist itself: of other programs there are a few.
    let named = readme.split(separator: "\n").filter { $0.contains("nshist") || $0.contains("`--") }
      .flatMap { Self.options(in: String($0)) }
    #expect(!named.isEmpty)
    // Every program that is made with the argument parser has this one, and no help shows it.
    #expect(Set(named).subtracting(known) == ["--generate-completion-script"])
  }

  @Test("two examples of every command are in its help, and can be parsed")
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

  /// An example, run on no file in a folder of its own: it goes as far as its arguments are
  /// understood.
  private static func safe(_ example: String, in folder: String) -> String {
    let program = example.replacing("nshist ", with: "'\(Command.nshist)' ", maxReplacements: 1)
    let isRecorder = example.contains("nshist record")
    return isRecorder
      ? "\(program) --proc-root /nowhere --db /nowhere/history.db"
      : "cd '\(folder)' && NSHIST_DB=/nowhere/history.db \(program) >/dev/null"
  }

  @Test("completions come from the program", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let outcome = try Command.nshist("--generate-completion-script", shell)
    #expect(outcome.status == 0 && outcome.messages == "")
    for command in try commands() {
      #expect(outcome.output.contains(command.path.last ?? ""), "\(command.path)")
    }
  }

  @Test func everyReasonIsThere() {
    for reason in UnknownReason.allCases {
      #expect(readme.contains("| `\(reason.rawValue)` |"), "\(reason)")
    }
  }

  @Test func everyViewIsThere() throws {
    let recording = try Recording()
    try recording.record(samples: 1)
    let views = try recording.texts(
      "SELECT name FROM sqlite_schema WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite%'")
    #expect(views.count > 10)
    for view in views { #expect(readme.contains("`\(view)`"), "\(view)") }
  }
}
