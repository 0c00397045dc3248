// A namespace that a mount keeps while tasks come and go. Of some that come nobody can read the id. When the same id is
// read before and after, it was one namespace all the time.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct UndecidedNamespaceTests {
  private let script = EventScript()
  private let there = Place.host.with(.net, 1, id: 101)
  private let other = Place.host.with(.net, 1, id: 102)

  /// A process enters, and is gone before the next; gives the namespace as it was reported.
  private func visit(
    _ pid: Int32, _ place: Place, look: Bool
  ) throws -> ObservedNamespace {
    script.clock += 20_000_000
    script.fork(pid, of: 10)
    script.move(pid, place, look: look)
    script.turn()
    let namespace = try #require(script.namespace(.net, of: pid))
    script.exit(pid)
    script.turn()
    return namespace
  }

  @Test("visitors between two whose id was read were in the same namespace")
  func between() throws {
    #expect(try visit(20, there, look: true).kernelID == 101)
    let unnamed = [try visit(21, there, look: false), try visit(22, there, look: false)]
    #expect(unnamed.map(\.kernelID) == [nil, nil])
    #expect(try visit(23, there, look: true).kernelID == 101)
    let renamed = script.verify([10: .host]).sample.renamed
    #expect(renamed.map(\.from) == unnamed)
    #expect(renamed.map(\.to.kernelID) == [101, 101])
    #expect(script.history.faults == [])
  }

  @Test("a sample that meets a process in it tells that too")
  func sampled() throws {
    _ = try visit(20, there, look: true)
    let unnamed = try visit(21, there, look: false)
    script.fork(30, of: 10)
    script.move(30, there, look: false)
    script.turn()
    let held = try #require(script.namespace(.net, of: 30))
    let renamed = script.verify([10: .host, 30: there]).sample.renamed
    #expect(Set(renamed.map(\.from)) == [unnamed, held])
    #expect(renamed.allSatisfy { $0.to.kernelID == 101 })
  }

  @Test("a scan for pins tells it of what was reported before it began")
  func scanned() throws {
    _ = try visit(20, there, look: true)
    let before = try visit(21, there, look: false)
    script.clock += 1_000_000
    var scan = PinScan(
      start: ClockReading(wall: script.clock, boot: script.clock, monotonic: script.clock))
    scan.pins = [
      NamespacePin(
        namespace: ObservedNamespace(
          type: .net, inode: try #require(there.inodes[.net]), kernelID: 101, inodeGeneration: 0,
          isInitial: false),
        holder: .mount(path: Array("/run/netns/x".utf8), in: nil))
    ]
    _ = try visit(22, there, look: false)
    let renamed = script.follower.sets.recorded(scan).renamed
    #expect(renamed.first?.from == before && renamed.first?.to.kernelID == 101)
  }

  @Test("where another id is read, nothing is decided")
  func another() throws {
    _ = try visit(20, there, look: true)
    _ = try visit(21, there, look: false)
    #expect(try visit(22, other, look: true).kernelID == 102)
    _ = try visit(23, other, look: false)
    // The kernel gives no id twice: that of the first is gone.
    #expect(script.verify([10: .host]).sample.renamed.isEmpty)
  }

  @Test("one whose id was never read before stays what it is")
  func unknownBefore() throws {
    _ = try visit(20, there, look: false)
    _ = try visit(21, there, look: true)
    #expect(script.verify([10: .host]).sample.renamed.isEmpty)
  }
}
