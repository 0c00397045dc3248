// A task that has begun to exit: its links can be read for a while still, and its end was reported.

import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct ExitingTaskTests {
  private static let exiting: UInt32 = 0x40_0004

  private func links(of pid: Int32, _ proc: FakeProc, whileRunning: Bool) throws -> Int? {
    let probe = TaskProbe(root: try ProcRoot(path: proc.path), identity: .continuity)
    return probe.links(of: pid, NamespaceLink.allCases, whileRunning: whileRunning)?.count
  }

  @Test("a thread that has begun to exit is as good as gone, one that runs is not")
  func thread() throws {
    let proc = try FakeProc()
    try proc.add(10)
    try proc.add(11, flags: Self.exiting)
    #expect(try links(of: 10, proc, whileRunning: true) == NamespaceLink.count)
    #expect(try links(of: 11, proc, whileRunning: true) == nil)
    // Of the task that an event is of, what it still is says where it was.
    #expect(try links(of: 11, proc, whileRunning: false) == NamespaceLink.count)
  }

  @Test("a link that is gone because its task exits is not one that the kernel does not have")
  func missing() throws {
    let proc = try FakeProc()
    try proc.add(10)
    try proc.add(11, flags: Self.exiting)
    for pid in [10, 11] { try proc.removeLinks(pid, ["uts"]) }
    #expect(try links(of: 10, proc, whileRunning: false) == NamespaceLink.count)
    #expect(try links(of: 11, proc, whileRunning: false) == nil)
  }
}
