internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Puts the kernel's events into time order. Events arrive from several processors, and only some time later
/// is it certain that no earlier event is missing.
///
/// The events wait here until then. A task is probed as soon as its event arrives (`TaskProber`), because it may change
/// again at once. Whether the probe shows the state after the event, the events up to the time of the probe decide.
struct EventReorderer {
  private var prober: TaskProber
  private(set) var items: [Item] = []
  /// The number of items at the front of `items` that are applied already.
  private var appliedCount = 0
  private var isSorted = true
  private var lastOrder = 0
  /// Whether events came with the state of their task.
  private var hasStates = false
  /// Whether an item may have an unread command line (`Item.isLineUnread`).
  private var hasUnreadLine = false
  /// The most queued events after an event that are searched for one that invalidates the event's probe. If
  /// more events precede the time of the probe, the probe is discarded.
  private static let searchLimit = 2048

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
    prober = TaskProber(probe, readsTime: readsTime, mounted: mounted, now: now)
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
    let epoch = prober.begin(events)
    for event in events where event.pid > 0 && event.tid > 0 {
      if let last = items.last, last.event.time > event.time { isSorted = false }
      if event.state != nil { hasStates = true }
      let isThrottled = prober.changesOnly(throttled(event.tid), event, known)
      var item = Item(
        event: event,
        probed: prober.probeIfNeeded(
          event, known, mayExecAfterLeaderExit, mayHaveUnreportedThreads),
        order: lastOrder,
        epoch: epoch, isThrottled: isThrottled)
      lastOrder += 1
      if item.probed.map(prober.isLineUnread) == true {
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

  /// Probes the processes again whose command line was not read. Such an item is not applied yet: an item stays queued
  /// until all events up to its probe have arrived.
  private mutating func readLinesAgain() {
    guard hasUnreadLine else { return }
    hasUnreadLine = false
    for index in items.indices[appliedCount...] where items[index].isLineUnread {
      items[index].isLineUnread = false
      guard let (description, time) = prober.readLine(of: items[index].event.pid) else { continue }
      items[index].probed?.description = description
      items[index].probed?.time = time
    }
  }

  /// Returns the observations of mounted namespaces since the last call.
  mutating func takeMountObservations() -> [MountObservation] { prober.takeMountObservations() }

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
    prober.restart(with: items.lazy.map(\.event))
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
