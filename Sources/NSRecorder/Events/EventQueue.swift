internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The events that are not applied yet. Events arrive from several processors, and only some time later
/// it is certain that no earlier one is missing.
///
/// The kernel's id of a namespace, and the links that no namespaces event holds, must be read while the
/// task is still in the reported state. The queue therefore probes a task as soon as its event arrives.
struct EventQueue {
  private let probe: any TaskReading
  /// Returns the kernel's id of a namespace that a mount pins at this moment; nil if no mount does.
  private let mounted: (NamespaceType, UInt64) -> UInt64?
  private let now: () -> ClockReading
  private let readsTime: Bool
  private(set) var items: [Item] = []
  /// The number of items at the front of `items` that are applied already.
  private var taken = 0
  private var isSorted = true
  private var lastOrder = 0
  /// By TID, the inode numbers in the last queued namespaces event of each task.
  private var latest: [Int32: NamespaceInodes] = [:]
  private var parents: [Int32: Int32] = [:]
  /// PIDs of the processes with a queued exit of the main thread.
  private var exited: Set<Int32> = []

  /// During a storm of events: how long after its event a task is still probed, in nanoseconds. More
  /// events than `many` in one call of `add` are a storm.
  private static let soon: Int64 = 100_000_000
  private static let many = 1000
  private var isStorm = false
  /// The wall clock minus the boot clock when events last arrived; and whether that difference was the
  /// same at the arrival before, so that the wall clock was not set in between.
  private var lastEpoch: Int64?
  private var clockIsSteady = false
  private static let leastStep: Int64 = 1_000_000
  /// By TID, when a task exited or a fork reused its TID, by the events of the current call of `add`.
  private var ends: [Int32: Int64] = [:]
  /// By TID, the probes of tasks that changed their namespaces, by the events of the current call of
  /// `add`; a second probe of a task would show the same.
  private var looks: [Int32: TaskLook?] = [:]
  /// Mounted namespaces that a task entered but had left again before it was probed.
  private var sights: [MountedSight] = []
  /// The most queued events after an event that are searched for one that invalidates its probe; if there
  /// are more until the time of the probe, the probe is discarded.
  private static let mostBehind = 2048
  /// The threads of a process with more threads than this are not probed when it changes its namespaces.
  private static let mostThreads = 256

  struct Item {
    let event: KernelEvent
    var look: TaskLook?
    /// The sequence number of the event by arrival, which orders events with the same time.
    let order: Int
    /// The wall clock minus the boot clock when the event arrived.
    let epoch: Int64
    /// Whether the event changed only links whose changes are omitted at present.
    var isFolded = false
    /// The number of such earlier changes that this item replaces.
    var leftOut = 0
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

  var count: Int { items.count - taken }

  /// Adds the events that arrived, and probes tasks where needed.
  ///
  /// - Parameters:
  ///   - known: returns the inode numbers that a namespaces event of a task would hold, by all events
  ///     applied so far.
  ///   - mayExecAfterLeaderExit: whether a process whose main thread has exited may continue by exec.
  ///   - mayHaveUnreportedThreads: whether a process may have threads that no event reported.
  ///   - folded: returns the links of a task whose changes are omitted at present.
  mutating func add(
    _ events: [KernelEvent], known: (Int32) -> NamespaceInodes?,
    mayExecAfterLeaderExit: (Int32) -> Bool,
    mayHaveUnreportedThreads: (Int32) -> Bool, folded: (Int32) -> LinkMask = { _ in [] }
  ) {
    let now = self.now()
    let epoch = now.wall - now.boot
    clockIsSteady = lastEpoch.map { abs(epoch - $0) < Self.leastStep } ?? false
    lastEpoch = epoch
    isStorm = events.count > Self.many
    ends.removeAll(keepingCapacity: true)
    looks.removeAll(keepingCapacity: true)
    for event in events where event.endsTask {
      ends[event.tid] = max(event.time, ends[event.tid] ?? .min)
    }
    for event in events where event.pid > 0 && event.tid > 0 {
      if let last = items.last, last.event.time > event.time { isSorted = false }
      let isFolded = changesOnly(folded(event.tid), event, known)
      var item = Item(
        event: event,
        look: look(at: event, known, mayExecAfterLeaderExit, mayHaveUnreportedThreads),
        order: lastOrder,
        epoch: epoch, isFolded: isFolded)
      lastOrder += 1
      if let last = replaceable(by: item) {
        item.leftOut = last.leftOut + (isFolded ? 1 : 0)
        items[items.count - 1] = item
      } else {
        items.append(item)
      }
    }
  }

  /// Returns the mounted namespaces found since the last call.
  mutating func takeSights() -> [MountedSight] {
    defer { sights.removeAll() }
    return sights
  }

  /// Whether a namespaces event changes some of the links in `mask` and no other.
  private func changesOnly(
    _ mask: LinkMask, _ event: KernelEvent, _ known: (Int32) -> NamespaceInodes?
  ) -> Bool {
    guard !mask.isEmpty, case .namespaces(let inodes) = event.kind, parents[event.tid] == nil,
      let before = latest[event.tid] ?? known(event.tid)
    else { return false }
    let changed = inodes.differences(from: before)
    return !changed.isEmpty && mask.isSuperset(of: changed)
  }

  /// Returns the last item if the new one replaces it: both are of one task, and both only change its
  /// name or only change omitted links.
  private func replaceable(by item: Item) -> Item? {
    guard items.count > taken, let last = items.last, last.event.tid == item.event.tid,
      last.event.time <= item.event.time, last.epoch == item.epoch
    else { return nil }
    if case (.comm(_, isExec: false), .comm(_, isExec: false)) = (last.event.kind, item.event.kind)
    {
      return last
    }
    return last.isFolded && item.isFolded ? last : nil
  }

  private mutating func look(
    at event: KernelEvent, _ known: (Int32) -> NamespaceInodes?,
    _ mayExecAfterLeaderExit: (Int32) -> Bool,
    _ mayHaveUnreportedThreads: (Int32) -> Bool
  ) -> TaskLook? {
    switch event.kind {
    case .fork(_, let parent):
      parents[event.tid] = parent
      exited.remove(event.tid)
      return nil
    case .exit:
      latest[event.tid] = nil
      parents[event.tid] = nil
      guard event.tid == event.pid else { return nil }
      exited.insert(event.pid)
      return mayHaveUnreportedThreads(event.pid) ? read(event, [], isMove: true) : nil
    case .comm(_, let isExec):
      // The process gets the namespaces of the executing thread, which no event holds.
      guard isExec, event.tid == event.pid else { return nil }
      let isResumed = exited.remove(event.tid) != nil || mayExecAfterLeaderExit(event.tid)
      return read(
        event, isResumed ? NamespaceLink.allCases : [], isMove: false, isDescribed: true)
    case .namespaces(let inodes):
      defer { latest[event.tid] = inodes }
      let parent = parents.removeValue(forKey: event.tid)
      let before = parent.flatMap { latest[$0] ?? known($0) }
      // Probes all links of a task that changed its namespaces, also if its inode numbers are the same as
      // before: then only a link that no event holds has changed. Probes a new task if its inode numbers
      // differ from its parent's.
      guard let before, before == inodes else {
        guard parent == nil else {
          let look = read(event, NamespaceLink.allCases, isMove: false)
          lookAtMounts(before.map { inodes.differences(from: $0) } ?? [], of: inodes, look)
          return look
        }
        if let look = looks[event.tid], ends[event.tid] ?? .min <= event.time { return look }
        let changed =
          (latest[event.tid] ?? known(event.tid)).map { inodes.differences(from: $0) } ?? []
        let look = read(
          event, NamespaceLink.allCases, isMove: mayHaveUnreportedThreads(event.pid),
          isDescribed: true,
          cameTo: changed)
        looks[event.tid] = .some(look)
        lookAtMounts(changed, of: inodes, look)
        return look
      }
      // A new thread has the namespaces of its creator. Of a new process, events lack only the time
      // namespace.
      guard event.tid == event.pid, readsTime else { return nil }
      return read(event, [.time, .timeForChildren], isMove: false)
    }
  }

  private func read(
    _ event: KernelEvent, _ links: [NamespaceLink], isMove: Bool, isDescribed: Bool = false,
    cameTo changed: LinkMask = []
  ) -> TaskLook? {
    // If the task has exited by now, as most have in a storm of events, a probe would read another task
    // with its TID, or none.
    if let end = ends[event.tid], end > event.time { return nil }
    // A late probe is likely to be discarded, and in a storm probing delays the recorder further.
    guard !isStorm || now().boot - event.time < Self.soon else { return nil }
    // A new process has its parent's user and cgroup, and usually has its own by the time it executes a
    // program or enters namespaces.
    let description =
      isDescribed && event.tid == event.pid ? probe.description(of: event.pid) : nil
    if isDescribed, links.isEmpty {
      return description.map { TaskLook(links: [:], time: now().boot, description: $0) }
    }
    guard let values = probe.links(of: event.tid, links, whileRunning: false) else { return nil }
    let fileTimes = changed.isEmpty ? [:] : fileTimes(of: event.tid, changed)
    var look = TaskLook(
      links: Dictionary(uniqueKeysWithValues: zip(links, values)), time: now().boot,
      description: description, fileTimes: fileTimes)
    guard isMove, event.tid == event.pid else { return look }
    let threads = probe.threads(of: event.pid)
    guard threads.count <= Self.mostThreads else { return look }
    for thread in threads where thread != event.tid {
      // Skips threads that have begun to exit: their exit events may be consumed already.
      if let values = probe.links(of: thread, NamespaceLink.allCases, whileRunning: true) {
        look.threads[thread] = Dictionary(
          uniqueKeysWithValues: zip(NamespaceLink.allCases, values))
      }
    }
    return look
  }

  /// Checks whether mounts pin the namespaces that a task entered, if the probe did not find the task in
  /// them: the task may have left them again for other tasks to enter.
  private mutating func lookAtMounts(
    _ changed: LinkMask, of inodes: NamespaceInodes, _ look: TaskLook?
  ) {
    guard !isStorm else { return }
    for type in NamespaceType.allCases where changed.contains(type.link) {
      guard let inode = inodes[type], !InitialNamespace.hasFixedInode(inode) else { continue }
      if case .namespace(inode, .some)? = look?.links[type.link] { continue }
      if let id = mounted(type, inode) {
        sights.append(MountedSight(type: type, inode: inode, id: id, time: now().boot))
      }
    }
  }

  /// Returns the times by which the files of the entered namespaces existed; see `TaskLook.fileTimes`.
  /// File times are on the wall clock, so they cannot be converted if the clock was set meanwhile.
  private func fileTimes(of task: Int32, _ changed: LinkMask) -> [NamespaceLink: Int64] {
    guard let lastEpoch, clockIsSteady, !isStorm else { return [:] }
    let times = probe.fileTimes(
      of: task, NamespaceType.allCases.map(\.link).filter(changed.contains))
    let now = self.now()
    guard abs(now.wall - now.boot - lastEpoch) < Self.leastStep else { return [:] }
    return times.mapValues { $0 &- lastEpoch &+ Self.leastStep }
  }

  /// Removes and returns the next event in time order, if its time is not after `end` and `horizon`.
  ///
  /// - Parameters:
  ///   - horizon: the time up to which all events have arrived. An event with a later probe stays queued.
  ///   - lost: the time from which events were lost. Probes after it are discarded, because the events
  ///     between event and probe are not known.
  mutating func next(until end: Int64, horizon: Int64, lost: Int64 = .max) -> Item? {
    sort()
    guard taken < items.count, items[taken].event.time <= min(end, horizon) else { return nil }
    if let look = items[taken].look, look.time > lost {
      items[taken].look = nil
    } else if let look = items[taken].look {
      guard look.time <= horizon else { return nil }
      items[taken].look = settled(look, of: items[taken].event, behind: taken)
    }
    defer { taken += 1 }
    return items[taken]
  }

  /// The time of the first event that is not applied; nil if there is none.
  var first: Int64? {
    mutating get {
      sort()
      return taken < items.count ? items[taken].event.time : nil
    }
  }

  /// The queued events after the one that `next` returned last.
  var ahead: ArraySlice<Item> { items[taken...] }

  /// Whether more than `count` events up to a time are queued.
  mutating func hasMore(than count: Int, until time: Int64) -> Bool {
    sort()
    return taken + count < items.count && items[taken + count].event.time <= time
  }

  /// Returns the time of the last probe for an event up to `end`; `end` itself if there is no later one.
  mutating func lastLook(until end: Int64) -> Int64 {
    sort()
    var last = end
    for item in items[taken...] {
      if item.event.time > end { break }
      last = max(last, item.look?.time ?? end)
    }
    return last
  }

  /// Returns a probe without the parts that later events invalidate; nil if an event of the task between
  /// its event and the probe invalidates all of it.
  private func settled(
    _ look: TaskLook, of event: KernelEvent, behind place: Int
  ) -> TaskLook? {
    var look = look
    var index = place + 1
    while index < items.count, items[index].event.time <= look.time {
      guard index - place <= Self.mostBehind else { return nil }
      let other = items[index].event
      if other.tid == event.tid {
        switch other.kind {
        // A fork of the same TID means that the task exited and the TID was reused.
        case .exit, .fork: return nil
        // An exec after the exit of the main thread: another thread has taken the main thread's PID.
        case .comm where event.kind == .exit: return nil
        case .namespaces(let later):
          guard case .namespaces(let earlier) = event.kind else { return nil }
          look.keep(what: earlier, staysIn: later)
        case .comm(_, let isExec): look.isAfterExec = look.isAfterExec || isExec
        }
      } else if !look.threads.isEmpty {
        // The thread was created since the event, or was in other namespaces at the event.
        look.threads[other.tid] = nil
      }
      index += 1
    }
    return look
  }

  /// Returns the PIDs of the processes with a queued event after `start` and up to `end`.
  mutating func touched(after start: Int64, until end: Int64) -> Set<Int32> {
    sort()
    var touched: Set<Int32> = []
    for item in items[taken...] where item.event.time > start && item.event.time <= end {
      touched.insert(item.event.pid)
    }
    return touched
  }

  /// PIDs of the processes with a queued change of links whose changes are omitted at present.
  var folded: Set<Int32> {
    Set(items[taken...].lazy.filter(\.isFolded).map(\.event.pid))
  }

  /// Removes the applied events.
  mutating func compact() {
    items.removeFirst(taken)
    taken = 0
    latest.removeAll(keepingCapacity: true)
    exited.removeAll(keepingCapacity: true)
    for event in items.lazy.map(\.event) {
      switch event.kind {
      case .namespaces(let inodes): latest[event.tid] = inodes
      case .exit: if event.tid == event.pid { exited.insert(event.pid) }
      case .fork: exited.remove(event.tid)
      case .comm: break
      }
    }
  }

  /// Removes all events up to a time: events lost in between make them useless.
  mutating func drop(until time: Int64) {
    sort()
    while taken < items.count, items[taken].event.time <= time { taken += 1 }
    compact()
  }

  private mutating func sort() {
    guard !isSorted else { return }
    items[taken...].sort { ($0.event.time, $0.order) < ($1.event.time, $1.order) }
    isSorted = true
  }
}

extension KernelEvent {
  /// Whether the event shows that an earlier task with its TID has ended: by its exit, or by a fork that
  /// reused the TID.
  fileprivate var endsTask: Bool {
    switch kind {
    case .exit, .fork: true
    case .comm, .namespaces: false
    }
  }
}
