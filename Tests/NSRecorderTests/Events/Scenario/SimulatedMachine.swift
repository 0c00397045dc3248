// A simulated machine: processes and threads that fork, move, execute and exit at random, with
// inode numbers, PIDs and TIDs that are reused at once; its kernel writes a record of each change to the ring of
// the processor on which the change happens.

import NamespaceEvents
import NamespaceModel
import TestSupport

@testable import NSRecorder

/// A namespace of the simulated machine.
final class SimulatedNamespace {
  let type: NamespaceType
  let inode: UInt64
  let id: UInt64
  /// How many links of tasks lead to the namespace, and whether a mount pins it.
  var holders = 0
  var isPinned = false
  /// The time since which the mount has pinned it.
  var fileSince: Int64?
  /// A pid namespace that has had no process yet cannot be read.
  var isPending = false

  init(_ type: NamespaceType, _ inode: UInt64, id: UInt64) {
    self.type = type
    self.inode = inode
    self.id = id
  }
}

/// A process or thread of the simulated machine.
final class SimulatedTask {
  let pid: Int32
  let tid: Int32
  /// A number that is never reused, unlike the TID.
  let number: Int
  let born: Int64
  var comm = "begin"
  var parent: Int32 = 1
  var links: [SimulatedNamespace]
  /// Whether the task has exited and is not reaped yet.
  var isZombie = false

  init(_ pid: Int32, _ tid: Int32, _ number: Int, _ links: [SimulatedNamespace], at time: Int64) {
    self.pid = pid
    self.tid = tid
    self.number = number
    self.links = links
    born = time
  }

  var isThread: Bool { tid != pid }

  subscript(link: NamespaceLink) -> SimulatedNamespace { links[Int(link.rawValue)] }
}

/// The machine: its tasks and namespaces, and the records of its kernel.
final class SimulatedMachine {
  var random: SeededRandom
  /// The boot clock.
  private(set) var clock: Int64 = 50_000_000_000
  var tasks: [Int32: SimulatedTask] = [:]
  private(set) var namespaces: [SimulatedNamespace] = []
  /// The actual changes with their times, which the oracle compares with the reports.
  var truth: [TruthEntry] = []
  var sampled: [Int: (token: ProcessToken, states: [LinkState])] = [:]
  /// The threads that samples showed as tasks of their own.
  var sampledThreads: [Int: (token: ProcessToken, states: [LinkState])] = [:]
  var lastSource: UInt64 = 0
  /// The simulated feed sends no wakeups in either mode.
  var isQuiet = false
  private var freeInodes: [UInt64] = []
  private var lastInode = InitialNamespace.firstDynamicInode
  private var lastID: UInt64 = 100
  private var lastNumber = 0
  private var rings: [[(event: KernelEvent, arrives: Int64)]] = Array(repeating: [], count: 3)
  private var lastArrival: [Int64] = [0, 0, 0]
  private var losses: [EventLoss] = []

  /// The state of a task from a moment on; nil links if the task ended.
  struct TruthEntry {
    let time: Int64
    let pid: Int32
    let tid: Int32
    let links: [SimulatedNamespace]?
    /// The links as a read at that moment returns them.
    let states: [LinkState]
  }

  /// Whether starts, execs and exits come with the state of the task, as by BPF programs. The namespaces of a new task
  /// are not reported again then.
  let reportsStates: Bool

  init(seed: UInt64, reportsStates: Bool = false) {
    self.reportsStates = reportsStates
    random = SeededRandom(seed: seed)
    let host = NamespaceType.allCases.map { type in
      SimulatedNamespace(type, 0xEFFF_FFF0 + UInt64(type.rawValue), id: UInt64(type.rawValue))
    }
    for namespace in host { namespace.isPinned = true }
    namespaces = host
    let links = NamespaceLink.allCases.map { link in
      host[Int(link.type.rawValue) - 1]
    }
    for pid in 1...6 as ClosedRange<Int32> { add(pid, pid, links) }
  }

  // MARK: Chance and time

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  func pick<T>(_ all: [T]) -> T? { all.randomElement(using: &random) }

  func pass(_ range: ClosedRange<Int64>) { clock += Int64.random(in: range, using: &random) }

  func reading() -> ClockReading {
    pass(1...500)
    return ClockReading(
      wall: WallTime(nanoseconds: clock), boot: clock, monotonic: clock, running: clock)
  }

  // MARK: The state of the kernel

  func add(_ pid: Int32, _ tid: Int32, _ links: [SimulatedNamespace]) {
    lastNumber += 1
    tasks[tid] = SimulatedTask(pid, tid, lastNumber, links, at: clock)
    for link in links { link.holders += 1 }
  }

  /// Creates a namespace, which reuses the inode number of a namespace that has ended.
  func make(_ type: NamespaceType) -> SimulatedNamespace {
    lastID += 1
    if freeInodes.isEmpty {
      lastInode += 1
      freeInodes.append(lastInode)
    }
    let namespace = SimulatedNamespace(type, freeInodes.removeLast(), id: lastID)
    namespaces.append(namespace)
    return namespace
  }

  func setLinks(_ task: SimulatedTask, _ links: [SimulatedNamespace]) {
    for link in links { link.holders += 1 }
    for link in task.links { link.holders -= 1 }
    task.links = links
    sweep()
  }

  func drop(_ task: SimulatedTask) {
    for link in task.links { link.holders -= 1 }
    sweep()
  }

  /// Ends the namespaces that no task and no mount holds.
  func sweep() {
    namespaces.removeAll { namespace in
      guard namespace.holders == 0, !namespace.isPinned else { return false }
      freeInodes.append(namespace.inode)
      return true
    }
  }

  /// Returns the lowest free number, so that numbers are reused at once.
  func freeNumber() -> Int32 {
    var number: Int32 = 7
    while tasks[number] != nil { number += 1 }
    return number
  }

  // MARK: The kernel's records

  func emit(_ task: SimulatedTask, _ kind: KernelEvent.Kind) {
    let ring = Int.random(in: 0..<rings.count, using: &random)
    let delay = Int64.random(in: 0...(chance(5) ? 15_000_000 : 200_000), using: &random)
    lastArrival[ring] = max(lastArrival[ring], clock + delay)
    let event = KernelEvent(
      time: BootTime(nanoseconds: clock), pid: task.pid, tid: task.tid, kind: kind,
      state: reportsStates ? state(of: task, kind) : nil)
    rings[ring].append((event, lastArrival[ring]))
  }

  private func state(of task: SimulatedTask, _ kind: KernelEvent.Kind) -> TaskState? {
    switch kind {
    case .namespaces, .comm(_, isExec: false): nil
    case .fork, .exit, .state, .comm(_, isExec: true):
      TaskState(
        set: ObservedSet(links: states(of: task)), startTime: BootTime(nanoseconds: task.born),
        uid: 0, comm: CommName(task.comm.utf8), nspid: [task.pid], parentPID: task.parent,
        isKernelThread: false)
    }
  }

  /// Drops the records that were not drained yet.
  func loseRing() {
    let ring = Int.random(in: 0..<rings.count, using: &random)
    guard let first = rings[ring].first else { return }
    losses.append(
      EventLoss(
        records: UInt64(rings[ring].count), after: first.event.time - 1,
        by: BootTime(nanoseconds: clock),
        cause: .ringFull))
    rings[ring].removeAll()
  }
}

extension SimulatedMachine: EventFeed {
  var descriptors: [Int32] { [] }

  func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    for ring in rings.indices {
      let ready = rings[ring].prefix { $0.arrives <= clock }.count
      events.append(contentsOf: rings[ring].prefix(ready).map(\.event))
      rings[ring].removeFirst(ready)
    }
    defer { losses.removeAll() }
    return losses
  }

  func refreshProcessors() throws(EventsError) -> EventLoss? { nil }
}
