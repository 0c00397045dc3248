// Threads: one may leave its process's namespaces, or stay where the process no longer is; and one
// may exec, by which the process goes on as that thread.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct ThreadTests {
  private let recording: LiveRecording
  private let puppet: Puppet
  private let tid: Int32

  init() throws {
    recording = try LiveRecording(interval: "500ms", ["--events", "on"])
    puppet = try Puppet()
    tid = try puppet.startThread()
    try recording.waitForSamples(2)
  }

  private var pid: Int { Int(puppet.pid) }

  /// Its history, which is that of its main thread.
  private func history() throws -> [Row] { try recording.ask("history", "\(puppet.pid)") }

  /// The stays of the thread in the network that it, or its process, went to or stayed in.
  private func members(_ network: Row?) throws -> [Row] {
    let id = try #require(network?.number("id"))
    return try recording.ask("members", "net#\(id)").filter { $0.number("tid") == Int(tid) }
  }

  private func changes() throws -> [Row] {
    try recording.ask("changes").filter { $0.pid == pid && $0.number("tid") == Int(tid) }
  }

  /// That a row is a thread's stay in a time.
  private func expectStay(_ row: Row?, from: Deed, until: Deed) {
    #expect(row?.flag("began_exactly") == true && row?.flag("ended_exactly") == true)
    #expect(from.contains(row?.time("from")), "\(row as Any)")
    #expect(until.contains(row?.time("until")), "\(row as Any)")
  }

  @Test("a thread leaves, and its process does not")
  func threadLeaves() throws {
    let departure = try Deed { try puppet.unshareInThread(CloneFlag.net) }
    try recording.waitForSamples(2)
    // The thread is joined before the kernel tells of its end.
    let end = try Deed(margin: 5_000_000) { try puppet.endThread() }
    recording.settle()
    let process = try history()
    #expect(process.count == 1 && process.first?.flag("open") == true, "\(process)")
    let changes = try changes()
    #expect(departure.contains(changes.first?.time("by")), "\(changes)")
    #expect(changes.first?.texts("marks").contains("new") == true)
    let thread = try members(changes.first?.rows("parts").first { $0["link"] == "net" }?.row("to"))
    #expect(thread.count == 1 && thread.first?.pid == pid)
    expectStay(thread.first, from: departure, until: end)
    #expect(changes.last?["change"] == "exited" && end.contains(changes.last?.time("by")))
    #expect(changes.allSatisfy { $0.flag("exact") == true })
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }

  @Test("a process leaves, and its thread stays")
  func processLeaves() throws {
    let departure = try Deed { try puppet.unshare(CloneFlag.net) }
    try recording.waitForSamples(2)
    let end = try Deed(margin: 5_000_000) { try puppet.endThread() }
    recording.settle()
    let process = try history()
    #expect(process.map { $0["began"] } == ["started", "changed"])
    #expect(departure.contains(process.last?.time("from")) && process.last?.flag("open") == true)
    let thread = try members(process.first?.row("namespaces")?.row("net"))
    #expect(thread.count == 1)
    expectStay(thread.first, from: departure, until: end)
    #expect(process.last?.row("namespaces")?.row("net")?.flag("initial") == false)
  }

  @Test("a process goes on when a thread of it execs")
  func threadExecs() throws {
    try puppet.execInThread()
    try recording.waitForSamples(3)
    recording.settle()
    let process = try history()
    #expect(process.last?.flag("open") == true && process.last?["comm"] == "sleep", "\(process)")
    #expect(Set(process.map { $0["start"] }).count == 1)
    try expectOneProcess()
  }

  @Test("a process is where the thread was that execs")
  func threadLeavesAndExecs() throws {
    try puppet.unshareInThread(CloneFlag.net)
    try recording.waitForSamples(2)
    let exec = try Deed(margin: 20_000_000) { try puppet.execInThread() }
    try recording.waitForSamples(3)
    recording.settle()
    let last = try #require(try history().last)
    let thread = try members(last.row("namespaces")?.row("net"))
    #expect(thread.count == 1 && exec.contains(thread.first?.time("until")), "\(thread)")
    #expect(exec.contains(last.time("from")) && last.flag("began_exactly") == true, "\(last)")
    #expect(last.row("namespaces")?.row("net")?.flag("initial") == false)
    try expectOneProcess()
  }

  /// The process is alive, and its samples show nothing that events had not told.
  private func expectOneProcess() throws {
    let changes = try recording.ask("changes", "--pid", "\(pid)")
    #expect(!changes.contains { $0["change"] == "exited" && $0.number("tid") == nil }, "\(changes)")
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }
}
