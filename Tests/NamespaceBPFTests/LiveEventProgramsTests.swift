// The event programs in the running kernel.

import Foundation
import NamespaceBPF
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: LivePrograms.areThere, "\(LivePrograms.need)"))
struct LiveEventProgramsTests {
  private func inode(_ link: String, of pid: Int32) throws -> UInt32 {
    let text = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(link)")
    return try #require(UInt32(text.filter(\.isNumber)))
  }

  @Test("a start, an exec and an exit have their time and the namespaces of the task")
  func life() throws {
    let programs = try EventPrograms(ringBytes: 1 << 22)
    var events: [TaskEvent] = []
    let before = ClockReading.now().boot
    let process = try TestProcess(in: CloneFlag.uts)
    let uts = try inode("uts", of: process.pid)
    try process.exit()
    let after = ClockReading.now().boot
    let missing = programs.drain(into: &events)
    #expect(missing.isEmpty)
    let mine = events.filter { $0.task.tid == process.pid }.sorted { $0.time < $1.time }
    guard case .start(let maker, _)? = mine.first?.kind else {
      Issue.record("\(mine.map(\.kind))")
      return
    }
    #expect(maker == getpid())
    #expect(mine.last?.kind == .exit && mine.allSatisfy(\.task.isProcess))
    let last = try #require(mine.last?.task.namespaces)
    #expect(last[Int(NamespaceLink.uts.rawValue)].inode == uts)
    for event in mine {
      #expect((before.nanoseconds...after.nanoseconds).contains(Int64(event.time)))
      #expect(event.task.start <= event.time)
    }
  }

  @Test("an exec that enters a time namespace is preceded by the state before it")
  func timeNamespace() throws {
    let programs = try EventPrograms(ringBytes: 1 << 22)
    let outcome = try Command.run("/usr/bin/unshare", ["--time", "/bin/true"])
    #expect(outcome.status == 0, "\(outcome.messages)")
    var events: [TaskEvent] = []
    _ = programs.drain(into: &events)
    let state = try #require(
      events.first { $0.kind == .state && $0.task.comm == Array("unshare".utf8) })
    let exec = try #require(
      events.first { $0.task.tid == state.task.tid && $0.time > state.time })
    let time = Int(NamespaceLink.time.rawValue)
    let children = Int(NamespaceLink.timeForChildren.rawValue)
    let (one, two) = (try #require(state.task.namespaces), try #require(exec.task.namespaces))
    #expect(one[time] != one[children] && two[time] == two[children])
    #expect(two[time] == one[children])
  }

  @Test("records that find no room are counted, with the time of the first one")
  func losses() throws {
    let programs = try EventPrograms(ringBytes: 1 << 12)
    var events: [TaskEvent] = []
    _ = programs.drain(into: &events)
    let before = ClockReading.now().boot
    for _ in 0..<100 { _ = try Command.run("/bin/true", []) }
    let missing = programs.drain(into: &events)
    #expect(missing.count > 100 && missing.malformedCount == 0)
    #expect(missing.first > before && missing.first < ClockReading.now().boot)
    // The count is of the losses since the drain before.
    _ = programs.drain(into: &events)
    #expect(programs.drain(into: &events).count < 50)
  }
}
