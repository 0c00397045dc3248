// Threads: one may leave its process's namespaces, or stay in namespaces that its process left; and one may execute a
// program, by which the process continues in the thread's place.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct ThreadTests {
  private let recording: LiveRecording
  private let testProcess: TestProcess
  private let tid: Int32

  init() throws {
    recording = try LiveRecording(interval: "500ms", ["--events", "on"])
    testProcess = try TestProcess()
    tid = try testProcess.startThread()
    try recording.waitForSamples(2)
  }

  private var pid: Int { Int(testProcess.pid) }

  /// Returns the history of the process and of its thread.
  private func history() throws -> [Row] { try recording.ask("history", "\(testProcess.pid)") }

  /// Returns the history of the process without its thread.
  private func ownHistory() throws -> [Row] { try history().filter { $0.number("tid") == nil } }

  /// Returns the intervals of the thread in a net namespace.
  private func members(_ network: Row?) throws -> [Row] {
    let id = try #require(network?.number("id"))
    return try recording.ask("members", "net#\(id)").filter { $0.number("tid") == Int(tid) }
  }

  private func changes() throws -> [Row] {
    try recording.ask("changes").filter { $0.pid == pid && $0.number("tid") == Int(tid) }
  }

  /// Expects a row to be an interval of the thread.
  ///
  /// - Parameter moved: whether the thread moved there, or stayed when its process left.
  private func expectEntry(_ row: Row?, from: TimedAction, until: TimedAction, moved: Bool) {
    #expect(row?["began"] == (moved ? "changed" : "first-seen"))
    #expect(row?.flag("began_exactly") == moved && row?.flag("ended_exactly") == true)
    #expect(from.contains(row?.time("from")), "\(row as Any)")
    #expect(until.contains(row?.time("until")), "\(row as Any)")
  }

  @Test("a thread that leaves its process's namespaces is recorded exactly")
  func threadLeaves() throws {
    let departure = try TimedAction { try testProcess.unshareInThread(CloneFlag.net) }
    try recording.waitForSamples(2)
    // The thread is joined before the kernel reports its exit.
    let end = try TimedAction(margin: 5_000_000) { try testProcess.endThread() }
    try recording.settle()
    let process = try history()
    #expect(process.map { $0.number("tid") } == [nil, Int(tid)], "\(process)")
    #expect(process.first?.flag("open") == true)
    let changes = try changes()
    #expect(departure.contains(changes.first?.time("time")), "\(changes)")
    #expect(changes.first?.texts("marks").contains("created") == true)
    let thread = try members(changes.first?.rows("parts").first { $0["link"] == "net" }?.row("to"))
    #expect(thread.count == 1 && thread.first?.pid == pid)
    expectEntry(thread.first, from: departure, until: end, moved: true)
    #expect(changes.map { $0["change"] } == ["moved", "exited"])
    #expect(changes.last?["change"] == "exited" && end.contains(changes.last?.time("time")))
    #expect(changes.allSatisfy { $0.flag("exact") == true })
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }

  @Test("shared refuses to compare a process with its own thread")
  func sharedWithOwnThread() throws {
    try testProcess.unshareInThread(CloneFlag.net)
    try recording.waitForSamples(2)
    try recording.settle()
    for groups in [["\(pid)", "\(pid)/\(tid)"], ["\(pid)/\(tid)", "\(pid)"]] {
      let outcome = try Command.run(
        Command.nshist, ["shared"] + groups + ["--type", "uts", "--db", recording.database])
      #expect(outcome.status == 64 && outcome.output == "", "\(outcome.output)")
      expectOneLine(outcome.messages, saying: "threads of one process, PID \(pid)")
    }
  }

  @Test("a thread that remains in the namespaces that its process leaves is recorded from then on")
  func processLeaves() throws {
    let departure = try TimedAction { try testProcess.unshare(CloneFlag.net) }
    try recording.waitForSamples(2)
    let end = try TimedAction(margin: 5_000_000) { try testProcess.endThread() }
    try recording.settle()
    let process = try ownHistory()
    #expect(process.map { $0["began"] } == ["started", "changed"])
    #expect(departure.contains(process.last?.time("from")) && process.last?.flag("open") == true)
    let thread = try members(process.first?.row("namespaces")?.row("net"))
    #expect(thread.count == 1)
    expectEntry(thread.first, from: departure, until: end, moved: false)
    #expect(process.last?.row("namespaces")?.row("net")?.flag("initial") == false)
  }

  @Test("a process continues as one process when a thread of it executes a program")
  func threadExecs() throws {
    try testProcess.execInThread()
    try recording.waitForSamples(3)
    try recording.settle()
    let process = try ownHistory()
    #expect(process.last?.flag("open") == true && process.last?["comm"] == "sleep", "\(process)")
    #expect(Set(process.map { $0["start"] }).count == 1)
    try expectOneProcess()
  }

  @Test("after an exec of a thread, the process is in the namespaces of that thread")
  func threadLeavesAndExecs() throws {
    try testProcess.unshareInThread(CloneFlag.net)
    try recording.waitForSamples(2)
    let exec = try TimedAction(margin: 20_000_000) { try testProcess.execInThread() }
    try recording.waitForSamples(3)
    try recording.settle()
    let last = try #require(try ownHistory().last)
    let thread = try members(last.row("namespaces")?.row("net"))
    #expect(thread.count == 1 && exec.contains(thread.first?.time("until")), "\(thread)")
    #expect(exec.contains(last.time("from")) && last.flag("began_exactly") == true, "\(last)")
    #expect(last.row("namespaces")?.row("net")?.flag("initial") == false)
    let history = try ownHistory()
    // A link that no event reports may have been read by a sample later, which is one more row.
    let ends = history.map { $0["ended"] }
    #expect(ends.last == "open" && ends.dropLast().allSatisfy { $0 == "changed" }, "\(history)")
    let networks = history.compactMap { $0.row("namespaces")?.row("net")?.number("inode") }
    #expect(
      zip(networks, networks.dropFirst()).count { $0 != $1 } == 1,
      "\(history.map { [$0["from"], $0["began"], "\(networks)"] })")
    try expectOneProcess()
  }

  @Test("a thread that enters another network and comes back is reported as moved and returned")
  func threadReturns() throws {
    let other = try TestProcess(in: CloneFlag.net)
    let departure = try TimedAction { try testProcess.enterNetworkInThread(of: other.pid) }
    try recording.waitForSamples(2)
    let back = try TimedAction { try testProcess.enterNetworkInThread(of: testProcess.pid) }
    try recording.settle()
    let changes = try changes()
    #expect(changes.map { $0["change"] } == ["moved", "returned"], "\(changes)")
    #expect(changes.map { $0.texts("marks") } == [["joined"], ["left-container"]])
    #expect(
      departure.contains(changes.first?.time("time")) && back.contains(changes.last?.time("time")))
    // The history of the process has rows of the thread while its namespaces differ, marked by its TID.
    let history = try history()
    #expect(history.map { $0.number("tid") } == [nil, Int(tid), Int(tid)], "\(history)")
    #expect(history.last?.flag("returned") == true && history.last?.flag("open") == true)
    let peer = try recording.ask("peers", "\(pid)", "--type", "net").first {
      $0.pid == Int(other.pid)
    }
    #expect(peer?.number("of_pid") == pid && peer?.number("of_tid") == Int(tid), "\(peer as Any)")
    #expect(
      try recording.ask("changes", "--pid", "\(pid)").filter { $0.number("tid") == Int(tid) }.count
        == 2)
    let timelineRows = try output("timeline", "\(pid)", "--type", "net,uts").split(separator: "\n")
      .filter { $0.hasPrefix("\(pid)/\(tid) ") }
    #expect(timelineRows.count == 1, "\(timelineRows)")
    // PID/TID, as it is printed, is accepted wherever a process is.
    let thread = "\(pid)/\(tid)"
    #expect(try recording.ask("history", thread).count == 2)
    #expect(
      try recording.ask("peers", thread, "--type", "net").contains { $0.pid == Int(other.pid) })
    #expect(try recording.ask("changes", "--pid", thread).count == 2)
    for one in [thread, "\(pid)"] {
      #expect(try recording.ask("members", "net@\(one)").contains { $0.pid == Int(other.pid) })
    }
    let rows = try output("export", "--pid", thread, "--type", "net")
    #expect(rows.split(whereSeparator: \.isNewline).count == 3, "\(rows)")
    let net = ["--type", "net", "--db", recording.database]
    let same = try Command.run(
      Command.nshist, ["query", "same", thread, "\(other.pid)"] + net)
    // They were together for a while, and not before and after.
    #expect(same.output.contains("\ntogether from "), "\(same.output)")
    let shared = try Command.run(
      Command.nshist, ["query", "shared", "\(pid)", "\(other.pid)"] + net)
    #expect(shared.status == 0 && shared.output.contains("\(tid)"), "\(shared.output)")
    // The process was never in that network, and the answer names the thread that was.
    let process = try Command.run(
      Command.nshist, ["query", "same", "\(pid)", "\(other.pid)"] + net)
    #expect(process.status == 1, "\(process.output)")
    #expect(process.output.contains("Thread \(thread) of PID \(pid) was in"), "\(process.output)")
    let hint = try Command.run(
      Command.nshist, ["query", "history", "\(tid)", "--db", recording.database])
    #expect(hint.messages.contains("ask for \(thread)"), "\(hint.messages)")
  }

  private func output(_ arguments: String...) throws -> String {
    let outcome = try Command.run(
      Command.nshist, arguments + ["--db", recording.database])
    #expect(outcome.status == 0, "\(outcome.messages)")
    return outcome.output
  }

  @Test("a process whose main thread has ended is a zombie until its last thread exits")
  func mainThreadEnds() throws {
    let ends = try TimedAction(margin: 20_000_000) {
      try testProcess.exitMainThread()
      try eventually("a zombie") {
        try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).contains(") Z ")
      }
    }
    try recording.waitForSamples(2)
    try recording.settle()
    let zombie = try #require(try ownHistory().last)
    #expect(ends.contains(zombie.time("from")) && zombie.flag("open") == true, "\(zombie)")
    #expect(
      zombie.row("namespaces")?.row("net")?["unread"] == "zombie"
        && zombie.flag("began_exactly") == true)
    let all = try recording.ask("changes", "--pid", "\(pid)").map { $0["change"] }
    #expect(all.contains("zombie") && !all.contains("exited"), "\(all)")
    let exit = try TimedAction(margin: 20_000_000) { try testProcess.exit() }
    try recording.settle()
    let gone = try #require(try ownHistory().last)
    #expect(gone["ended"] == "exited" && gone.flag("ended_exactly") == true, "\(gone)")
    #expect(exit.contains(gone.time("until")), "\(gone)")
  }

  /// Expects the process to run, and no sample to disagree with the events.
  private func expectOneProcess() throws {
    let changes = try recording.ask("changes", "--pid", "\(pid)")
    #expect(!changes.contains { $0["change"] == "exited" && $0.number("tid") == nil }, "\(changes)")
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }
}
