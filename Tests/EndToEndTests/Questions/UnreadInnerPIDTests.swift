// A process whose PIDs inside of its pid namespace nobody read may have had any PID there.

import SQLite
import TestSupport
import Testing

struct UnreadInnerPIDTests {
  private let folder: TemporaryFolder
  private let path: String
  /// The pid namespace of three processes; the PIDs inside are 1, 7 and an unread one.
  private static let namespace = "pid:[4026532199]"
  private static let note = "of 1 process there the PIDs inside are not known"

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path)
    try Connection(path: path, access: .readWrite).execute(
      "UPDATE task SET nspid = NULL WHERE pid = 4712")
  }

  private func ask(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(Command.nshist, ["query"] + arguments + ["--db", path])
  }

  @Test("an answer about a PID inside says that other processes there may have had it")
  func found() throws {
    let history = try ask("history", "7@\(Self.namespace)")
    #expect(history.status == 0 && history.messages.contains(Self.note), "\(history)")
    let same = try ask("same", "7@\(Self.namespace)", "1@\(Self.namespace)")
    #expect((same.output + same.messages).contains(Self.note), "\(same)")
    let timeline = try Command.run(
      Command.nshist, ["timeline", "7@\(Self.namespace)", "--db", path])
    #expect((timeline.output + timeline.messages).contains(Self.note), "\(timeline)")
  }

  @Test("an empty answer about a PID inside is unknown while another process there may have it")
  func empty() throws {
    let time = "2023-11-14T22:15:02Z"
    for pid in ["2@\(Self.namespace)", "9@\(Self.namespace)"] {
      let processes = try ask("processes", "--pid", pid, "--at", time)
      #expect(processes.status == 2 && processes.messages.contains(Self.note), "\(processes)")
    }
    // In another pid namespace every PID is known.
    let processes = try ask("processes", "--pid", "9@pid:[4026532403]", "--at", time)
    #expect(processes.status == 0 && !processes.messages.contains("not known"), "\(processes)")
  }
}
