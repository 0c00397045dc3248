// A task that has begun to exit (PF_EXITING). The kernel has reported its exit, but its links can still be read for a
// while.

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

  @Test(
    "the links of a task that has begun to exit are read, unless only running tasks are asked for")
  func thread() throws {
    let proc = try FakeProc()
    try proc.add(10)
    try proc.add(11, flags: Self.exiting)
    #expect(try links(of: 10, proc, whileRunning: true) == NamespaceLink.count)
    #expect(try links(of: 11, proc, whileRunning: true) == nil)
    // For the task of an event, the links that still exist say in which namespaces it was.
    #expect(try links(of: 11, proc, whileRunning: false) == NamespaceLink.count)
  }

  @Test("a link that is missing because its task exits is not reported as unsupported")
  func missing() throws {
    let proc = try FakeProc()
    try proc.add(10)
    try proc.add(11, flags: Self.exiting)
    for pid in [10, 11] { try proc.removeLinks(pid, ["uts"]) }
    #expect(try links(of: 10, proc, whileRunning: false) == NamespaceLink.count)
    #expect(try links(of: 11, proc, whileRunning: false) == nil)
  }
}
