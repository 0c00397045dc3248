// Tasks that change a namespace too often for each change to be recorded. The recorder omits changes of that link,
// which is unseen until a sample reads it; everything else stays exact.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct ThrottleTests {
  private let script = EventScript([10: .host, 20: .host])
  private let one = TaskLinks.host.with(.uts, 1, id: 101)
  private let two = TaskLinks.host.with(.uts, 2, id: 102)
  private let net = TaskLinks.host.with(.net, 3, id: 103)

  /// PID 10 moves back and forth between two namespaces, once in each millisecond.
  private func hammer(_ count: Int) {
    for index in 0..<count {
      script.clock += 1_000_000 - 1000
      script.move(10, index % 2 == 0 ? one : two)
    }
  }

  @Test("changes of a link are reported up to the limit, and then that the link is unseen")
  func throttled() {
    hammer(900)
    let events = script.finishBatch()
    #expect(events.count == ChangeRate.most + 1)
    #expect(script.state(.uts, of: 10) == .unread(.unseen))
    #expect(script.state(.net, of: 10) == TaskLinks.host.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.follower.translator.throttle.count == 900 - events.count)
  }

  @Test("slow changes are all reported")
  func slow() {
    for index in 0..<1200 {
      script.clock += 3_000_000
      script.move(10, index % 2 == 0 ? one : two)
    }
    #expect(script.finishBatch().count == 1200)
    #expect(script.namespace(.uts, of: 10)?.kernelID == 102)
  }

  @Test("another link of the task, and other tasks, stay exact")
  func others() throws {
    hammer(900)
    script.finishBatch()
    script.move(10, one.with(.net, 3, id: 103))
    let moved = script.finishBatch()
    try #require(moved.count == 1)
    #expect(moved.first?.boot == script.time)
    #expect(script.namespace(.net, of: 10)?.kernelID == 103)
    #expect(script.state(.uts, of: 10) == .unread(.unseen))
    script.move(20, net)
    #expect(script.finishBatch().count == 1)
    #expect(script.namespace(.net, of: 20)?.kernelID == 103)
    // A child starts in the actual namespaces of its parent.
    script.fork(30, of: 10)
    script.finishBatch()
    #expect(script.namespace(.uts, of: 30)?.kernelID == 101)
  }

  @Test("a sample without an event of the task reads the unseen link and ends the throttling")
  func verified() {
    hammer(900)
    script.finishBatch()
    let busy = script.verify([10: two, 20: .host], pidsWithEvents: [10])
    #expect(busy.sample.changed.isEmpty && busy.disagreements == 0)
    #expect(script.state(.uts, of: 10) == .unread(.unseen))
    let calm = script.verify([10: two, 20: .host])
    #expect(calm.disagreements == 0)
    #expect(script.namespace(.uts, of: 10)?.kernelID == 102)
    // From then on each change is reported again.
    script.move(10, one)
    #expect(script.finishBatch().count == 1)
    #expect(script.namespace(.uts, of: 10)?.kernelID == 101)
  }

  @Test("throttling of a task ends with its exit and with a resync")
  func ends() {
    hammer(900)
    script.exit(10)
    script.finishBatch()
    #expect(script.history.process(10) == nil)
    #expect(script.follower.translator.throttle.taskCount == 0)
    #expect(script.history.faults.isEmpty)

    let other = EventScript([10: .host])
    for index in 0..<900 { other.move(10, index % 2 == 0 ? one : two) }
    other.begin([10: two])
    #expect(other.namespace(.uts, of: 10)?.kernelID == 102)
    other.move(10, one)
    #expect(other.finishBatch().count == 1)
  }

  @Test(
    "a process with many threads is throttled sooner: each of its moves costs a comparison for each thread"
  )
  func threads() {
    for tid in 1000..<1640 as Range<Int32> { script.thread(tid, of: 10) }
    script.finishBatch()
    hammer(200)
    let events = script.finishBatch()
    // The threads remain in their namespaces, and are reported once.
    #expect(events.count < 640 + 60, "\(events.count)")
    #expect(script.state(.uts, of: 10) == .unread(.unseen))
  }

  @Test("of many names in a batch the first few are reported, and a sample reads the last one")
  func names() {
    for index in 0..<1000 { script.comm(10, "name\(index)") }
    script.finishBatch()
    #expect(script.described.count == 17)
    #expect(script.described.first?.description.comm == Array("name0".utf8))
    // The last report says that the later names are not known.
    #expect(script.described.dropLast().allSatisfy { !$0.description.hidesNames })
    #expect(script.described.last?.description.hidesNames == true)
    #expect(script.follower.translator.unreportedNames == [10])
  }
}
