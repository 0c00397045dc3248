// Processes enter an inode number that a mount pins, and leave it again. For some of these visits no ID is read, so
// it is undecided which namespace they were in. If the same ID is read before and after them, they were in that
// namespace, because an ID is never reused.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder
import TestSupport

struct UndecidedNamespaceTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)
  private let other = TaskLinks.host.with(.net, 1, id: 102)

  /// A process enters the namespace and exits. Returns the namespace that was reported for it.
  private func visit(
    _ pid: Int32, _ links: TaskLinks, probed: Bool
  ) throws -> ObservedNamespace {
    script.clock += 20_000_000
    script.fork(pid, of: 10)
    script.move(pid, links, probed: probed)
    script.finishBatch()
    let namespace = try #require(script.namespace(.net, of: pid))
    script.exit(pid)
    script.finishBatch()
    return namespace
  }

  @Test("visits between two visits with the same ID were in the namespace of that ID")
  func between() throws {
    #expect(try visit(20, there, probed: true).kernelID == 101)
    let unnamed = [try visit(21, there, probed: false), try visit(22, there, probed: false)]
    #expect(unnamed.map(\.kernelID) == [nil, nil])
    #expect(try visit(23, there, probed: true).kernelID == 101)
    let renamed = script.verify([10: .host]).sample.renamed
    #expect(renamed.map(\.from) == unnamed)
    #expect(renamed.map(\.to.kernelID) == [101, 101])
    #expect(script.history.faults == [])
  }

  @Test("the id is also decided by a sample that observes a process in the namespace")
  func sampled() throws {
    _ = try visit(20, there, probed: true)
    let unnamed = try visit(21, there, probed: false)
    script.fork(30, of: 10)
    script.move(30, there, probed: false)
    script.finishBatch()
    let held = try #require(script.namespace(.net, of: 30))
    let renamed = script.verify([10: .host, 30: there]).sample.renamed
    #expect(Set(renamed.map(\.from)) == [unnamed, held])
    #expect(renamed.allSatisfy { $0.to.kernelID == 101 })
  }

  @Test("a scan for pins decides the namespaces that were reported before the scan began")
  func scanned() throws {
    _ = try visit(20, there, probed: true)
    let before = try visit(21, there, probed: false)
    script.clock += 1_000_000
    var scan = PinScan(
      start: ClockReading(
        wall: WallTime(nanoseconds: script.clock), boot: script.clock, monotonic: script.clock))
    scan.pins = [
      NamespacePin(
        namespace: ObservedNamespace(
          type: .net, inode: try #require(there.inodes[.net]), kernelID: 101, inodeGeneration: 0,
          isInitial: false),
        holder: .mount(path: Array("/run/netns/x".utf8), in: nil))
    ]
    _ = try visit(22, there, probed: false)
    let renamed = script.follower.namespaces.recorded(scan).renamed
    #expect(renamed.first?.from == before && renamed.first?.to.kernelID == 101)
  }

  @Test("visits between two visits with different IDs stay undecided")
  func another() throws {
    _ = try visit(20, there, probed: true)
    _ = try visit(21, there, probed: false)
    #expect(try visit(22, other, probed: true).kernelID == 102)
    _ = try visit(23, other, probed: false)
    // The kernel never reuses an ID, so the first namespace has ended.
    #expect(script.verify([10: .host]).sample.renamed.isEmpty)
  }

  @Test("a namespace whose id was never read before stays undecided")
  func unknownBefore() throws {
    _ = try visit(20, there, probed: false)
    _ = try visit(21, there, probed: true)
    #expect(script.verify([10: .host]).sample.renamed.isEmpty)
  }
}
