// A short story of a few tasks, laid down by hand: what the kernel reports of them, what is read right after
// each event, and what a sample shows. What comes of it is kept as a history would.

import NamespaceEvents
import NamespaceModel
import Procfs

@testable import NSRecorder

/// Hands events and samples to a follower.
final class EventScript {
  let follower = EventFollower()
  var history = ToldHistory()
  /// All that events reported, in order.
  private(set) var events: [ProcessEvent] = []
  /// The descriptions that events reported, in order.
  var described: [(token: ProcessToken, description: ProcessDescription)] {
    events.compactMap { event in
      if case .described(let token, let description) = event.change {
        (token, description)
      } else {
        nil
      }
    }
  }
  /// A microsecond on at each step.
  var clock: Int64 = 5_000_000_000
  private var places: [Int32: Place] = [:]
  private var sampled: [Int32: (token: ProcessToken, place: Place)] = [:]
  private var sampledThreads: [Int32: (token: ProcessToken, thread: Thread)] = [:]
  private var lastSource: UInt64 = 1000

  /// A thread as a sample shows it to be a task of its own.
  struct Thread: Hashable {
    let pid: Int32
    let place: Place
    var start: UInt64 = 490
  }

  /// Begins with processes that are there.
  init(_ processes: [Int32: Place] = [10: .host]) { begin(processes) }

  // MARK: What the kernel reports

  /// - Parameters:
  ///   - next: what is reported of the same task next, and is known by then.
  ///   - nextOf: the thread of its process that this is reported; nil for the same task.
  func take(
    _ tid: Int32, of pid: Int32, _ kind: KernelEvent.Kind, look: TaskLook? = nil,
    next: KernelEvent.Kind? = nil, nextOf: Int32? = nil
  ) {
    clock += 1000
    let ahead = next.map { kind in
      let event = KernelEvent(time: clock + 1000, pid: pid, tid: nextOf ?? tid, kind: kind)
      return EventQueue.Item(event: event, look: nil, order: 0, epoch: 0)
    }
    follower.take(
      KernelEvent(time: clock, pid: pid, tid: tid, kind: kind), look,
      ahead: ArraySlice(ahead.map { [$0] } ?? []))
  }

  /// A process is made. Where it is not told, it is where its maker is.
  ///
  /// - Parameter look: whether it was looked at in time.
  func fork(
    _ pid: Int32, of parent: Int32, by tid: Int32? = nil, _ place: Place? = nil, look: Bool = true
  ) {
    let place = place ?? places[parent] ?? .host
    take(pid, of: pid, .fork(parentPID: parent, parentTID: tid ?? parent))
    places[pid] = place
    take(pid, of: pid, .namespaces(place.inodes), look: look ? place.look() : nil)
  }

  /// A thread is made.
  func thread(_ tid: Int32, of pid: Int32, by maker: Int32? = nil) {
    let place = places[maker ?? pid] ?? .host
    take(tid, of: pid, .fork(parentPID: pid, parentTID: maker ?? pid))
    places[tid] = place
    take(tid, of: pid, .namespaces(place.inodes))
  }

  /// A task moves.
  ///
  /// - Parameters:
  ///   - threads: what its process's other threads are, where it is the main one.
  ///   - fileTimes: by when the namespaces that it came to had a file.
  func move(
    _ tid: Int32, of pid: Int32? = nil, _ place: Place, look: Bool = true,
    threads: [Int32: Place] = [:], fileTimes: [NamespaceLink: Int64] = [:]
  ) {
    places[tid] = place
    var seen = place.look()
    seen.fileTimes = fileTimes
    seen.threads = threads.mapValues(\.links)
    take(tid, of: pid ?? tid, .namespaces(place.inodes), look: look ? seen : nil)
  }

  func exit(_ tid: Int32, of pid: Int32? = nil, next: KernelEvent.Kind? = nil) {
    take(tid, of: pid ?? tid, .exit, next: next)
  }

  /// - Parameter nextOf: the thread that does something next, as is known by then.
  func exit(_ pid: Int32, nextOf tid: Int32, _ next: KernelEvent.Kind) {
    take(pid, of: pid, .exit, next: next, nextOf: tid)
  }

  func comm(_ tid: Int32, of pid: Int32? = nil, _ name: String, isExec: Bool = false) {
    take(tid, of: pid ?? tid, .comm(CommName(name.utf8), isExec: isExec))
  }

  /// Ends a batch.
  @discardableResult
  func turn() -> [ProcessEvent] {
    guard let batch = follower.turn(epoch: 0) else { return [] }
    batch.events.forEach { history.apply($0) }
    events += batch.events
    return batch.events
  }

  // MARK: What samples show

  /// What the source tells when these processes are there.
  ///
  /// - Parameters:
  ///   - others: those of them that are another process than the one that had their number.
  ///   - threads: those that are tasks of their own; nil where none was read.
  ///   - companions: threads that are where their process is.
  func sample(
    _ processes: [Int32: Place], others: Set<Int32> = [], threads: [Int32: Thread]? = nil,
    companions: [Int32: Int32] = [:], companionStart: UInt64? = nil
  ) -> ProcessSample {
    clock += 1000
    var sample = ProcessSample(start: ClockReading(wall: clock, boot: clock, monotonic: clock))
    clock += 1000
    sample.end = ClockReading(wall: clock, boot: clock, monotonic: clock)
    for (pid, known) in sampled where processes[pid] == nil || others.contains(pid) {
      sampled[pid] = nil
      sample.disappeared.append(known.token)
    }
    for (pid, place) in processes.sorted(by: { $0.key < $1.key }) {
      if let known = sampled[pid] {
        if known.place != place {
          sample.changed.append(.init(token: known.token, links: place.states))
        }
        sampled[pid]?.place = place
        continue
      }
      lastSource += 1
      let token = ProcessToken(number: lastSource)
      sampled[pid] = (token, place)
      sample.appeared.append(
        .init(
          token: token,
          facts: .init(
            pid: pid, startTicks: UInt64(clock / 10_000_000), parentPID: 7, isKernelThread: false,
            nspid: [pid, 1]),
          description: .init(comm: Array("read".utf8), uid: 7, cgroup: Array("0::/x".utf8)),
          links: place.states))
    }
    sample.hasThreads = threads != nil
    show(threads ?? [:], in: &sample)
    for (tid, pid) in companions {
      sample.threadObservations.append(
        .init(
          thread: .init(tid: tid, process: sampled[pid]?.token, startTicks: companionStart),
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
        if known.thread.place != thread.place {
          sample.changed.append(.init(token: known.token, links: thread.place.states))
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
          links: thread.place.states))
    }
  }

  /// A sample is compared with what events reported up to it.
  func verify(
    _ processes: [Int32: Place], touched: Set<Int32> = [], others: Set<Int32> = [],
    threads: [Int32: Thread]? = nil, companions: [Int32: Int32] = [:]
  ) -> EventFollower.Verified {
    turn()
    let verified = follower.verify(
      sample(processes, others: others, threads: threads, companions: companions),
      touched: touched)
    history.apply(verified.sample)
    return verified
  }

  /// All begins with a sample.
  ///
  /// - Parameter meanwhile: what is reported while it is taken.
  @discardableResult
  func begin(
    _ processes: [Int32: Place], others: Set<Int32> = [], threads: [Int32: Thread] = [:],
    companions: [Int32: Int32] = [:], companionStart: UInt64? = nil,
    meanwhile: () -> Void = {}
  ) -> ProcessSample {
    turn()
    var told = follower.toldTasks()
    let sample = sample(
      processes, others: others, threads: threads, companions: companions,
      companionStart: companionStart)
    places.merge(processes) { $1 }
    places.merge(threads.mapValues(\.place)) { $1 }
    follower.begin(sample)
    meanwhile()
    let news = follower.finishBeginning(sample, told: &told)
    follower.batch = EventBatch(epoch: 0)
    history.apply(news)
    return news
  }

  // MARK: What came of it

  /// Which namespace a process is told to be in; nil where that was not read.
  func namespace(_ link: NamespaceLink, of pid: Int32) -> ObservedNamespace? {
    guard case .namespace(let namespace)? = state(link, of: pid) else { return nil }
    return namespace
  }

  /// What a link of a process is told to be.
  func state(_ link: NamespaceLink, of pid: Int32) -> LinkState? {
    history.process(pid)?.task.links[Int(link.rawValue)]
  }
}

extension ProcessSample {
  /// Whether it tells of no process.
  var tellsNothing: Bool {
    appeared.isEmpty && changed.isEmpty && disappeared.isEmpty && described.isEmpty
      && identified.isEmpty && contradicted.isEmpty
  }
}
