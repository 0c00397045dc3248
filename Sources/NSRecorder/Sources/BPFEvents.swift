internal import NamespaceBPF
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The kernel's events by BPF programs: starts, execs and exits, each with the whole state of the task, so that no
/// probe of `/proc` is needed.
///
/// Changes of names come from perf. So do changes of namespaces, by unshare(2) and setns(2), where the kernel refuses
/// the program that reports them (`EventPrograms.refusalOfMoves`): perf reports that a task changed its namespaces,
/// with their inode numbers. The ids are read by a probe, or come with the next record of the task.
///
/// perf reports the namespaces of each new task too. The record of the start has all that, so that record is dropped.
final class BPFEvents: EventFeed {
  private let programs: EventPrograms
  private let listener: EventListener
  private let now: () -> ClockReading
  private var sets: EventSets
  private var records: [TaskEvent] = []
  private var perfEvents: [KernelEvent] = []
  private var starts: StartTimes
  /// By TID, the times of the execs that perf has reported and the programs have not: the kernel reports an exec to
  /// perf first, and that wakes the recorder.
  private var awaitedExecs: [Int32: BootTime] = [:]
  /// When perf last reported a change of namespaces, on the boot clock.
  private var lastMove: BootTime = .min
  /// The time on the boot clock up to which no record of the ring is missing.
  private var completeUntil: BootTime

  /// The age, in nanoseconds, from which on a record is certainly in the ring: a processor may be stopped between the
  /// time of a record and its end.
  private static let writeLatency: Int64 = 1_000_000

  /// - Parameters:
  ///   - listener: the perf events of the records that the programs do not write.
  ///   - host: the namespaces of kthreadd.
  ///   - supported: the types of namespaces that the kernel has.
  init(
    _ programs: EventPrograms, _ listener: EventListener, host: ObservedSet,
    supported: Set<NamespaceType>,
    now: @escaping () -> ClockReading = ClockReading.now
  ) {
    self.programs = programs
    self.listener = listener
    self.now = now
    sets = EventSets(host: host, supported: supported)
    starts = StartTimes()
    completeUntil = now().boot
  }

  var descriptors: [Int32] { listener.descriptors + [programs.descriptor] }

  var isQuiet: Bool {
    get { listener.isQuiet }
    set { listener.isQuiet = newValue }
  }

  /// Only changes of namespaces that perf reports have to be probed at once. All other records have what they report,
  /// and a storm mostly consists of them.
  var quietDrainInterval: Int64 {
    lastMove != .min && now().boot - lastMove < Self.moveMemory ? 2_000_000 : 10_000_000
  }

  /// The time, in nanoseconds, for which a change of namespaces makes the next one likely.
  private static let moveMemory: Int64 = 1_000_000_000

  /// No record of the ring causes a wakeup before a quarter of it is full. An exec that perf has reported is in the
  /// ring soon, and the process has to be probed while it lives.
  var longestDrainInterval: Int64? { awaitedExecs.isEmpty ? 250_000_000 : 1_000_000 }

  /// How long, in nanoseconds, an exec is awaited: it may have failed.
  private static let execPatience: Int64 = 20_000_000

  func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    perfEvents.removeAll(keepingCapacity: true)
    // perf's record of a new task precedes that of its start, so the latter is in the ring by the time at which the
    // ring is drained.
    var losses = listener.drain(into: &perfEvents)
    let start = now().boot
    records.removeAll(keepingCapacity: true)
    let missing = programs.drain(into: &records)
    starts.beginDrain()
    events.reserveCapacity(events.count + records.count + perfEvents.count)
    for record in records {
      if case .start = record.kind { starts.add(record) }
      guard let event = event(record) else {
        losses.append(loss(.malformed, records: 1))
        continue
      }
      events.append(event)
    }
    for event in perfEvents where !isKnown(event) {
      if case .namespaces = event.kind { lastMove = start }
      events.append(event)
    }
    awaitExecs(until: start)
    if missing.count > 0 {
      let first = max(completeUntil, missing.first - 1)
      losses.append(
        EventLoss(
          records: missing.count, after: min(first, now().boot), by: now().boot, cause: .ringFull))
    }
    if missing.malformedCount > 0 {
      losses.append(loss(.malformed, records: missing.malformedCount))
    }
    completeUntil = max(completeUntil, missing.isEmpty ? start - Self.writeLatency : now().boot)
    return losses
  }

  /// Notes the execs that perf has reported in this drain, and drops those that the programs have reported too.
  private func awaitExecs(until now: BootTime) {
    for event in perfEvents {
      if case .comm(_, isExec: true) = event.kind { awaitedExecs[event.tid] = event.time }
    }
    guard !awaitedExecs.isEmpty else { return }
    for record in records where record.kind.endsExec {
      if let time = awaitedExecs[record.task.tid], record.time >= UInt64(clamping: time.nanoseconds)
      {
        awaitedExecs[record.task.tid] = nil
      }
    }
    awaitedExecs = awaitedExecs.filter { now - $0.value < Self.execPatience }
  }

  private func loss(_ cause: EventLoss.Cause, records: UInt64) -> EventLoss {
    let now = now().boot
    return EventLoss(records: records, after: min(completeUntil, now), by: now, cause: cause)
  }

  /// Whether a record of perf reports only what a record of the programs reports too.
  private func isKnown(_ event: KernelEvent) -> Bool {
    switch event.kind {
    case .comm(_, isExec: let isExec): isExec
    case .namespaces: programs.refusalOfMoves == nil || starts.isStart(event)
    case .fork, .exit, .state: true
    }
  }

  func refreshProcessors() throws(EventsError) -> EventLoss? { try listener.refreshProcessors() }

  /// Returns the event of a record; nil if the record lacks a namespace, which no task is without.
  private func event(_ record: TaskEvent) -> KernelEvent? {
    let task = record.task
    guard let set = sets.set(task) else { return nil }
    let comm = CommName(words: task.commWords)
    let state = TaskState(
      set: set, startTime: BootTime(nanoseconds: Int64(clamping: task.start)), uid: task.uid,
      comm: comm, nspid: [task.tid] + task.nested, parentPID: task.parent,
      isKernelThread: task.isKernelThread)
    let kind: KernelEvent.Kind =
      switch record.kind {
      case .start(let makerPID, let makerTID):
        .fork(parentPID: makerPID, parentTID: makerTID)
      case .exec: .comm(comm, isExec: true)
      case .exit: .exit
      case .move: .namespaces(set.inodes)
      case .state: .state
      }
    return KernelEvent(
      time: BootTime(nanoseconds: Int64(clamping: record.time)), pid: task.pid, tid: task.tid,
      kind: kind, state: state)
  }
}

/// The sets of the records, each made once.
private struct EventSets {
  private let host: ObservedSet
  private let supported: Set<NamespaceType>
  private var sets: [TaskSets.Key: ObservedSet] = [:]
  private var last: (key: TaskSets.Key, set: ObservedSet)?
  private static let most = 4096

  init(host: ObservedSet, supported: Set<NamespaceType>) {
    self.host = host
    self.supported = supported
  }

  /// Returns the set of a task; nil if its record lacks a namespace.
  mutating func set(_ task: TaskRecord) -> ObservedSet? {
    guard let namespaces = task.namespaces else { return host }
    let key = TaskSets.Key(
      namespaces: namespaces, hasExited: false, childrenArePending: task.childrenArePending)
    if let last, last.key == key { return last.set }
    if let known = sets[key] {
      last = (key, known)
      return known
    }
    guard let made = make(key, isDeep: task.isDeep) else { return nil }
    // The objects are shared only to save memory and time, so that they can be dropped at any time.
    if sets.count >= Self.most { sets.removeAll() }
    sets[key] = made
    last = (key, made)
    return made
  }

  private func make(_ key: TaskSets.Key, isDeep: Bool) -> ObservedSet? {
    guard isDeep else { return key.states(supported: supported).map(ObservedSet.init) }
    // The record has no pid namespace. The link for children stands in, so that all others can be converted.
    let index = Int(NamespaceLink.pid.rawValue)
    var namespaces = key.namespaces
    namespaces[index] = namespaces[Int(NamespaceLink.pidForChildren.rawValue)]
    let filled = TaskSets.Key(
      namespaces: namespaces, hasExited: false, childrenArePending: key.childrenArePending)
    guard var links = filled.states(supported: supported) else { return nil }
    links[index] = .unread(.unseen)
    return ObservedSet(links: links)
  }
}

/// The starts of tasks in this drain and the one before, by which the namespaces records that perf writes for new tasks
/// are recognised.
private struct StartTimes {
  private struct Start {
    /// When the kernel set the start time of the task, and when it reported the start. perf's record lies between.
    let began: UInt64
    let reported: UInt64
  }

  private var current: [Int32: Start] = [:]
  private var earlier: [Int32: Start] = [:]

  mutating func beginDrain() {
    swap(&current, &earlier)
    current.removeAll(keepingCapacity: true)
  }

  mutating func add(_ record: TaskEvent) {
    current[record.task.tid] = Start(began: record.task.start, reported: record.time)
  }

  /// Whether an event of perf reports the namespaces of a task that starts.
  func isStart(_ event: KernelEvent) -> Bool {
    let time = UInt64(clamping: event.time.nanoseconds)
    return [current[event.tid], earlier[event.tid]].contains { start in
      start.map { ($0.began...max($0.began, $0.reported)).contains(time) } ?? false
    }
  }
}

extension ObservedSet {
  /// The inode numbers that a namespaces record of a task with this set holds.
  var inodes: NamespaceInodes {
    var inodes: [NamespaceType: UInt64] = [:]
    for (link, state) in zip(NamespaceLink.allCases, links) where link == link.type.link {
      if case .namespace(let namespace) = state { inodes[link.type] = namespace.inode }
    }
    return NamespaceInodes(inodes)
  }
}

extension TaskEvent.Kind {
  /// Whether no exec of the task is under way after the change.
  fileprivate var endsExec: Bool {
    switch self {
    case .exec, .exit: true
    case .start, .move, .state: false
    }
  }
}
