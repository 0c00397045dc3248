internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The queue of the events that are not applied yet. Events arrive from several processors, and only some time later
/// is it certain that no earlier event is missing.
///
/// An event reports the namespaces of a task by their inode numbers (a namespaces event). The kernel's ids of the
/// namespaces, and the links that no event reports, must be read while the task is still in the reported state. The
/// queue therefore probes a task, that is, reads its state in `/proc`, as soon as its event arrives.
struct EventQueue {
  private let probe: any TaskReading
  /// Returns the kernel's id of a namespace that a mount pins at this moment; nil if no mount does.
  private let mounted: (NamespaceType, UInt64) -> UInt64?
  private let now: () -> ClockReading
  private let readsTime: Bool
  private(set) var items: [Item] = []
  /// The number of items at the front of `items` that are applied already.
  private var appliedCount = 0
  private var isSorted = true
  private var lastOrder = 0
  /// By TID, the namespaces in the last queued event of each task that has any.
  private var latest: [Int32: Latest] = [:]
  private var parents: [Int32: Int32] = [:]
  /// Whether events came with the state of their task.
  private var hasStates = false
  /// PIDs of the processes with a queued exit of the main thread.
  private var exited: Set<Int32> = []

  /// During a storm of events, how long after its event a task is still probed, in nanoseconds. A storm is
  /// more events than `many` in one call of `add`.
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
  /// `add`.
  private var ends: [Int32: BootTime] = [:]
  /// By TID, the probes of tasks that changed their namespaces, by the events of the current call of `add`:
  /// a second probe for another event of the same call would show the same.
  private var probedTasks: [Int32: ProbedTask?] = [:]
  /// Whether an item may have an unread command line (`Item.isLineUnread`).
  private var hasUnreadLine = false
  /// Observations of mounts that pin a namespace which a task entered and had left again before it was probed.
  private var mountObservations: [MountObservation] = []
  /// The most queued events after an event that are searched for one that invalidates the event's probe. If
  /// more events precede the time of the probe, the probe is discarded.
  private static let searchLimit = 2048
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

  /// A queued event.
  struct Item {
    var event: KernelEvent
    var probed: ProbedTask? {
      get { probe?.task }
      set { probe = newValue.map(Probe.init) }
    }
    private var probe: Probe?
    /// The sequence number of the event by arrival, which orders events with the same time.
    let order: Int
    /// The wall clock minus the boot clock when the event arrived.
    let epoch: WallTime
    /// Whether the event changed only throttled links, whose changes are omitted (`ChangeRate`).
    var isThrottled = false
    /// The number of earlier omitted changes of the task that this item replaces.
    var omittedCount = 0
    /// Whether the probe found no command line, because the exec had not placed the arguments in memory yet. The kernel
    /// reports an exec some time before that.
    var isLineUnread = false

    init(
      event: KernelEvent, probed: ProbedTask?, order: Int, epoch: WallTime,
      isThrottled: Bool = false
    ) {
      self.event = event
      self.order = order
      self.epoch = epoch
      self.isThrottled = isThrottled
      probe = probed.map(Probe.init)
    }

    /// Most events cause no probe, so an item has a reference only, which keeps the queue small.
    private final class Probe {
      let task: ProbedTask
      init(_ task: ProbedTask) { self.task = task }
    }
  }

  /// - Parameters:
  ///   - readsTime: whether the kernel has time namespaces.
  ///   - mounted: see `NamespaceMounts.id`.
  init(
    _ probe: any TaskReading, readsTime: Bool,
    mounted: @escaping (NamespaceType, UInt64) -> UInt64? = { _, _ in nil },
    now: @escaping () -> ClockReading = ClockReading.now
  ) {
    self.probe = probe
    self.mounted = mounted
    self.now = now
    self.readsTime = readsTime
  }

  var count: Int { items.count - appliedCount }

  /// Adds the events that arrived, and probes tasks where needed.
  ///
  /// - Parameters:
  ///   - known: returns the inode numbers that a namespaces event of a task would hold, as of all events
  ///     applied so far.
  ///   - mayExecAfterLeaderExit: whether a process whose main thread has exited may continue by exec.
  ///   - mayHaveUnreportedThreads: whether a process may have threads that no event reported.
  ///   - throttled: returns the links of a task whose changes are omitted at present.
  mutating func add(
    _ events: [KernelEvent], known: (Int32) -> NamespaceInodes?,
    mayExecAfterLeaderExit: (Int32) -> Bool,
    mayHaveUnreportedThreads: (Int32) -> Bool, throttled: (Int32) -> LinkMask = { _ in [] }
  ) {
    readLinesAgain()
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
    for event in events where event.pid > 0 && event.tid > 0 {
      if let last = items.last, last.event.time > event.time { isSorted = false }
      if event.state != nil { hasStates = true }
      let isThrottled = changesOnly(throttled(event.tid), event, known)
      var item = Item(
        event: event,
        probed: probeIfNeeded(event, known, mayExecAfterLeaderExit, mayHaveUnreportedThreads),
        order: lastOrder,
        epoch: epoch, isThrottled: isThrottled)
      lastOrder += 1
      if isLineUnread(item) {
        item.isLineUnread = true
        hasUnreadLine = true
      }
      if let last = replaceable(by: item) {
        item.omittedCount = last.omittedCount + (isThrottled ? 1 : 0)
        items[items.count - 1] = item
      } else {
        items.append(item)
      }
    }
  }

  private func isLineUnread(_ item: Item) -> Bool {
    guard probe.readsCommandLines, !isStorm, item.probed?.links.isEmpty == true,
      let program = item.probed?.description?.program
    else { return false }
    return program.commandLine == nil
  }

  /// Probes the processes again whose command line was not read. Such an item is not applied yet: an item stays queued
  /// until all events up to its probe have arrived.
  private mutating func readLinesAgain() {
    guard hasUnreadLine else { return }
    hasUnreadLine = false
    for index in items.indices[appliedCount...] where items[index].isLineUnread {
      items[index].isLineUnread = false
      guard let read = probe.description(of: items[index].event.pid, hasExecuted: true),
        read.program?.commandLine != nil
      else { continue }
      let time = now().boot
      items[index].probed?.description = read
      items[index].probed?.time = time
    }
  }

  /// Returns the observations of mounted namespaces since the last call.
  mutating func takeMountObservations() -> [MountObservation] {
    defer { mountObservations.removeAll() }
    return mountObservations
  }

  /// Whether a namespaces event changes some of the links in `mask` and no other.
  private func changesOnly(
    _ mask: LinkMask, _ event: KernelEvent, _ known: (Int32) -> NamespaceInodes?
  ) -> Bool {
    guard !mask.isEmpty, case .namespaces(let inodes) = event.kind, parents[event.tid] == nil,
      let before = latest[event.tid]?.inodes ?? known(event.tid)
    else { return false }
    let changed = inodes.differences(from: before)
    return !changed.isEmpty && mask.isSuperset(of: changed)
  }

  /// Returns the last queued item if the new one replaces it: both are of one task, and either both only
  /// change its name, or both only change throttled links.
  private func replaceable(by item: Item) -> Item? {
    guard items.count > appliedCount, let last = items.last, last.event.tid == item.event.tid,
      last.event.time <= item.event.time, last.epoch == item.epoch
    else { return nil }
    if case (.comm(_, isExec: false), .comm(_, isExec: false)) = (last.event.kind, item.event.kind)
    {
      return last
    }
    return last.isThrottled && item.isThrottled ? last : nil
  }

  private mutating func probeIfNeeded(
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

  /// Removes and returns the next event in time order, if its time is not after `end` and `horizon`.
  ///
  /// - Parameters:
  ///   - horizon: the time up to which all events have arrived. An event with a later probe stays queued.
  ///   - lost: the time from which on events were lost. Later probes are discarded, because the events
  ///     between an event and its probe are not all known.
  mutating func next(until end: BootTime, horizon: BootTime, lost: BootTime = .max) -> Item? {
    sort()
    guard appliedCount < items.count, items[appliedCount].event.time <= min(end, horizon) else {
      return nil
    }
    if let state = stateAfterMove(at: appliedCount, horizon: min(horizon, lost &- 1)) {
      if let probed = items[appliedCount].probed {
        // The file times hold only if no later event of the task invalidates them.
        guard probed.fileTimes.isEmpty || probed.time <= horizon || probed.time > lost else {
          return nil
        }
        let event = items[appliedCount].event
        let valid = probed.time < lost ? validated(probed, of: event, at: appliedCount) : nil
        // Of the probe, only the description and the file times are of use.
        items[appliedCount].probed = ProbedTask(
          links: [:], time: event.time, description: probed.description,
          fileTimes: valid?.fileTimes ?? [:])
      }
      items[appliedCount].event.state = state
    } else if let probed = items[appliedCount].probed, probed.time > lost {
      items[appliedCount].probed = nil
    } else if let probed = items[appliedCount].probed {
      guard probed.time <= horizon else { return nil }
      items[appliedCount].probed = validated(
        probed, of: items[appliedCount].event, at: appliedCount)
    }
    defer { appliedCount += 1 }
    return items[appliedCount]
  }

  /// Returns the state of a task after a namespaces event that came without it, if a later event of the task, before
  /// any other change of its namespaces, came with its state: the task was in that state all the time in between.
  ///
  /// - Parameter horizon: the time up to which all events have arrived.
  private func stateAfterMove(at index: Int, horizon: BootTime) -> TaskState? {
    let event = items[index].event
    guard hasStates, event.state == nil, case .namespaces(let inodes) = event.kind else {
      return nil
    }
    for other in items[(index + 1)...].prefix(Self.searchLimit) where other.event.tid == event.tid {
      guard other.event.time <= horizon, let state = other.event.state else {
        if case .comm(_, isExec: false) = other.event.kind { continue }
        return nil
      }
      if case .fork = other.event.kind { return nil }
      return state.set.inodes == inodes ? state : nil
    }
    return nil
  }

  /// Returns by TID the times of the queued exits up to a time that came with the state of the task, without those of
  /// tasks whose TID was used again since. The kernel reports such an exit before the task leaves its namespaces.
  mutating func exits(until time: BootTime) -> [Int32: BootTime] {
    sort()
    var exits: [Int32: BootTime] = [:]
    for event in items[appliedCount...].lazy.map(\.event) {
      if event.time > time {
        // Another thread has taken the PID of the main thread by now, and may have done so before the event.
        if case .comm(_, isExec: true) = event.kind { exits[event.tid] = nil }
        continue
      }
      switch event.kind {
      case .exit: exits[event.tid] = event.state == nil ? nil : event.time
      case .fork, .comm(_, isExec: true): exits[event.tid] = nil
      case .comm, .namespaces, .state: break
      }
    }
    return exits
  }

  /// The time of the first event that is not applied; nil if there is none.
  var first: BootTime? {
    mutating get {
      sort()
      return appliedCount < items.count ? items[appliedCount].event.time : nil
    }
  }

  /// The queued events after the one that `next` returned last.
  var lookahead: ArraySlice<Item> { items[appliedCount...] }

  /// Whether more than `count` of the queued events are not later than `time`.
  mutating func hasMore(than count: Int, until time: BootTime) -> Bool {
    sort()
    return appliedCount + count < items.count && items[appliedCount + count].event.time <= time
  }

  /// Returns the time of the last probe for an event up to `end`; `end` itself if there is no later one.
  mutating func lastProbe(until end: BootTime) -> BootTime {
    sort()
    var last = end
    for item in items[appliedCount...] {
      if item.event.time > end { break }
      last = max(last, item.probed?.time ?? end)
    }
    return last
  }

  /// Returns a probe without the parts that later events invalidate; nil if an event of the task between
  /// its event and the probe invalidates all of it.
  private func validated(
    _ probed: ProbedTask, of event: KernelEvent, at index: Int
  ) -> ProbedTask? {
    var probed = probed
    var next = index + 1
    while next < items.count, items[next].event.time <= probed.time {
      guard next - index <= Self.searchLimit else { return nil }
      let other = items[next].event
      if other.tid == event.tid {
        switch other.kind {
        // A fork that creates a task with the same TID means that the task exited and its TID was reused.
        case .exit, .fork: return nil
        // An exec after the exit of the main thread: another thread has taken the main thread's PID.
        case .comm where event.kind == .exit: return nil
        case .namespaces(let later):
          guard case .namespaces(let earlier) = event.kind else { return nil }
          probed.retainLinks(unchangedFrom: earlier, to: later)
        case .comm(_, let isExec):
          probed.isAfterExec = probed.isAfterExec || isExec
          // The program may be that of the later exec.
          if isExec { probed.description?.program = nil }
        case .state: break
        }
      } else if !probed.threads.isEmpty {
        // The thread was created since the event, or was in other namespaces at the event.
        probed.threads[other.tid] = nil
      }
      next += 1
    }
    return probed
  }

  /// Returns the PIDs of the processes with a queued event after `start` and up to `end`.
  mutating func pidsWithEvents(after start: BootTime, until end: BootTime) -> Set<Int32> {
    sort()
    var pidsWithEvents: Set<Int32> = []
    for item in items[appliedCount...] where item.event.time > start && item.event.time <= end {
      pidsWithEvents.insert(item.event.pid)
    }
    return pidsWithEvents
  }

  /// The PIDs of the processes with a queued change of throttled links.
  var throttled: Set<Int32> {
    Set(items[appliedCount...].lazy.filter(\.isThrottled).map(\.event.pid))
  }

  /// Removes the applied events.
  mutating func compact() {
    items.removeFirst(appliedCount)
    appliedCount = 0
    latest.removeAll(keepingCapacity: true)
    exited.removeAll(keepingCapacity: true)
    for event in items.lazy.map(\.event) {
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

  /// Removes all events up to a time, because events that were lost make them useless.
  mutating func drop(until time: BootTime) {
    sort()
    while appliedCount < items.count, items[appliedCount].event.time <= time { appliedCount += 1 }
    compact()
  }

  private mutating func sort() {
    guard !isSorted else { return }
    items[appliedCount...].sort { ($0.event.time, $0.order) < ($1.event.time, $1.order) }
    isSorted = true
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
