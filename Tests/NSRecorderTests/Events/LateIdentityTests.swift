// A namespace whose maker exits before its kernel ID is read has no ID at first. Later a sample reads the ID through
// a task that was in the namespace all the time. The recorder then renames the namespace: it gets the ID and stays
// the same one.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder
import TestSupport

struct LateIdentityTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.uts, 1, id: 101)

  /// A process makes a namespace, forks and exits at once, so that neither process is probed.
  private func doubleFork(_ links: TaskLinks) {
    script.fork(20, of: 10)
    script.move(20, links, probed: false)
    script.fork(30, of: 20, probed: false)
    script.exit(20)
    script.finishBatch()
  }

  private func observed(_ links: TaskLinks) -> ObservedNamespace? {
    guard case .namespace(let namespace) = links.states[Int(NamespaceLink.uts.rawValue)] else {
      return nil
    }
    return namespace
  }

  @Test("a sample reads the id, and the namespace stays the same in the history")
  func learned() throws {
    doubleFork(there)
    let before = try #require(script.namespace(.uts, of: 30))
    #expect(before.kernelID == nil)
    let verified = script.verify([10: .host, 30: there])
    #expect(verified.sample.renamed == [.init(from: before, to: try #require(observed(there)))])
    #expect(verified.sample.contradicted.isEmpty && verified.disagreements == 0)
    #expect(script.namespace(.uts, of: 30) == observed(there))
    // From then on, tasks that are created in the namespace or enter it are in the namespace with the ID.
    script.fork(40, of: 30)
    script.fork(50, of: 10)
    script.move(50, there)
    script.finishBatch()
    #expect(script.namespace(.uts, of: 40)?.kernelID == 101)
    #expect(script.namespace(.uts, of: 50)?.kernelID == 101)
    #expect(script.verify([10: .host, 30: there, 40: there, 50: there]).sample.renamed.isEmpty)
    #expect(script.history.faults == [])
  }

  @Test("no ID is taken from a task with an event during the sample")
  func eventDuringSample() {
    doubleFork(there)
    #expect(script.verify([10: .host, 30: there], pidsWithEvents: [30]).sample.renamed.isEmpty)
    #expect(script.verify([10: .host, 30: there]).sample.renamed.count == 1)
  }

  @Test("the ID of another namespace that reuses the inode number is not taken")
  func reused() throws {
    doubleFork(there)
    let before = try #require(script.namespace(.uts, of: 30))
    script.exit(30)
    let other = TaskLinks.host.with(.uts, 1, id: 102)
    script.fork(40, of: 10, other)
    script.finishBatch()
    let verified = script.verify([10: .host, 40: other])
    #expect(verified.sample.renamed.isEmpty)
    #expect(script.namespace(.uts, of: 40)?.kernelID == 102)
    #expect(script.namespace(.uts, of: 40) != before)
  }

  @Test("the owner that a sample reads is recorded for the namespace that the event reported")
  func relations() throws {
    doubleFork(there)
    let read = try #require(observed(there))
    let before = try #require(script.namespace(.uts, of: 30))
    let asked = NamespaceRelations(namespace: read, owner: nil, parent: nil, ownerUID: nil)
    var sample = script.sample([10: .host, 30: there])
    sample.related = [asked]
    // The relations are buffered until it is proved which namespace was read.
    #expect(script.follower.verify(sample, pidsWithEvents: [30]).sample.related.isEmpty)
    let second = script.follower.verify(script.sample([10: .host, 30: there]), pidsWithEvents: [])
    #expect(second.sample.renamed == [.init(from: before, to: read)])
    #expect(second.sample.related == [asked])
  }

  @Test("without IDs, a sample's namespace is recorded as the one that the event reported")
  func withoutIDs() throws {
    let bare = TaskLinks.host.with(.uts, 1, id: nil)
    doubleFork(bare)
    let reported = try #require(script.namespace(.uts, of: 30))
    var sample = script.sample([10: .host, 30: bare])
    let read = try #require(observed(bare))
    sample.related = [.init(namespace: read, owner: nil, parent: nil, ownerUID: nil)]
    let verified = script.follower.verify(sample, pidsWithEvents: [])
    #expect(read != reported)
    #expect(verified.sample.renamed.isEmpty)
    #expect(verified.sample.related.map(\.namespace) == [reported])
    #expect(verified.disagreements == 0 && verified.sample.contradicted.isEmpty)
    #expect(verified.sample.changed.allSatisfy { $0.links.contains(.namespace(reported)) })
  }

  @Test("a scan finds the mount of a namespace without a process, and reads the id")
  func pinned() throws {
    script.fork(20, of: 10)
    script.move(20, there, probed: false)
    script.finishBatch()
    let before = try #require(script.namespace(.uts, of: 20))
    script.exit(20)
    script.finishBatch()
    let read = try #require(observed(there))
    script.clock += 1_000_000_000
    var scan = PinScan(
      start: ClockReading(
        wall: WallTime(nanoseconds: script.clock), boot: script.clock, monotonic: script.clock))
    scan.pins = [.init(namespace: read, holder: .mount(path: Array("/run/x".utf8), in: nil))]
    let found = script.follower.namespaces.recorded(scan)
    #expect(found.renamed == [.init(from: before, to: read)])
    #expect(found.pins.map(\.namespace) == [read])
    // A process that enters later is in the same namespace.
    script.fork(30, of: 10)
    script.move(30, there)
    script.finishBatch()
    #expect(script.namespace(.uts, of: 30) == read)
  }

  @Test(
    "a scan gives no ID if the number was reused, or if the namespace was made after the scan began"
  )
  func notPinned() throws {
    let read = try #require(observed(there))
    var scan = PinScan(start: ClockReading(wall: 0, boot: script.clock, monotonic: 0))
    scan.pins = [.init(namespace: read, holder: .mount(path: Array("/run/x".utf8), in: nil))]
    script.fork(20, of: 10)
    script.move(20, there, probed: false)
    script.exit(20)
    script.finishBatch()
    #expect(script.follower.namespaces.recorded(scan).renamed.isEmpty)
    script.fork(30, of: 10)
    script.move(30, .host.with(.uts, 1, id: 102))
    script.exit(30)
    script.finishBatch()
    // The same holds if an unknown task was reported in a namespace with the inode number.
    script.fork(40, of: 10)
    script.move(40, there, probed: false)
    script.exit(40)
    script.apply(99, of: 99, .namespaces(there.inodes))
    script.finishBatch()
    scan.start.boot = script.time + 1
    #expect(script.follower.namespaces.recorded(scan).renamed.isEmpty)
    #expect(script.follower.namespaces.recorded(scan).pins.map(\.namespace) == [read])
  }
}
