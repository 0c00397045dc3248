// A signal that ends `capture` or `db backup` in the middle leaves what was there before, and nothing else.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct InterruptedFileTests {
  /// A command that writes a file, and the bytes by which its unfinished file begins in the part that is interrupted.
  struct Writing: CustomTestStringConvertible, Sendable {
    let words: [String]
    var ending = ""
    var magic: [UInt8] = []

    var testDescription: String { words.joined(separator: " ") }
  }

  private static let all = [
    Writing(words: ["db", "backup"]),
    Writing(words: ["capture", "--since", "@1", "--output"]),
    Writing(
      words: ["capture", "--since", "@1", "--gzip", "--output"], ending: ".gz",
      magic: [0x1f, 0x8b]),
  ]

  /// The state letter of a process in `/proc/PID/stat`; nil if it has ended.
  private func state(_ pid: Int32) throws -> Character? {
    guard let text = try? fileText("/proc/\(pid)/stat") else { return nil }
    return text.split(separator: ")").last?.first { $0 != " " }
  }

  private func startsWith(_ path: String, _ bytes: [UInt8]) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    return (try? file.read(upToCount: max(1, bytes.count)))?.starts(with: bytes) ?? false
  }

  /// Starts a command, and stops it while its unfinished file is there. Where it was too fast for that, the folder is
  /// made as it was before, and the command is started again.
  private func stopInTheMiddle(
    _ writing: Writing, _ history: String, _ target: String, in folder: TemporaryFolder,
    signals: String = "--default-signal=INT,TERM,HUP"
  ) throws -> Command {
    let before = try contents(of: folder.path)
    for _ in 0..<50 {
      if let command = try stopOnce(writing, history, target, signals) { return command }
      for name in try contents(of: folder.path).keys { unlink(folder.file(name)) }
      for (name, data) in before { try data.write(to: URL(fileURLWithPath: folder.file(name))) }
    }
    throw NeverHappened(what: "a command that was stopped in the middle")
  }

  private func stopOnce(
    _ writing: Writing, _ history: String, _ target: String, _ signals: String
  ) throws -> Command? {
    // A shell that runs tests in the background has its children ignore some signals.
    let command = try Command(
      "/usr/bin/env",
      [signals, Command.nshist] + writing.words + [target, "--db", history])
    let unfinished = "\(target)\(writing.ending).\(command.pid).part"
    while command.isRunning, !startsWith(unfinished, writing.magic) { usleep(200) }
    command.signal(SIGSTOP)
    try eventually("a process that is stopped or has ended") {
      let state = try state(command.pid)
      return state == nil || state == "T" || state == "Z"
    }
    if FileManager.default.fileExists(atPath: unfinished) { return command }
    command.signal(SIGCONT)
    #expect(try command.wait().status == 0)
    return nil
  }

  @Test(arguments: all, [SIGINT, SIGTERM, SIGHUP])
  func interrupted(writing: Writing, signal: Int32) throws {
    let history = try CrowdedHistory(processes: 20_000)
    let folder = try TemporaryFolder()
    let target = folder.file("new.db")
    let isReplacing = writing.words.contains("backup")
    if isReplacing {
      // An earlier copy, of another history.
      let earlier = try CrowdedHistory(processes: 10)
      #expect(try Command.nshist("db", "backup", target, "--db", earlier.path).status == 0)
    }
    let before = try contents(of: folder.path)
    let command = try stopInTheMiddle(writing, history.path, target, in: folder)
    command.signal(signal)
    command.signal(SIGCONT)
    let outcome = try command.wait()
    #expect(outcome.status == 128 + signal, "\(outcome.messages)")
    #expect(outcome.messages == "")
    #expect(try contents(of: folder.path) == before)
  }

  @Test("a signal that is ignored changes nothing", arguments: all)
  func ignored(writing: Writing) throws {
    let history = try CrowdedHistory(processes: 20_000)
    let folder = try TemporaryFolder()
    let target = folder.file("new.db")
    let command = try stopInTheMiddle(
      writing, history.path, target, in: folder, signals: "--ignore-signal=HUP")
    command.signal(SIGHUP)
    command.signal(SIGCONT)
    let outcome = try command.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(try Array(contents(of: folder.path).keys) == ["new.db" + writing.ending])
  }
}
