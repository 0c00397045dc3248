// Which tasks the event queue probes, that is, reads in /proc, when their events arrive.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder
import TestSupport

/// A probe that counts its calls for each task. Every task is in the namespaces in which it was created.
private final class CountingProbe: TaskReading {
  var probes: [Int32: Int] = [:]
  var descriptions: [Int32: Int] = [:]
  var readsCommandLines = true
  /// How many of the reads of each process find no command line.
  var emptyReads = 0

  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]? {
    probes[task, default: 0] += 1
    return wanted.map { _ in .namespace(inode: 1, id: 1) }
  }

  func description(of pid: Int32, hasExecuted: Bool) -> ProcessDescription? {
    descriptions[pid, default: 0] += 1
    let count = descriptions[pid, default: 0]
    let program = Program(
      executable: [0x2F], commandLine: count > emptyReads ? [UInt8(count)] : nil)
    return ProcessDescription(
      comm: nil, uid: 33, cgroup: nil, program: hasExecuted ? program : nil)
  }

  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: WallTime] { [:] }

  func fileClock() -> WallTime? { nil }

  func threads(of pid: Int32) -> [Int32] { [] }
}

struct QueueProbeTests {
  private let probe = CountingProbe()

  private func queue() -> EventReorderer {
    EventReorderer(
      probe, readsTime: true, now: { ClockReading(wall: 1000, boot: 1000, monotonic: 1000) })
  }

  private func add(_ events: [KernelEvent], to queue: inout EventReorderer) {
    queue.add(
      events, known: { _ in TaskLinks.host.inodes }, mayExecAfterLeaderExit: { _ in false },
      mayHaveUnreportedThreads: { _ in false })
  }

  private func fork(_ tid: Int32, at time: Int64) -> [KernelEvent] {
    [
      KernelEvent(time: time, pid: tid, tid: tid, kind: .fork(parentPID: 1, parentTID: 1)),
      KernelEvent(time: time + 1, pid: tid, tid: tid, kind: .namespaces(TaskLinks.host.inodes)),
    ]
  }

  private func exit(_ tid: Int32, at time: Int64) -> KernelEvent {
    KernelEvent(time: time, pid: tid, tid: tid, kind: .exit)
  }

  @Test("a task that has exited when its start event arrives is not probed")
  func gone() {
    var queue = queue()
    // The order in which two rings may deliver: the exit before the start.
    add([exit(20, at: 30)] + fork(20, at: 10) + fork(30, at: 12), to: &queue)
    #expect(probe.probes == [30: 1])
    let probes = (0..<5).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.probed != nil }
    #expect(probes == [false, false, false, true, false])
  }

  @Test("a task that reuses the TID of an exited task is probed")
  func numberAgain() {
    var queue = queue()
    add([exit(20, at: 9)] + fork(20, at: 10), to: &queue)
    #expect(probe.probes == [20: 1])
    add([exit(20, at: 40)] + fork(20, at: 50), to: &queue)
    #expect(probe.probes == [20: 2])
  }

  @Test("the user and cgroup of a process are read after an exec, unless it has exited")
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
      .map { $0.probed?.description?.uid }
    #expect(users == [nil, nil, 33, nil, nil, nil, nil])
  }

  @Test("a program that was read after a later exec is not that of the earlier one")
  func laterExec() {
    func exec(at time: Int64) -> KernelEvent {
      KernelEvent(time: time, pid: 20, tid: 20, kind: .comm(CommName("sh".utf8), isExec: true))
    }
    var queue = queue()
    // Both probes are later than both events.
    add(fork(20, at: 10) + [exec(at: 20), exec(at: 30)], to: &queue)
    let read = (0..<4).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.probed?.description }
    #expect(read.map { $0?.program?.commandLine } == [nil, nil, nil, [2]])
    #expect(read.map { $0?.uid } == [nil, nil, 33, 33])
  }

  @Test("a command line that an exec had not placed yet is read again", arguments: [true, false])
  func emptyLine(isRead: Bool) {
    probe.emptyReads = 1
    probe.readsCommandLines = isRead
    var queue = queue()
    let exec = KernelEvent(
      time: 20, pid: 20, tid: 20, kind: .comm(CommName("sh".utf8), isExec: true))
    add(fork(20, at: 10) + [exec], to: &queue)
    for _ in 0..<3 { add([], to: &queue) }
    #expect(probe.descriptions == [20: isRead ? 2 : 1])
    let read = (0..<3).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.probed?.description?.program?.commandLine }
    #expect(read == [nil, nil, isRead ? [2] : nil])
  }

  @Test("of two tasks with one TID only the later is probed")
  func twice() {
    var queue = queue()
    add(fork(20, at: 10) + fork(20, at: 20), to: &queue)
    #expect(probe.probes == [20: 1])
    let probes = (0..<4).compactMap { _ in queue.next(until: 100, horizon: 2000) }
      .map { $0.probed != nil }
    #expect(probes == [false, false, false, true])
  }

  private func move(_ tid: Int32, _ number: UInt64, at time: Int64) -> KernelEvent {
    KernelEvent(
      time: time, pid: tid, tid: tid,
      kind: .namespaces(TaskLinks.host.with(.uts, number, id: nil).inodes))
  }

  @Test("a task that moves many times before its events arrive is probed once")
  func manyMoves() {
    var queue = queue()
    add((1...50).map { move(20, UInt64($0), at: Int64($0)) }, to: &queue)
    #expect(probe.probes == [20: 1])
    add([move(20, 60, at: 60)], to: &queue)
    #expect(probe.probes == [20: 2])
  }

  @Test("of throttled changes, and of names, only the last stays queued")
  func replaced() {
    var queue = queue()
    let moves = (1...50).map { move(20, UInt64($0), at: Int64($0)) }
    queue.add(
      moves + [exit(30, at: 60), move(20, 70, at: 70)], known: { _ in TaskLinks.host.inodes },
      mayExecAfterLeaderExit: { _ in false }, mayHaveUnreportedThreads: { _ in false },
      throttled: { $0 == 20 ? LinkMask(.uts) : [] })
    #expect(queue.count == 3)
    #expect(queue.throttled == [20])
    let first = queue.next(until: 100, horizon: 2000)
    #expect(first?.event.time == 50 && first?.omittedCount == 49)
    // A throttled task may still change another link, which is queued.
    let other = KernelEvent(
      time: 80, pid: 20, tid: 20, kind: .namespaces(TaskLinks.host.with(.net, 1, id: nil).inodes))
    queue.add(
      [other], known: { _ in TaskLinks.host.inodes }, mayExecAfterLeaderExit: { _ in false },
      mayHaveUnreportedThreads: { _ in false }, throttled: { _ in LinkMask(.uts) })
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
