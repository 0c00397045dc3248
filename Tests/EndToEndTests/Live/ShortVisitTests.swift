// A process is in a namespace for five milliseconds, with two seconds between samples. Every question finds it
// afterwards, exact to the millisecond.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct ShortVisitTests {
  private let recording: LiveRecording
  private let victim: TestProcess

  init() throws {
    recording = try LiveRecording(interval: "2s", ["--events", "on"])
    victim = try TestProcess()
    try victim.unshare(CloneFlag.net | CloneFlag.uts)
    // Directly after a sample there is time until the next one.
    try recording.waitForSamples(1)
  }

  @Test("a process that ran in a new network for milliseconds is found by every question")
  func newNetwork() throws {
    var pid: Int32 = 0
    let lifetime = try TimedAction {
      let command = try Command("/usr/bin/unshare", ["--net", "sleep", "0.005"])
      pid = command.pid
      #expect(try command.wait().status == 0)
    }
    try expectUnobserved(lifetime)
    try recording.settle()
    let changes = try recording.ask("changes").filter { $0.pid == Int(pid) }
    #expect(changes.map { $0["change"] } == ["moved", "exited"])
    #expect(changes.map { $0.texts("marks") } == [["created"], []])
    try expectEntry(changes.first, changes.last, lifetime)
    let history = try recording.ask("history", "\(pid)")
    // The time link may be read while the process runs, or not.
    #expect(history.compactMap { $0["began"] }.filter { $0 != "read" } == ["started", "changed"])
    #expect(history.last?["ended"] == "exited")
    expectExact(history, lifetime)
    let members = try recording.ask("members", "net@\(pid)").filter { $0.flag("initial") == false }
    #expect(members.map(\.pid) == [Int(pid)])
    expectExact(members, lifetime)
  }

  @Test("a process that entered another's namespaces for milliseconds is found by every question")
  func nsenter() throws {
    var pid: Int32 = 0
    let visit = try TimedAction {
      let command = try Command(
        "/usr/bin/nsenter", ["--target", "\(victim.pid)", "--net", "--uts", "sleep", "0.005"])
      pid = command.pid
      #expect(try command.wait().status == 0)
    }
    try expectUnobserved(visit)
    try recording.settle()
    let changes = try recording.ask("changes", "--pid", "\(pid)")
    let moves = changes.filter { $0["change"] == "moved" }
    #expect(!moves.isEmpty && moves.allSatisfy { $0.texts("marks") == ["joined"] }, "\(changes)")
    #expect(Set(moves.map { $0.row("joined")?.pid }) == [Int(victim.pid)])
    try expectEntry(moves.last, changes.last, visit)
    let members = try recording.ask("members", "net@\(victim.pid)")
    let guest = members.filter { $0.pid == Int(pid) && $0.flag("initial") == false }
    #expect(guest.count == 1, "\(guest)")
    expectExact(guest, visit)
    let peers = try recording.ask("peers", "\(victim.pid)")
    #expect(peers.allSatisfy { $0.pid == Int(pid) })
    #expect(peers.compactMap { $0["type"] }.sorted() == ["net", "uts"])
    for peer in peers {
      #expect(visit.contains(peer.time("from")) && visit.contains(peer.time("until")))
      #expect(peer.values["seconds"] as? Double ?? 0 >= 0.005)
    }
  }

  @Test("a visit of milliseconds has its times exact to the millisecond")
  func millisecond() throws {
    let process = try TestProcess()
    let arrival = try TimedAction { try process.enter(victim.pid, CloneFlag.net) }
    usleep(5_000)
    let end = try TimedAction { try process.exit() }
    try recording.settle()
    let changes = try recording.ask("changes", "--pid", "\(process.pid)")
    #expect(changes.map { $0["change"] } == ["started", "moved", "exited"])
    #expect(changes.allSatisfy { $0.flag("exact") == true })
    #expect(changes.count == 3 && arrival.contains(changes[1].time("time")), "\(changes)")
    #expect(end.contains(changes.last?.time("time")), "\(changes)")
    let entry = try recording.ask("history", "\(process.pid)").last
    #expect(arrival.contains(entry?.time("from")) && end.contains(entry?.time("until")))
    let peer = try recording.ask("peers", "\(victim.pid)").first { $0.pid == Int(process.pid) }
    #expect(
      arrival.contains(peer?.time("from")) && end.contains(peer?.time("until")), "\(peer as Any)")
  }

  /// Checks that no sample was taken during the action.
  private func expectUnobserved(_ action: TimedAction) throws {
    let samples = try recording.samples().all
    #expect(
      !samples.contains { $0.end >= action.began && $0.start <= action.done }, "too slow to test")
  }

  private func expectExact(_ rows: [Row], _ action: TimedAction) {
    for row in rows {
      #expect(row.flag("began_exactly") == true && row.flag("ended_exactly") == true, "\(row)")
      #expect(action.contains(row.time("from")) && action.contains(row.time("until")), "\(row)")
    }
  }

  /// Expects a visit to start and end exactly within the action, and to last as long as the process slept.
  private func expectEntry(_ arrival: Row?, _ end: Row?, _ action: TimedAction) throws {
    let (from, until) = (try #require(arrival?.time("time")), try #require(end?.time("time")))
    #expect(arrival?.flag("exact") == true && end?.flag("exact") == true)
    #expect(end?["change"] == "exited")
    #expect(action.contains(from) && action.contains(until))
    #expect(until - from >= 5_000_000)
  }
}
