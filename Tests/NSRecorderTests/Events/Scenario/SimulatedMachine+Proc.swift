// The `/proc` of the simulated machine: a probe of one task, and a sample of all tasks. Both take time, and the
// machine continues meanwhile.

import NamespaceEvents
import NamespaceModel
import Procfs

@testable import NSRecorder

extension SimulatedMachine: TaskReading {
  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]? {
    goOn(3)
    guard let known = tasks[task], !(whileRunning && known.isZombie) else { return nil }
    let middle = wanted.count / 2
    let first = wanted[..<middle].map { read(known, $0) }
    goOn(2)
    let second = wanted[middle...].map { read(known, $0) }
    goOn(2)
    return first + second
  }

  var readsCommandLines: Bool { true }

  func description(of pid: Int32, hasExecuted: Bool) -> ProcessDescription? {
    tasks[pid].map { _ in ProcessDescription(comm: nil, uid: 0, cgroup: nil) }
  }

  func threads(of pid: Int32) -> [Int32] {
    tasks.values.filter { $0.pid == pid && !($0.isThread && $0.isZombie) }.map(\.tid).sorted()
  }

  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: WallTime] {
    goOn(2)
    guard let known = tasks[task], !known.isZombie else { return [:] }
    var times: [NamespaceLink: WallTime] = [:]
    for link in links {
      times[link] = fileTime(known[link].fileSince ?? clock)
    }
    return times
  }

  func fileClock() -> WallTime? { fileTime(clock) }

  /// Returns the time that the clock of file times showed: it advances every four milliseconds, but after each second
  /// advance the next one is eight milliseconds late.
  private func fileTime(_ time: Int64) -> WallTime {
    let tick = time / 4_000_000
    return WallTime(nanoseconds: (tick - max(0, tick % 4 - 1)) * 4_000_000)
  }

  private func read(_ task: SimulatedTask, _ link: NamespaceLink) -> TaskProbe.Link {
    let namespace = task[link]
    if task.isZombie, link != .pid, link != .user { return .unread(.unsupported) }
    if namespace.isPending { return .unread(.pending) }
    return .namespace(inode: namespace.inode, id: namespace.id)
  }

  /// Lets time pass, and with this chance lets a task make a call.
  private func goOn(_ percent: Int) {
    pass(100...2000)
    if chance(percent) { act() }
  }

  private func state(_ task: SimulatedTask, _ link: NamespaceLink) -> LinkState {
    if task.isZombie, link != .pid, link != .user { return .unread(.zombie) }
    let namespace = task[link]
    if namespace.isPending { return .unread(.pending) }
    return .namespace(
      ObservedNamespace(
        type: namespace.type, inode: namespace.inode, kernelID: namespace.id, inodeGeneration: 0,
        isInitial: namespace.id < 100))
  }

  /// The links of a task as a sample shows them.
  func states(of task: SimulatedTask) -> [LinkState] {
    NamespaceLink.allCases.map { state(task, $0) }
  }

  /// Takes a sample of all processes as `ProcfsSource` does, which recognises the processes of the sample before.
  func takeSample(threads: Bool, onPause: () -> Void) -> ProcessSample {
    var sample = ProcessSample(start: reading())
    sample.hasThreads = threads
    sample.hasSharingThreads = threads
    pass(1...1000)
    let listed = tasks.values.filter { !$0.isThread }.map(\.pid).sorted()
    var observed: Set<Int> = []
    for pid in listed {
      if chance(5) { onPause() }
      goOn(8)
      guard let task = tasks[pid], !task.isThread else { continue }
      observed.insert(task.number)
      let first = NamespaceLink.allCases.prefix(5).map { state(task, $0) }
      goOn(2)
      guard tasks[pid] === task else {
        observed.remove(task.number)
        continue
      }
      var states = first + NamespaceLink.allCases.dropFirst(5).map { state(task, $0) }
      // Links read before an exit are out of date, except for the two that a zombie still has.
      if task.isZombie { states = self.states(of: task) }
      report(task, states, &sample)
    }
    goOn(10)
    for (number, known) in sampled where !observed.contains(number) {
      sampled[number] = nil
      sample.disappeared.append(known.token)
    }
    readThreads(threads, observed, &sample)
    sample.end = reading()
    return sample
  }

  /// Adds the threads of the observed processes; unless `wanted`, only those of zombies.
  private func readThreads(_ wanted: Bool, _ observed: Set<Int>, _ sample: inout ProcessSample) {
    var apart: Set<Int> = []
    for leader in tasks.values.sorted(by: { $0.tid < $1.tid }) {
      guard observed.contains(leader.number), let process = sampled[leader.number],
        wanted || process.states.contains(.unread(.zombie))
      else { continue }
      for tid in threads(of: leader.pid) where tid != leader.pid {
        goOn(3)
        guard let thread = tasks[tid], thread.pid == leader.pid, thread.isThread else { continue }
        let first = NamespaceLink.allCases.prefix(5).map { state(thread, $0) }
        goOn(2)
        guard tasks[tid] === thread else { continue }
        let states = first + NamespaceLink.allCases.dropFirst(5).map { state(thread, $0) }
        // A reported thread remains a task of its own, also after it has returned.
        if sampledThreads[thread.number] != nil || isApart(states, from: process.states) {
          apart.insert(thread.number)
          report(thread, of: process.token, states, &sample)
        } else {
          sample.threadObservations.append(
            .init(
              thread: facts(of: thread, process.token), pid: leader.pid,
              links: states == process.states ? nil : states))
        }
      }
    }
    for (number, known) in sampledThreads where !apart.contains(number) {
      sampledThreads[number] = nil
      sample.disappeared.append(known.token)
    }
  }

  private func facts(of thread: SimulatedTask, _ process: ProcessToken) -> ThreadFacts {
    ThreadFacts(
      tid: thread.tid, process: process, startTicks: UInt64(thread.born / 10_000_000))
  }

  private func isApart(_ thread: [LinkState], from leader: [LinkState]) -> Bool {
    leader.contains(.unread(.zombie))
      || NamespaceType.allCases.contains { type in
        thread[Int(type.link.rawValue)] != leader[Int(type.link.rawValue)]
      }
  }

  private func report(
    _ thread: SimulatedTask, of process: ProcessToken, _ states: [LinkState],
    _ sample: inout ProcessSample
  ) {
    if let known = sampledThreads[thread.number] {
      guard known.states != states else { return }
      sampledThreads[thread.number]?.states = states
      sample.changed.append(.init(token: known.token, links: states))
      return
    }
    lastSource += 1
    let token = ProcessToken(number: 1 << 32 + lastSource)
    sampledThreads[thread.number] = (token, states)
    sample.appeared.append(
      .init(
        token: token, facts: facts(of: tasks[thread.pid] ?? thread),
        thread: facts(of: thread, process),
        description: ProcessDescription(comm: Array(thread.comm.utf8), uid: 0, cgroup: nil),
        links: states))
  }

  private func facts(of task: SimulatedTask) -> ProcessFacts {
    ProcessFacts(
      pid: task.pid, startTicks: UInt64(task.born / 10_000_000), parentPID: 1,
      isKernelThread: false, nspid: [task.pid])
  }

  private func report(_ task: SimulatedTask, _ states: [LinkState], _ sample: inout ProcessSample) {
    let description = ProcessDescription(comm: Array(task.comm.utf8), uid: 0, cgroup: nil)
    if let known = sampled[task.number] {
      guard known.states != states else { return }
      sampled[task.number]?.states = states
      sample.changed.append(.init(token: known.token, links: states))
      sample.described.append(.init(token: known.token, description: description))
      return
    }
    lastSource += 1
    let token = ProcessToken(number: 1 << 32 + lastSource)
    sampled[task.number] = (token, states)
    sample.appeared.append(
      .init(
        token: token, facts: facts(of: task), description: description, links: states))
  }
}
