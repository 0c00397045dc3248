// A script of a few tasks, written by hand: the events that the kernel reports, the links that are probed right after
// each event, and the samples. The result is stored as a history would store it.

import NamespaceEvents
import NamespaceModel
import Procfs

@testable import NSRecorder
import TestSupport

/// Passes events and samples to a follower.
final class EventScript {
  let follower = EventFollower()
  var history = ReportedHistory()
  /// All reported events, in order.
  private(set) var events: [ProcessEvent] = []
  /// The reported descriptions, in order.
  var described: [(token: ProcessToken, description: ProcessDescription)] {
    events.compactMap { event in
      if case .described(let token, let description) = event.change {
        (token, description)
      } else {
        nil
      }
    }
  }
  /// The boot clock, which advances by a microsecond at each step.
  var clock: Int64 = 5_000_000_000
  /// The same time as a `BootTime`.
  var time: BootTime { BootTime(nanoseconds: clock) }
  private var tasks: [Int32: TaskLinks] = [:]
  /// The clock tick of the last start event of each PID.
  private var starts: [Int32: UInt64] = [:]
  private var sampled: [Int32: (token: ProcessToken, links: TaskLinks)] = [:]
  private var sampledThreads: [Int32: (token: ProcessToken, thread: Thread)] = [:]
  private var lastSource: UInt64 = 1000

  /// A thread that a sample shows as a task of its own.
  struct Thread: Hashable {
    let pid: Int32
    let links: TaskLinks
    var start: UInt64 = 490
  }

  /// Starts from a sample of these processes.
  init(_ processes: [Int32: TaskLinks] = [10: .host]) { begin(processes) }

  // MARK: Reports of the kernel

  /// Passes one kernel event of a task to the follower.
  ///
  /// - Parameters:
  ///   - next: the next event of the same task, which is queued already.
  ///   - nextOf: the thread of the process to which `next` belongs; nil for the same task.
  func apply(
    _ tid: Int32, of pid: Int32, _ kind: KernelEvent.Kind, probed: ProbedTask? = nil,
    next: KernelEvent.Kind? = nil, nextOf: Int32? = nil
  ) {
    clock += 1000
    let lookahead = next.map { kind in
      let event = KernelEvent(time: clock + 1000, pid: pid, tid: nextOf ?? tid, kind: kind)
      return EventReorderer.Item(event: event, probed: nil, order: 0, epoch: 0)
    }
    follower.apply(
      KernelEvent(time: clock, pid: pid, tid: tid, kind: kind), probed,
      lookahead: ArraySlice(lookahead.map { [$0] } ?? []))
  }

  /// Creates a process, in the namespaces of its parent unless `links` are given.
  ///
  /// - Parameter probed: whether the probe read its links before they changed.
  func fork(
    _ pid: Int32, of parent: Int32, by tid: Int32? = nil, _ links: TaskLinks? = nil,
    probed: Bool = true
  ) {
    let links = links ?? tasks[parent] ?? .host
    apply(pid, of: pid, .fork(parentPID: parent, parentTID: tid ?? parent))
    tasks[pid] = links
    starts[pid] = UInt64(clock / 10_000_000)
    apply(pid, of: pid, .namespaces(links.inodes), probed: probed ? links.probed() : nil)
  }

  /// Creates a thread.
  func thread(_ tid: Int32, of pid: Int32, by maker: Int32? = nil) {
    let links = tasks[maker ?? pid] ?? .host
    apply(tid, of: pid, .fork(parentPID: pid, parentTID: maker ?? pid))
    tasks[tid] = links
    apply(tid, of: pid, .namespaces(links.inodes))
  }

  /// Moves a task to other namespaces.
  ///
  /// - Parameters:
  ///   - threads: the other threads of the process that the probe reads, if the task is the main thread.
  ///   - fileTimes: the times by which the files of the entered namespaces existed.
  func move(
    _ tid: Int32, of pid: Int32? = nil, _ links: TaskLinks, probed: Bool = true,
    threads: [Int32: TaskLinks] = [:], fileTimes: [NamespaceLink: Int64] = [:]
  ) {
    tasks[tid] = links
    var seen = links.probed()
    seen.fileTimes = fileTimes.mapValues(BootTime.init(nanoseconds:))
    seen.threads = threads.mapValues(\.links)
    apply(tid, of: pid ?? tid, .namespaces(links.inodes), probed: probed ? seen : nil)
  }

  func exit(_ tid: Int32, of pid: Int32? = nil, next: KernelEvent.Kind? = nil) {
    apply(tid, of: pid ?? tid, .exit, next: next)
  }

  /// Reports the exit of a process.
  ///
  /// - Parameter nextOf: the thread to which the next event belongs, which is queued already.
  func exit(_ pid: Int32, nextOf tid: Int32, _ next: KernelEvent.Kind) {
    apply(pid, of: pid, .exit, next: next, nextOf: tid)
  }

  func comm(_ tid: Int32, of pid: Int32? = nil, _ name: String, isExec: Bool = false) {
    apply(tid, of: pid ?? tid, .comm(CommName(name.utf8), isExec: isExec))
  }

  /// Finishes the follower's batch of events, and applies it to the history.
  @discardableResult
  func finishBatch() -> [ProcessEvent] {
    guard let batch = follower.finishBatch(epoch: 0) else { return [] }
    batch.events.forEach { history.apply($0) }
    events += batch.events
    return batch.events
  }

  // MARK: Samples

  /// Returns the sample of a source that shows these processes.
  ///
  /// - Parameters:
  ///   - others: PIDs that belong to another process than in the previous sample.
  ///   - threads: the threads that are tasks of their own; nil if the sample reads no threads.
  ///   - plainThreads: threads in the namespaces of their process, with the PID of it.
  ///   - startTicks: the start times of processes that did not start when their last event says.
  func sample(
    _ processes: [Int32: TaskLinks], others: Set<Int32> = [], threads: [Int32: Thread]? = nil,
    plainThreads: [Int32: Int32] = [:], plainThreadStart: UInt64? = nil,
    startTicks: [Int32: UInt64] = [:]
  ) -> ProcessSample {
    clock += 1000
    var sample = ProcessSample(
      start: ClockReading(wall: WallTime(nanoseconds: clock), boot: clock, monotonic: clock))
    clock += 1000
    sample.end = ClockReading(wall: WallTime(nanoseconds: clock), boot: clock, monotonic: clock)
    for (pid, known) in sampled where processes[pid] == nil || others.contains(pid) {
      sampled[pid] = nil
      sample.disappeared.append(known.token)
    }
    for (pid, links) in processes.sorted(by: { $0.key < $1.key }) {
      if let known = sampled[pid] {
        if known.links != links {
          sample.changed.append(.init(token: known.token, links: links.states))
        }
        sampled[pid]?.links = links
        continue
      }
      lastSource += 1
      let token = ProcessToken(number: lastSource)
      sampled[pid] = (token, links)
      sample.appeared.append(
        .init(
          token: token,
          facts: .init(
            pid: pid,
            startTicks: startTicks[pid] ?? (others.contains(pid) ? nil : starts[pid])
              ?? UInt64(clock / 10_000_000),
            parentPID: 7, isKernelThread: false,
            nspid: [pid, 1]),
          description: .init(comm: Array("read".utf8), uid: 7, cgroup: Array("0::/x".utf8)),
          links: links.states))
    }
    sample.hasThreads = threads != nil
    sample.hasSharingThreads = sample.hasThreads
    show(threads ?? [:], in: &sample)
    for (tid, pid) in plainThreads {
      sample.threadObservations.append(
        .init(
          thread: .init(tid: tid, process: sampled[pid]?.token, startTicks: plainThreadStart),
          pid: pid,
          links: nil))
    }
    return sample
  }

  private func show(_ threads: [Int32: Thread], in sample: inout ProcessSample) {
    for (tid, known) in sampledThreads
    where threads[tid]?.start != known.thread.start || threads[tid]?.pid != known.thread.pid {
      sampledThreads[tid] = nil
      sample.disappeared.append(known.token)
    }
    for (tid, thread) in threads.sorted(by: { $0.key < $1.key }) {
      if let known = sampledThreads[tid] {
        if known.thread.links != thread.links {
          sample.changed.append(.init(token: known.token, links: thread.links.states))
        }
        sampledThreads[tid]?.thread = thread
        continue
      }
      lastSource += 1
      let token = ProcessToken(number: lastSource)
      sampledThreads[tid] = (token, thread)
      sample.appeared.append(
        .init(
          token: token,
          facts: .init(
            pid: thread.pid, startTicks: 480, parentPID: 7, isKernelThread: false,
            nspid: [thread.pid, 1]),
          thread: .init(
            tid: tid, process: sampled[thread.pid]?.token, startTicks: thread.start),
          description: .init(comm: Array("work".utf8), uid: 7, cgroup: Array("0::/x".utf8)),
          links: thread.links.states))
    }
  }

  /// Compares the state that the events gave with a sample, as the recorder does.
  ///
  /// - Parameter pidsWithEvents: the PIDs of tasks with an event during the sample.
  func verify(
    _ processes: [Int32: TaskLinks], pidsWithEvents: Set<Int32> = [], others: Set<Int32> = [],
    threads: [Int32: Thread]? = nil, plainThreads: [Int32: Int32] = [:],
    startTicks: [Int32: UInt64] = [:]
  ) -> VerifiedSample {
    finishBatch()
    let verified = follower.verify(
      sample(
        processes, others: others, threads: threads, plainThreads: plainThreads,
        startTicks: startTicks),
      pidsWithEvents: pidsWithEvents)
    history.apply(verified.sample)
    return verified
  }

  /// Starts recording from a sample, or resyncs from it after events were lost.
  ///
  /// - Parameter meanwhile: reports events that occur while the sample is taken.
  @discardableResult
  func begin(
    _ processes: [Int32: TaskLinks], others: Set<Int32> = [], threads: [Int32: Thread] = [:],
    plainThreads: [Int32: Int32] = [:], plainThreadStart: UInt64? = nil,
    meanwhile: () -> Void = {}
  ) -> ProcessSample {
    finishBatch()
    follower.awaitSample(repairing: [])
    let sample = sample(
      processes, others: others, threads: threads, plainThreads: plainThreads,
      plainThreadStart: plainThreadStart)
    tasks.merge(processes) { $1 }
    tasks.merge(threads.mapValues(\.links)) { $1 }
    follower.begin(sample)
    meanwhile()
    let translated = follower.finishResync(sample, epoch: 0)
    history.apply(translated)
    return translated
  }

  // MARK: The result

  /// Returns the reported namespace of a process; nil if the link was not read.
  func namespace(_ link: NamespaceLink, of pid: Int32) -> ObservedNamespace? {
    guard case .namespace(let namespace)? = state(link, of: pid) else { return nil }
    return namespace
  }

  /// Returns the reported state of a link of a process.
  func state(_ link: NamespaceLink, of pid: Int32) -> LinkState? {
    history.process(pid)?.task.links[Int(link.rawValue)]
  }
}

extension ProcessSample {
  /// Whether the sample reports no process.
  var reportsNothing: Bool {
    appeared.isEmpty && changed.isEmpty && disappeared.isEmpty && described.isEmpty
      && identified.isEmpty && contradicted.isEmpty
  }
}

extension KernelEvent {
  /// An event at a time in nanoseconds of the boot clock.
  @_disfavoredOverload
  init(time: Int64, pid: Int32, tid: Int32, kind: Kind) {
    self.init(time: BootTime(nanoseconds: time), pid: pid, tid: tid, kind: kind)
  }
}
