// A number that passes from one namespace to the next in the middle of a pass, on a kernel that
// gives no ids. Whoever read it first and does not give it any more when the pass is over may have
// read it of another namespace than those who read it later.

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

  /// One pass; `body` runs between the reading of the links and the end. Returns the reported net namespace
  /// of each PID that appeared or changed.
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

  @Test("in a first pass, a process that left is not counted among those that remained")
  func firstPass() throws {
    try add(10, 20, 30)
    let reported = try pass { try leave(10) }
    #expect(reported.count == 3)
    #expect(Set(reported.values.map(\.inode)) == [Self.inode])
    #expect(reported[10] != reported[20])
    #expect(reported[20] == reported[30])
    // What was reported is what the next pass finds, but of the one that has left.
    #expect(try Array(pass().keys) == [10])
  }

  @Test("where all have left, each is alone")
  func allLeft() throws {
    try add(10, 20)
    let reported = try pass {
      try leave(10)
      try leave(20)
    }
    #expect(reported.count == 2 && reported[10] != reported[20])
  }

  @Test("a newcomer is not taken for a neighbour of one that left meanwhile")
  func holderLeaves() throws {
    try add(10)
    let before = try pass()
    try add(20)
    let reported = try pass { try leave(10) }
    // 10 gave its number as before: it is reported as changed when it is seen elsewhere.
    #expect(Array(reported.keys) == [20])
    #expect(reported[20]?.inode == Self.inode && reported[20] != before[10])
    #expect(try pass()[10]?.inode == 4_026_532_900)
  }

  @Test("one process that remains proves the namespace of all", arguments: [10, 15])
  func vouched(leaving: Int) throws {
    try add(10, 15)
    let before = try pass()
    try add(20)
    let reported = try pass { try leave(leaving) }
    #expect(before[10] == before[15])
    #expect(reported == [20: try #require(before[10])])
  }

  @Test("a remaining process that was read before the last one proves the namespace of all")
  func vouchedInTheMiddle() throws {
    try add(20)
    let before = try pass()
    // It enters, so that it is read before 20, and did not have the number in the pass before.
    try proc.add(10)
    _ = try pass()
    try proc.setLinks(10, ["net": Self.inode])
    try add(30)
    let reported = try pass { try leave(20) }
    #expect(reported[10] == before[20] && reported[30] == before[20])
  }

  @Test("a change of another link leaves a namespace what it was")
  func otherLink() throws {
    try add(10)
    let before = try pass()
    try proc.setLinks(10, ["mnt": 4_026_532_901])
    #expect(try pass() == before)
  }

  @Test("namespaces that were split are counted once each")
  func counts() throws {
    try add(10, 20)
    try source.readAll()
    try leave(10)
    #expect(try source.finish().counts.namespaces == 7 + 2)
    #expect(try source.takeSample().counts.namespaces == 7 + 2)
  }
}
