// Processes that no sample shows: their parents, and which of them are stored.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct ShortLivedTests {
  private static func numbers(_ outcome: Command.Outcome) -> [Int] {
    outcome.output.split(separator: "\n").compactMap { Int($0) }
  }

  /// Starts a process that outlives its parent, as a daemon does. Returns both PIDs.
  private func daemon() throws -> (parent: Int, child: Int) {
    let parent = try TestProcess()
    let child = try parent.startChild()
    try parent.exit()
    return (Int(parent.pid), Int(child))
  }

  @Test("a daemon is known as the child of its short-lived parent")
  func doubleFork() throws {
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    try recording.waitForSamples(1)
    let (parent, child) = try daemon()
    defer { kill(pid_t(child), SIGKILL) }
    try recording.waitForSamples(1)
    try recording.settle()
    let history = try recording.ask("history", "\(child)")
    #expect(history.first?["began"] == "started" && history.first?.flag("began_exactly") == true)
    #expect(history.first?.row("parent")?.pid == parent, "\(history)")
    let ofParent = try recording.ask("history", "\(parent)")
    #expect(ofParent.last?["ended"] == "exited" && ofParent.last?.flag("ended_exactly") == true)
  }

  @Test("a process that only ran a small program is found by its name")
  func shortLivedTask() throws {
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    try recording.waitForSamples(1)
    var shell: Int?
    let lifetime = try TimedAction {
      shell = Self.numbers(try Command.run("/bin/sh", ["-c", "echo $$; /bin/true; true"])).first
    }
    try recording.settle()
    let mine = try recording.ask("history", "comm:true").filter {
      $0.row("parent")?.pid == shell && lifetime.contains($0.time("from"))
    }
    #expect(mine.count == 1, "\(mine)")
    let row = try #require(mine.first)
    #expect(row["began"] == "started" && row["ended"] == "exited")
    #expect(row.flag("began_exactly") == true && row.flag("ended_exactly") == true)
    #expect(lifetime.contains(row.time("until")))
    #expect(row.row("parent")?["comm"] == "sh")
    #expect(row.row("namespaces")?.row("net")?.number("inode") != nil)
  }

  @Test("a process that is not stored may have been scanned as the holder of a pin")
  func pinned() throws {
    let recording = try LiveRecording(
      interval: "4s", ["--events", "on", "--short-lived", "none", "--pins-every", "100ms"])
    try recording.waitForSamples(1)
    let holder = try Command(
      "/usr/bin/unshare", ["--net", "/bin/sh", "-c", "exec 3</proc/self/ns/net; sleep 1.5"])
    try eventually("a scan that found the descriptor") {
      try !Recording.texts(
        "SELECT pid FROM pin WHERE pid = \(holder.pid) AND task_id IS NOT NULL",
        in: recording.database
      ).isEmpty
    }
    #expect(try holder.wait().status == 0)
    try recording.waitForSamples(1)
    #expect(
      try Recording.texts("SELECT pid FROM task WHERE pid = \(holder.pid)", in: recording.database)
        .isEmpty)
  }

  @Test(
    "--short-lived decides which processes between two samples are stored",
    arguments: [("all", true, true), ("changed", false, true), ("none", false, false)])
  func keeping(choice: String, keepsPlain: Bool, keepsMoved: Bool) throws {
    // No sample is to see them: the next one is far off, also on a busy machine.
    let recording = try LiveRecording(interval: "15s", ["--events", "on", "--short-lived", choice])
    let plain = try Command("/bin/true", [])
    let moved = try Command("/usr/bin/unshare", ["--net", "sleep", "0.005"])
    // They run longer than events wait to be written, so their start and exit are in two batches.
    let slow = try Command("/bin/sleep", ["1.5"])
    let movedSlow = try Command("/usr/bin/unshare", ["--net", "sleep", "1.5"])
    for command in [plain, moved, slow, movedSlow] { #expect(try command.wait().status == 0) }
    let (parent, child) = try daemon()
    defer { kill(pid_t(child), SIGKILL) }
    let later = try TestProcess()
    try recording.settle()
    func isKept(_ pid: Int) throws -> Bool {
      try !Recording.texts("SELECT pid FROM processes WHERE pid = \(pid)", in: recording.database)
        .isEmpty
    }
    #expect(try isKept(Int(plain.pid)) == keepsPlain)
    #expect(try isKept(Int(slow.pid)) == keepsPlain)
    #expect(try isKept(Int(moved.pid)) == keepsMoved)
    #expect(try isKept(Int(movedSlow.pid)) == keepsMoved)
    // Running processes are always stored, and no other process is named as their parent.
    #expect(try isKept(child) && isKept(Int(later.pid)))
    #expect(try isKept(parent) == keepsPlain)
    let reported = try recording.ask("history", "\(child)").first?.row("parent")?.pid
    #expect(reported == (keepsPlain ? parent : nil))
    try recording.waitForSamples(1)
    #expect(try isKept(child))
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }
}
