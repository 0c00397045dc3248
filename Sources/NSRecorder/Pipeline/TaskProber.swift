internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Probes tasks, that is, reads their state in `/proc`, as soon as their events arrive.
///
/// An event reports the namespaces of a task by their inode numbers (a namespaces event). The kernel's ids of the
/// namespaces, and the links that no event reports, must be read while the task is still in the reported state.
struct TaskProber {
  private let probe: any TaskReading
  /// Returns the kernel's id of a namespace that a mount pins at this moment; nil if no mount does.
  private let mounted: (NamespaceType, UInt64) -> UInt64?
  private let now: () -> ClockReading
  private let readsTime: Bool
  /// By TID, the namespaces in the last queued event of each task that has any.
  private var latest: [Int32: Latest] = [:]
  private var parents: [Int32: Int32] = [:]
  /// PIDs of the processes with a queued exit of the main thread.
  private var exited: Set<Int32> = []

  /// During a storm of events, how long after its event a task is still probed, in nanoseconds. A storm is
  /// more events than `many` in one call of `begin`.
  private static let soon: Int64 = 100_000_000
  private static let many = 1000
  private var isStorm = false
  /// The wall clock minus the boot clock when events last arrived.
  private var lastEpoch: WallTime?
  /// Whether that difference was the same at the arrival before, so that the wall clock was not set in between.
  private var clockIsSteady = false
  private static let leastStep: Int64 = 1_000_000
  /// Readings of the clock of file times.
  private var fileClock = FileClock()
  /// By TID, the time at which a task exited or a fork reused its TID, by the events of the current call of
  /// `begin`.
  private var ends: [Int32: BootTime] = [:]
  /// By TID, the probes of tasks that changed their namespaces, by the events of the current call of `begin`:
  /// a second probe for another event of the same call would show the same.
  private var probedTasks: [Int32: ProbedTask?] = [:]
  /// Observations of mounts that pin a namespace which a task entered and had left again before it was probed.
  private var mountObservations: [MountObservation] = []
  /// The threads of a process with more threads than this are not probed when it changes its namespaces.
  private static let mostThreads = 256

  /// The namespaces of a task by an event: by perf as inode numbers, by a BPF program as a set.
  private enum Latest {
    case inodes(NamespaceInodes)
    case set(ObservedSet)

    var inodes: NamespaceInodes {
      switch self {
      case .inodes(let inodes): inodes
      case .set(let set): set.inodes
      }
    }
  }

  /// - Parameters:
  ///   - readsTime: whether the kernel has time namespaces.
  ///   - mounted: see `NamespaceMounts.id`.
  init(
    _ probe: any TaskReading, readsTime: Bool,
    mounted: @escaping (NamespaceType, UInt64) -> UInt64?, now: @escaping () -> ClockReading
  ) {
    self.probe = probe
    self.mounted = mounted
    self.now = now
    self.readsTime = readsTime
  }

  /// Begins to probe for events that arrived together. Returns the wall clock minus the boot clock at their arrival.
  mutating func begin(_ events: [KernelEvent]) -> WallTime {
    let now = self.now()
    let epoch = now.epoch
    clockIsSteady = lastEpoch.map { abs(epoch - $0) < Self.leastStep } ?? false
    lastEpoch = epoch
    if !clockIsSteady { fileClock = FileClock() }
    if fileClock.isDue(now.boot), let reading = probe.fileClock() {
      fileClock.add(reading, by: self.now().boot)
    }
    isStorm = events.count > Self.many
    ends.removeAll(keepingCapacity: true)
    probedTasks.removeAll(keepingCapacity: true)
    for event in events where event.endsTask {
      ends[event.tid] = max(event.time, ends[event.tid] ?? .min)
    }
    return epoch
  }

  /// Forgets the events that were applied or dropped.
  ///
  /// - Parameter queued: the events that are still queued, in time order.
  mutating func restart(with queued: some Sequence<KernelEvent>) {
    latest.removeAll(keepingCapacity: true)
    exited.removeAll(keepingCapacity: true)
    for event in queued {
      switch event.kind {
      case .namespaces(let inodes): latest[event.tid] = .inodes(inodes)
      case .exit: if event.tid == event.pid { exited.insert(event.pid) }
      case .fork:
        exited.remove(event.tid)
        latest[event.tid] = event.state.map { .set($0.set) }
      case .comm, .state: break
      }
    }
  }

  // MARK: Command lines

  /// Whether a probe found no command line, because the exec had not placed the arguments in memory yet.
  func isLineUnread(_ probed: ProbedTask) -> Bool {
    guard probe.readsCommandLines, !isStorm, probed.links.isEmpty,
      let program = probed.description?.program
    else { return false }
    return program.commandLine == nil
  }

  /// Reads the description of a process again after an exec, with the time of the read; nil if it still has no command
  /// line.
  func readLine(of pid: Int32) -> (ProcessDescription, BootTime)? {
    guard let read = probe.description(of: pid, hasExecuted: true),
      read.program?.commandLine != nil
    else { return nil }
    return (read, now().boot)
  }

  // MARK: Namespaces

  /// Whether a namespaces event changes some of the links in `mask` and no other.
  func changesOnly(
    _ mask: LinkMask, _ event: KernelEvent, _ known: (Int32) -> NamespaceInodes?
  ) -> Bool {
    guard !mask.isEmpty, case .namespaces(let inodes) = event.kind, parents[event.tid] == nil,
      let before = latest[event.tid]?.inodes ?? known(event.tid)
    else { return false }
    let changed = inodes.differences(from: before)
    return !changed.isEmpty && mask.isSuperset(of: changed)
  }

  /// Probes a task after an event of it, if the event lacks what is to be known of the task then.
  ///
  /// - Parameters: see `EventReorderer.add`.
  mutating func probeIfNeeded(
    _ event: KernelEvent, _ known: (Int32) -> NamespaceInodes?,
    _ mayExecAfterLeaderExit: (Int32) -> Bool,
    _ mayHaveUnreportedThreads: (Int32) -> Bool
  ) -> ProbedTask? {
    switch event.kind {
    case .fork(_, let parent):
      // The next namespaces event of the task is of the task itself, if its start came with its state.
      if event.state == nil { parents[event.tid] = parent }
      latest[event.tid] = event.state.map { .set($0.set) }
      exited.remove(event.tid)
      return nil
    case .state: return nil
    case .exit:
      latest[event.tid] = nil
      parents[event.tid] = nil
      guard event.tid == event.pid else { return nil }
      exited.insert(event.pid)
      return mayHaveUnreportedThreads(event.pid) ? read(event, [], isMove: true) : nil
    case .comm(_, let isExec):
      // If the main thread has exited, the process gets the namespaces of the executing thread, which no event
      // reports.
      guard isExec, event.tid == event.pid else { return nil }
      let isResumed =
        (exited.remove(event.tid) != nil || mayExecAfterLeaderExit(event.tid))
        && event.state == nil
      return read(
        event, isResumed ? NamespaceLink.allCases : [], isMove: false, isDescribed: true)
    case .namespaces(let inodes):
      defer { latest[event.tid] = .inodes(inodes) }
      if event.state != nil { return read(event, [], isMove: false, isDescribed: true) }
      let parent = parents.removeValue(forKey: event.tid)
      let before = parent.flatMap { latest[$0]?.inodes ?? known($0) }
      // Probes all links of a known task that changed its namespaces, also if its inode numbers are the same
      // as before: then a link that no event reports has changed. Probes all links of a new task only if its
      // inode numbers differ from those of its parent.
      guard let before, before == inodes else {
        guard parent == nil else {
          let probed = read(event, NamespaceLink.allCases, isMove: false)
          checkMounts(before.map { inodes.differences(from: $0) } ?? [], of: inodes, probed)
          return probed
        }
        if let probed = probedTasks[event.tid], ends[event.tid] ?? .min <= event.time {
          return probed
        }
        let changed =
          (latest[event.tid]?.inodes ?? known(event.tid)).map { inodes.differences(from: $0) }
          ?? []
        let probed = read(
          event, NamespaceLink.allCases, isMove: mayHaveUnreportedThreads(event.pid),
          isDescribed: true,
          cameTo: changed)
        probedTasks[event.tid] = .some(probed)
        checkMounts(changed, of: inodes, probed)
        return probed
      }
      // A new thread has all namespaces of its creator. Of a new process, only the time namespace is not
      // known.
      guard event.tid == event.pid, readsTime else { return nil }
      return read(event, [.time, .timeForChildren], isMove: false)
    }
  }

  private func read(
    _ event: KernelEvent, _ links: [NamespaceLink], isMove: Bool, isDescribed: Bool = false,
    cameTo changed: LinkMask = []
  ) -> ProbedTask? {
    // If the task has exited by now, as most have in a storm of events, a probe would read another task
    // with its TID, or none.
    if let end = ends[event.tid], end > event.time { return nil }
    // A late probe is likely to be discarded, and during a storm probes delay the recorder further.
    guard !isStorm || now().boot - event.time < Self.soon else { return nil }
    // A new process has its parent's user and cgroup, and usually has its own by the time it executes a
    // program or enters namespaces.
    let hasExecuted = if case .comm(_, isExec: true) = event.kind { true } else { false }
    let description =
      isDescribed && event.tid == event.pid
      ? probe.description(of: event.pid, hasExecuted: hasExecuted) : nil
    if isDescribed, links.isEmpty {
      return description.map { ProbedTask(links: [:], time: now().boot, description: $0) }
    }
    guard let values = probe.links(of: event.tid, links, whileRunning: false) else { return nil }
    let fileTimes = changed.isEmpty ? [:] : fileTimes(of: event.tid, changed)
    var probed = ProbedTask(
      links: Dictionary(uniqueKeysWithValues: zip(links, values)), time: now().boot,
      description: description, fileTimes: fileTimes)
    guard isMove, event.tid == event.pid else { return probed }
    let threads = probe.threads(of: event.pid)
    guard threads.count <= Self.mostThreads else { return probed }
    for thread in threads where thread != event.tid {
      // Skips threads that have begun to exit: their exit events may be consumed already.
      if let values = probe.links(of: thread, NamespaceLink.allCases, whileRunning: true) {
        probed.threads[thread] = Dictionary(
          uniqueKeysWithValues: zip(NamespaceLink.allCases, values))
      }
    }
    return probed
  }

  /// Checks whether mounts pin the namespaces that a task entered, if the probe did not find the task in
  /// them: the task may have left them already, and other tasks can enter them through the mounts.
  private mutating func checkMounts(
    _ changed: LinkMask, of inodes: NamespaceInodes, _ probed: ProbedTask?
  ) {
    guard !isStorm else { return }
    for type in NamespaceType.allCases where changed.contains(type.link) {
      guard let inode = inodes[type], !InitialNamespace.hasFixedInode(inode) else { continue }
      if case .namespace(inode, .some)? = probed?.links[type.link] { continue }
      if let id = mounted(type, inode) {
        mountObservations.append(
          MountObservation(type: type, inode: inode, id: id, time: now().boot))
      }
    }
  }

  /// Returns the times by which the files of the entered namespaces existed; see `ProbedTask.fileTimes`.
  /// File times are on the wall clock, so they prove nothing if the clock was set meanwhile.
  private func fileTimes(of task: Int32, _ changed: LinkMask) -> [NamespaceLink: BootTime] {
    guard let lastEpoch, clockIsSteady, !isStorm else { return [:] }
    let times = probe.fileTimes(
      of: task, NamespaceType.allCases.map(\.link).filter(changed.contains))
    guard abs(now().epoch - lastEpoch) < Self.leastStep else { return [:] }
    return times.compactMapValues(fileClock.bootTime)
  }

  /// Returns the observations of mounted namespaces since the last call.
  mutating func takeMountObservations() -> [MountObservation] {
    defer { mountObservations.removeAll() }
    return mountObservations
  }
}

extension KernelEvent {
  /// Whether the event shows that an earlier task with its TID has ended: by its exit, or by a fork that
  /// reused the TID.
  fileprivate var endsTask: Bool {
    switch kind {
    case .exit, .fork: true
    case .comm, .namespaces, .state: false
    }
  }
}

/// Reads the current state of one task; see `TaskProbe`.
protocol TaskReading {
  /// Returns the links of a task in the order of `wanted`; nil if the task is gone, or if it has begun to
  /// exit and `whileRunning` is true.
  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]?
  /// Returns the effective user and the cgroup of a process, and if it has just executed a program, also the program
  /// and the login; nil if the process is gone.
  func description(of pid: Int32, hasExecuted: Bool) -> ProcessDescription?
  /// Whether a description that is read after an exec has the command line.
  var readsCommandLines: Bool { get }
  /// Returns for each link the change time of its namespace file; without the links that could not be read.
  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: WallTime]
  /// Reads the clock of the change times; nil if it cannot be read.
  func fileClock() -> WallTime?
  /// Returns the TIDs of the threads of a process.
  func threads(of pid: Int32) -> [Int32]
}

extension TaskProbe: TaskReading {}

/// A probe: the state of a task, read in `/proc` right after an event of the task arrived.
struct ProbedTask {
  /// The links that were read.
  var links: [NamespaceLink: TaskProbe.Link]
  /// The end of the probe, on the boot clock. The probe shows the state after the event if no further event of
  /// the task occurred until then.
  var time: BootTime
  /// Whether the task executed a program between the event and the end of the probe: before the exec, it may
  /// have been in another time namespace.
  var isAfterExec = false
  /// The user and cgroup of the task, if they were read; after an exec, also its program and its login.
  var description: ProcessDescription?
  /// For each entered namespace, a time on the boot clock by which the namespace's file already existed, if it
  /// was read: a mount or an open file may have pinned the namespace since then (`TaskProbe.fileTimes`).
  var fileTimes: [NamespaceLink: BootTime] = [:]
  /// If a process changed its namespaces: the links of its other threads, by TID.
  var threads: [Int32: [NamespaceLink: TaskProbe.Link]] = [:]
}

extension ProbedTask {
  /// Drops the links that are no longer certain after another namespaces event of the task before the end of
  /// the probe: only links to the same namespace after both events stay.
  mutating func retainLinks(unchangedFrom earlier: NamespaceInodes, to later: NamespaceInodes) {
    threads.removeAll()
    func isUnchanged(_ link: NamespaceLink) -> Bool {
      link == link.type.link && link.type != .time && earlier[link.type] == later[link.type]
    }
    links = links.filter { isUnchanged($0.key) }
    fileTimes = fileTimes.filter { isUnchanged($0.key) }
  }
}

/// An observation of a mount that pins a namespace: at that time, the namespace with the inode number had this id.
struct MountObservation {
  let type: NamespaceType
  let inode: UInt64
  let id: UInt64
  /// The time on the boot clock by which the id had been read.
  let time: BootTime

  /// The longest time, in nanoseconds, that is allowed for from a change to its event: only an event that is
  /// later than an observation by more than this certainly reports a change after the observation.
  static let eventDelay: Int64 = 1_000_000
}

/// Readings of the clock that the kernel uses for file times, each with a time on the boot clock by which it was taken.
///
/// That clock advances only when a processor handles a tick, which may be late by any time: the processor may have
/// interrupts off, or a hypervisor may not run it. So a file time cannot be converted by a constant. But the clock never
/// goes back while the wall clock is not set: a file whose time is before a reading existed when the reading was taken.
struct FileClock {
  private var readings: [Reading] = []

  private struct Reading {
    let time: WallTime
    let boot: BootTime
  }

  /// The least time between two readings, in nanoseconds: the clock shows about the same within a tick.
  private static let spacing: Int64 = 4_000_000
  /// The most readings that are retained. An older file existed by the time of the oldest of them.
  private static let most = 1024

  /// Whether the last reading is so old that another one is of use.
  func isDue(_ now: BootTime) -> Bool {
    readings.last.map { now - $0.boot >= Self.spacing } ?? true
  }

  /// Adds a reading that was taken by a time on the boot clock. Drops each second reading when there are too many.
  mutating func add(_ time: WallTime, by boot: BootTime) {
    readings.append(Reading(time: time, boot: boot))
    guard readings.count > Self.most else { return }
    readings = readings.enumerated().filter { $0.offset % 2 == 0 || $0.offset > Self.most / 2 }
      .map(\.element)
  }

  /// Returns a time on the boot clock by which a file with this time certainly existed; nil if no reading shows one.
  func bootTime(_ fileTime: WallTime) -> BootTime? {
    // A file that was created after a reading has the time of that reading or a later one.
    readings.first { $0.time > fileTime }?.boot
  }
}
