// On a kernel that gives no namespace IDs, an inode number can pass from one namespace to another in the middle of a
// sample. If the process from which the number was read first has left it when the sample ends, the processes that
// were read later may have been in another namespace of the same number. The source must then report two namespaces.

import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct ContinuityRaceTests {
  private static let inode: UInt64 = 4_026_532_281
  private let proc: FakeProc
  private let source: ProcfsSource

  init() throws {
    proc = try FakeProc()
    source = ProcfsSource(root: try ProcRoot(path: proc.path))
  }

  private func add(_ pids: Int...) throws {
    for pid in pids { try proc.add(pid, links: ["net": Self.inode]) }
  }

  private func leave(_ pid: Int) throws { try proc.setLinks(pid, ["net": 4_026_532_900]) }

  /// Takes a sample; `body` runs between the reading of the links and the end of the sample. Returns the reported net
  /// namespace of each PID that appeared or changed.
  private func pass(_ body: () throws -> Void = {}) throws -> [Int32: ObservedNamespace] {
    try source.readAll()
    try body()
    let sample = try source.finish()
    var reported: [Int32: ObservedNamespace] = [:]
    let changes =
      sample.appeared.map { ($0.token, $0.links) } + sample.changed.map { ($0.token, $0.links) }
    for (token, links) in changes {
      guard let entry = source.entries.first(where: { $0.token == token }),
        case .namespace(let namespace) = links[Int(NamespaceLink.net.rawValue)]
      else { continue }
      reported[entry.pid] = namespace
    }
    return reported
  }

  @Test("in a first sample, a process that left meanwhile is reported apart from those that stayed")
  func firstPass() throws {
    try add(10, 20, 30)
    let reported = try pass { try leave(10) }
    #expect(reported.count == 3)
    #expect(Set(reported.values.map(\.inode)) == [Self.inode])
    #expect(reported[10] != reported[20])
    #expect(reported[20] == reported[30])
    // The next sample finds what this one reported, except for the process that has left.
    #expect(try Array(pass().keys) == [10])
  }

  @Test("if all processes left meanwhile, each is reported in a namespace of its own")
  func allLeft() throws {
    try add(10, 20)
    let reported = try pass {
      try leave(10)
      try leave(20)
    }
    #expect(reported.count == 2 && reported[10] != reported[20])
  }

  @Test("a new process is not put into the namespace of one that left meanwhile")
  func holderLeaves() throws {
    try add(10)
    let before = try pass()
    try add(20)
    let reported = try pass { try leave(10) }
    // The link of 10 was read before it left, so the next sample reports its change.
    #expect(Array(reported.keys) == [20])
    #expect(reported[20]?.inode == Self.inode && reported[20] != before[10])
    #expect(try pass()[10]?.inode == 4_026_532_900)
  }

  @Test("one process that stays proves that all are in its namespace", arguments: [10, 15])
  func confirmed(leaving: Int) throws {
    try add(10, 15)
    let before = try pass()
    try add(20)
    let reported = try pass { try leave(leaving) }
    #expect(before[10] == before[15])
    #expect(reported == [20: try #require(before[10])])
  }

  @Test("a process that stays proves the namespace also for processes that were read after it")
  func confirmedInTheMiddle() throws {
    try add(20)
    let before = try pass()
    // 10 enters the namespace later, so that it is read before 20 and was elsewhere in the previous sample.
    try proc.add(10)
    _ = try pass()
    try proc.setLinks(10, ["net": Self.inode])
    try add(30)
    let reported = try pass { try leave(20) }
    #expect(reported[10] == before[20] && reported[30] == before[20])
  }

  @Test("a change of the mnt link does not change the identity of the net namespace")
  func otherLink() throws {
    try add(10)
    let before = try pass()
    try proc.setLinks(10, ["mnt": 4_026_532_901])
    #expect(try pass() == before)
  }

  @Test("two namespaces of one inode number count as two")
  func counts() throws {
    try add(10, 20)
    try source.readAll()
    try leave(10)
    #expect(try source.finish().counts.namespaces == 7 + 2)
    #expect(try source.takeSample().counts.namespaces == 7 + 2)
  }
}
