// Which tasks are looked at when their events come.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

/// Counts the looks at each task; all are where they were made.
private final class CountingProbe: TaskReading {
  var looks: [Int32: Int] = [:]
  var descriptions: [Int32: Int] = [:]

  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]? {
    looks[task, default: 0] += 1
    return wanted.map { _ in .namespace(inode: 1, id: 1) }
  }

  func description(of pid: Int32) -> ProcessDescription? {
    descriptions[pid, default: 0] += 1
    return ProcessDescription(comm: nil, uid: 33, cgroup: nil)
  }

  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: Int64] { [:] }

  func threads(of pid: Int32) -> [Int32] { [] }
}

struct QueueLookTests {
  private let probe = CountingProbe()

  private func queue() -> EventQueue {
    EventQueue(
      probe, readsTime: true, now: { ClockReading(wall: 1000, boot: 1000, monotonic: 1000) })
  }

  private func add(_ events: [KernelEvent], to queue: inout EventQueue) {
    queue.add(
      events, known: { _ in Place.host.inodes }, mayExecAfterLeaderExit: { _ in false },
      mayHaveUnreportedThreads: { _ in false })
  }

  private func fork(_ tid: Int32, at time: Int64) -> [KernelEvent] {
    [
      KernelEvent(time: time, pid: tid, tid: tid, kind: .fork(parentPID: 1, parentTID: 1)),
      KernelEvent(time: time + 1, pid: tid, tid: tid, kind: .namespaces(Place.host.inodes)),
    ]
  }

  private func exit(_ tid: Int32, at time: Int64) -> KernelEvent {
    KernelEvent(time: time, pid: tid, tid: tid, kind: .exit)
  }

  @Test("who is gone by the time that its start is heard of is not looked at")
  func gone() {
    var queue = queue()
    // As two rings give it: the exit before the start.
    add([exit(20, at: 30)] + fork(20, at: 10) + fork(30, at: 12), to: &queue)
    #expect(probe.looks == [30: 1])
    let looks = (0..<5).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.look != nil }
    #expect(looks == [false, false, false, true, false])
  }

  @Test("one that has the number of another that exited is looked at")
  func numberAgain() {
    var queue = queue()
    add([exit(20, at: 9)] + fork(20, at: 10), to: &queue)
    #expect(probe.looks == [20: 1])
    add([exit(20, at: 40)] + fork(20, at: 50), to: &queue)
    #expect(probe.looks == [20: 2])
  }

  @Test("a program that runs is asked for its user and cgroup, unless it has exited")
  func descriptions() {
    func exec(_ tid: Int32, at time: Int64) -> KernelEvent {
      KernelEvent(
        time: time, pid: tid, tid: tid, kind: .comm(CommName("run".utf8), isExec: true))
    }
    var queue = queue()
    add(fork(20, at: 10) + [exec(20, at: 20)], to: &queue)
    add(fork(30, at: 30) + [exec(30, at: 40), exit(30, at: 50)], to: &queue)
    #expect(probe.descriptions == [20: 1])
    let users = (0..<7).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.look?.description?.uid }
    #expect(users == [nil, nil, 33, nil, nil, nil, nil])
  }

  @Test("of a number that was given twice only the later is looked at")
  func twice() {
    var queue = queue()
    add(fork(20, at: 10) + fork(20, at: 20), to: &queue)
    #expect(probe.looks == [20: 1])
    let looks = (0..<4).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.look != nil }
    #expect(looks == [false, false, false, true])
  }

  private func move(_ tid: Int32, _ number: UInt64, at time: Int64) -> KernelEvent {
    KernelEvent(
      time: time, pid: tid, tid: tid,
      kind: .namespaces(Place.host.with(.uts, number, id: nil).inodes))
  }

  @Test("a task that moves many times before it is heard of is looked at once")
  func manyMoves() {
    var queue = queue()
    add((1...50).map { move(20, UInt64($0), at: Int64($0)) }, to: &queue)
    #expect(probe.looks == [20: 1])
    add([move(20, 60, at: 60)], to: &queue)
    #expect(probe.looks == [20: 2])
  }

  @Test("of changes that are left out, and of names, only the last waits")
  func replaced() {
    var queue = queue()
    let moves = (1...50).map { move(20, UInt64($0), at: Int64($0)) }
    queue.add(
      moves + [exit(30, at: 60), move(20, 70, at: 70)], known: { _ in Place.host.inodes },
      mayExecAfterLeaderExit: { _ in false }, mayHaveUnreportedThreads: { _ in false },
      folded: { $0 == 20 ? LinkMask(.uts) : [] })
    #expect(queue.count == 3)
    #expect(queue.folded == [20])
    let first = queue.next(until: 100, horizon: 2000)
    #expect(first?.event.time == 50 && first?.leftOut == 49)
    // A change of another link is none of those.
    let other = KernelEvent(
      time: 80, pid: 20, tid: 20, kind: .namespaces(Place.host.with(.net, 1, id: nil).inodes))
    queue.add(
      [other], known: { _ in Place.host.inodes }, mayExecAfterLeaderExit: { _ in false },
      mayHaveUnreportedThreads: { _ in false }, folded: { _ in LinkMask(.uts) })
    #expect(queue.count == 3)
    add(
      (0..<20).map {
        KernelEvent(
          time: 90 + Int64($0), pid: 40, tid: 40,
          kind: .comm(CommName("n\($0)".utf8), isExec: false))
      }, to: &queue)
    #expect(queue.count == 4)
  }
}
