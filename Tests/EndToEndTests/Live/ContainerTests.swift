// Real containers of runc(8) and bwrap(1): the history has to show what was done with them.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct ContainerTests {
  private static let isolated = ["ipc", "mnt", "net", "pid", "user", "uts"]

  private static func inode(_ row: Row?, _ type: String) -> Int? {
    row?.row("namespaces")?.row(type)?.number("inode")
  }

  /// Whether all of a row's namespaces that a container has are not initial.
  private static func isIsolated(_ row: Row?) -> Bool {
    isolated.allSatisfy { row?.row("namespaces")?.row($0)?.flag("initial") == false }
  }

  @Test(
    "a container of runc is recorded from its first process to its end, with an exec in it",
    .enabled(if: Containers.runcIsThere, "\(Containers.runcNeed)"))
  func runc() throws {
    let folder = try TemporaryFolder()
    try Containers.makeBundle(in: folder)
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    try recording.waitForSamples(1)
    let steps = try Containers.play(in: folder)
    try recording.settle()
    func time(_ name: String) throws -> WallTime {
      try #require(steps.first { $0.name == name }?.time)
    }
    func pid(_ name: String) throws -> Int32 {
      try #require(steps.first { $0.name == name }?.pid)
    }
    let (one, two) = (try pid("started"), try pid("executed"))
    let first = try recording.ask("history", "\(one)")
    expect(first, beginsIn: try time("starting")...time("started"))
    expect(first, endsIn: try time("ending")...time("ended"))
    let second = try recording.ask("history", "\(two)")
    expect(second, beginsIn: try time("executing")...time("executed"))
    expect(second, endsIn: try time("executing")...time("executed"))
    #expect(first.last?["comm"] == "sleep" && second.last?["comm"] == "sleep")
    #expect(Self.isIsolated(first.last) && Self.isIsolated(second.last), "\(first) \(second)")
    for type in Self.isolated {
      #expect(Self.inode(first.last, type) == Self.inode(second.last, type), "\(type)")
    }
    let from = try #require(second.last?.time("from"))
    let middle = from + ((second.last?.time("until") ?? .zero) - from) / 2
    for type in Self.isolated {
      let answer = try recording.same([one, two], at: middle, type)
      #expect(answer["verdict"] == "same" && answer["evidence"] == "exact", "\(answer)")
    }
    for type in ["net", "pid"] {
      let members = try recording.ask("members", "\(type)@\(one)").filter {
        $0.flag("initial") == false
      }
      #expect(Set(members.compactMap(\.pid)).isSuperset(of: [Int(one), Int(two)]), "\(members)")
    }
    try expectEmptied(recording, first.last, ["net", "pid", "uts"], by: time("ended"))
    try expectNoDisagreements(recording)
  }

  @Test(
    "two containers of a pod share only their network",
    .enabled(if: Containers.runcIsThere, "\(Containers.runcNeed)"))
  func pod() throws {
    let folder = try TemporaryFolder()
    try Containers.makeBundle(in: folder, isPod: true)
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    try recording.waitForSamples(1)
    let steps = try Containers.playPod(in: folder)
    try recording.settle()
    func step(_ name: String) throws -> Containers.Step {
      try #require(steps.first { $0.name == name })
    }
    let pids = [try #require(try step("first").pid), try #require(try step("second").pid)]
    let second = try step("second").time
    let middle = second + (try step("ending").time - second) / 2
    for type in Self.isolated {
      let answer = try recording.same(pids, at: middle, type)
      #expect(answer["verdict"] == (type == "net" ? "same" : "different"), "\(answer)")
      #expect(answer["evidence"] == "exact", "\(answer)")
    }
    let peers = try recording.ask("peers", "\(pids[0])", "--type", "net").compactMap(\.pid)
    #expect(peers.contains(Int(pids[1])))
    try expectNoDisagreements(recording)
  }

  @Test(
    "a sandbox of bwrap is recorded with its namespaces and its end",
    .enabled(if: Containers.bwrapIsThere, "\(Containers.bwrapNeed)"))
  func bwrap() throws {
    let folder = try TemporaryFolder()
    let root = try Containers.makeRoot(in: folder)
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    try recording.waitForSamples(1)
    let lifetime = try TimedAction {
      let outcome = try Command.run(
        Containers.bwrap, ["--unshare-all", "--ro-bind", root, "/", "/bin/sleep", "0.1"])
      #expect(outcome.status == 0, "\(outcome.messages)")
    }
    try recording.settle()
    let changes = try recording.ask("changes").filter { lifetime.contains($0.time("time")) }
    let start = changes.first { $0["change"] == "started" && $0["comm"] == "bwrap" }
    #expect(start?.texts("marks") == ["created"] && start?.flag("exact") == true, "\(changes)")
    let pid = try #require(start?.pid)
    let first = try recording.ask("history", "\(pid)")
    #expect(first.allSatisfy(Self.isIsolated))
    expect(first, beginsIn: lifetime.began...lifetime.done)
    expect(first, endsIn: lifetime.began...lifetime.done)
    let members = try recording.ask("members", "net@\(pid)").filter { $0.flag("initial") == false }
    let sleeper = members.first { $0["comm"] == "sleep" }
    #expect((sleeper?.time("until") ?? 0) - (sleeper?.time("from") ?? 0) >= 100_000_000)
    try expectEmptied(recording, first.first, Self.isolated, by: lifetime.done)
    try expectNoDisagreements(recording)
  }

  private func expect(_ rows: [Row], beginsIn time: ClosedRange<WallTime>) {
    let first = rows.first
    #expect(first?["began"] == "started" && first?.flag("began_exactly") == true, "\(rows)")
    #expect(time.contains(first?.time("from") ?? 0), "\(rows)")
  }

  private func expect(_ rows: [Row], endsIn time: ClosedRange<WallTime>) {
    let last = rows.last
    #expect(last?["ended"] == "exited" && last?.flag("ended_exactly") == true, "\(rows)")
    #expect(time.contains(last?.time("until") ?? 0), "\(rows)")
  }

  /// Expects the last exit from each namespace of a row to be reported exactly, before `end`.
  private func expectEmptied(
    _ recording: LiveRecording, _ row: Row?, _ types: [String], by end: WallTime
  ) throws {
    let changes = try recording.ask("changes").filter { $0["change"] == "last-exit" }
    for type in types {
      let inode = try #require(Self.inode(row, type))
      // An earlier namespace of another test may have had the inode number.
      let emptied = changes.filter { change in
        change.rows("parts").contains { $0.row("from")?.number("inode") == inode }
      }
      let isReported = emptied.contains {
        $0.flag("exact") == true && ($0.time("time") ?? .max) <= end
      }
      #expect(isReported, "\(type) in \(changes)")
    }
  }

  private func expectNoDisagreements(_ recording: LiveRecording) throws {
    try recording.waitForSamples(2)
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }
}
