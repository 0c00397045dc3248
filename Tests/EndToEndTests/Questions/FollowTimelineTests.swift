// `nshist timeline --follow` draws in place on a terminal while a recorder writes.

import Foundation
import TestSupport
import Testing

/// A command on a terminal (script(1)), which writes all that the terminal gets to a file at once.
private struct FollowedScreen {
  private let folder: TemporaryFolder
  private let script: Command

  init(_ command: String, columns: Int, lines: Int) throws {
    folder = try TemporaryFolder()
    script = try Command(
      "/usr/bin/script",
      [
        "-qefc", "tty; echo $$; stty cols \(columns) rows \(lines); exec \(command)",
        folder.file("screen"),
      ],
      environment: [
        "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "COLUMNS": "", "LINES": "",
        "TZ": "UTC",
      ])
  }

  /// All that the terminal got so far.
  var text: String {
    let data = FileManager.default.contents(atPath: folder.file("screen")) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  /// The pictures that were drawn so far, without colours.
  var pictures: [String] {
    text.components(separatedBy: "\u{1B}[?2026h\u{1B}[H").dropFirst()
      .filter { $0.contains("\u{1B}[?2026l") }
      .map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") }
  }

  /// The terminal and the PID of the command, which the shell printed first.
  private var head: [String] {
    text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("Script ") }
  }

  func resize(columns: Int) throws {
    _ = try Command.run("/usr/bin/stty", ["-F", head[0], "cols", "\(columns)"])
  }

  func signal(_ number: Int32) throws { kill(try #require(Int32(head[1])), number) }

  func wait() throws -> Command.Outcome { try script.wait() }
}

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct FollowTimelineTests {
  private static let hasScript = FileManager.default.fileExists(atPath: "/usr/bin/script")

  @Test(
    "--follow draws what is recorded, again after a change of the terminal's size, until a signal",
    .enabled(if: hasScript, "needs script"))
  func draws() throws {
    let recording = try LiveRecording(interval: "200ms", ["--events", "on"])
    let process = try TestProcess()
    try recording.waitForSamples(2)
    let terminal = try FollowedScreen(
      "'\(Command.nshist)' timeline \(process.pid) --type net --follow --db '\(recording.database)'",
      columns: 90, lines: 20)
    try eventually("a picture") { terminal.pictures.contains { $0.contains("A█") } }
    #expect(!terminal.pictures.contains { $0.contains("B = net:[") })
    try process.unshare(CloneFlag.net)
    try eventually("the change") { terminal.pictures.contains { $0.contains("B = net:[") } }
    try terminal.resize(columns: 60)
    func rows(_ picture: String) -> [String] {
      picture.split(whereSeparator: \.isNewline).map(String.init)
        .filter { $0.hasPrefix("\(process.pid) ") }
    }
    try eventually("a picture of the new size") {
      terminal.pictures.last.map { rows($0).allSatisfy { $0.count == 60 } } == true
    }
    #expect(terminal.pictures.first.map { rows($0).map(\.count) } == [90], "\(terminal.text)")
    #expect(terminal.pictures.allSatisfy { $0.contains("the last sample was") })
    try terminal.signal(SIGTERM)
    let outcome = try terminal.wait()
    #expect(outcome.status == 0, "\(outcome)")
    // The alternate screen is left, the cursor is shown again, and the last picture stays on the terminal.
    let text = terminal.text
    #expect(text.contains("\u{1B}[?1049h\u{1B}[?25l"), "\(text.debugDescription)")
    let rest = text.components(separatedBy: "\u{1B}[?25h\u{1B}[?1049l")
    #expect(rest.count == 2 && rest[1].contains("= net:["), "\(text.debugDescription)")
  }

  @Test("--follow needs a terminal, and options that it cannot be combined with are refused")
  func refused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try GoldenHistory.write(path)
    for (options, reason) in [
      ([], "standard output is none"), (["--until", "now"], "with --until"),
      (["--format", "json"], "with --format json"), (["--format", "csv"], "with --format csv"),
      (["--pager"], "with --pager"),
    ] {
      let outcome = try Command.run(
        Command.nshist, ["timeline", "1", "--follow", "--db", path] + options)
      #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
      #expect(outcome.messages.contains(reason), "\(options): \(outcome.messages)")
    }
  }
}
