internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// What the kernel reported and is not taken in yet: events come from several processors, and only some
/// time later it is certain that none is missing in between.
///
/// A namespace's id, and what no record holds, has to be read while the task is where the event says.
/// So tasks are looked at as soon as their event comes.
struct EventQueue {
  private let probe: any TaskReading
  /// The kernel's id of a namespace that a mount keeps at this moment.
  private let mounted: (NamespaceType, UInt64) -> UInt64?
  private let now: () -> ClockReading
  private let readsTime: Bool
  private(set) var items: [Item] = []
  /// How many of `items`, from the first, are taken in already.
  private var taken = 0
  private var isSorted = true
  private var lastOrder = 0
  /// What the last record of a task says, of those that are not taken in.
  private var latest: [Int32: NamespaceInodes] = [:]
  private var parents: [Int32: Int32] = [:]
  /// Of those that are not taken in, the processes whose main thread exited.
  private var exited: Set<Int32> = []

  /// How long after its event a task is still looked at where many have come, in nanoseconds, and how
  /// many that is.
  private static let soon: Int64 = 100_000_000
  private static let many = 1000
  private var isStorm = false
  /// What the wall clock showed when the boot clock showed 0, when events came last, and whether that was
  /// so the time before, too.
  private var lastEpoch: Int64?
  private var clockIsSteady = false
  private static let leastStep: Int64 = 1_000_000
  /// When tasks ended, or their numbers were given again, as what came last tells.
  private var ends: [Int32: Int64] = [:]
  /// What tasks were that moved, of what came last: another look would show the same.
  private var looks: [Int32: TaskLook?] = [:]
  /// Namespaces that were found mounted, of those that a task came to and was not met in.
  private var sights: [MountedSight] = []
  /// So many events behind a look's own are searched for what makes it worth nothing; behind more it is
  /// worth nothing.
  private static let mostBehind = 2048
  /// The threads of a process with more are not looked at when it moves.
  private static let mostThreads = 256

  struct Item {
    let event: KernelEvent
    var look: TaskLook?
    /// In which order events came: where two show one time, that is their order.
    let order: Int
    /// What the wall clock showed then when the boot clock showed 0.
    let epoch: Int64
    /// Whether it changed only links of which changes are left out at present.
    var isFolded = false
    /// How many such changes before it were left out.
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

  /// Takes in what came, looking at tasks where it is needed.
  ///
  /// - Parameters:
  ///   - known: what the record of a task would say, by all that was taken in before.
  ///   - mayExecAfterLeaderExit: whether a process whose main thread has exited may go on by exec.
  ///   - mayHaveUnreportedThreads: whether a process may have threads that no event reported.
  ///   - folded: the links of a task of which changes are left out at present.
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

  /// What was found mounted since the last call.
  mutating func takeSights() -> [MountedSight] {
    defer { sights.removeAll() }
    return sights
  }

  /// Whether an event is a move of a task that changes some of these links and no other.
  private func changesOnly(
    _ mask: LinkMask, _ event: KernelEvent, _ known: (Int32) -> NamespaceInodes?
  ) -> Bool {
    guard !mask.isEmpty, case .namespaces(let inodes) = event.kind, parents[event.tid] == nil,
      let before = latest[event.tid] ?? known(event.tid)
    else { return false }
    let changed = inodes.differences(from: before)
    return !changed.isEmpty && mask.isSuperset(of: changed)
  }

  /// The last item, where nothing is to be recorded of it once this one is known: one task changed only
  /// what is left out, or its name, twice in a row.
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
      // It is where the thread was that executes; no record holds that.
      guard isExec, event.tid == event.pid else { return nil }
      let isResumed = exited.remove(event.tid) != nil || mayExecAfterLeaderExit(event.tid)
      return read(
        event, isResumed ? NamespaceLink.allCases : [], isMove: false, isDescribed: true)
    case .namespaces(let inodes):
      defer { latest[event.tid] = inodes }
      let parent = parents.removeValue(forKey: event.tid)
      let before = parent.flatMap { latest[$0] ?? known($0) }
      // Where only what no record holds has changed, the record is as before.
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
      // A thread is where its maker is; of a process only the time namespace is not told.
      guard event.tid == event.pid, readsTime else { return nil }
      return read(event, [.time, .timeForChildren], isMove: false)
    }
  }

  private func read(
    _ event: KernelEvent, _ links: [NamespaceLink], isMove: Bool, isDescribed: Bool = false,
    cameTo changed: LinkMask = []
  ) -> TaskLook? {
    // Of who is gone already, as most are in a storm, a look would show another, or nobody.
    if let end = ends[event.tid], end > event.time { return nil }
    // What is looked at long after is worth little, and in a storm who looks falls behind further.
    guard !isStorm || now().boot - event.time < Self.soon else { return nil }
    // A process starts with its parent's user and cgroup, and has its own by the time that it runs a
    // program, or enters namespaces.
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
      // Of one that has begun to exit the end may have been reported.
      if let values = probe.links(of: thread, NamespaceLink.allCases, whileRunning: true) {
        look.threads[thread] = Dictionary(
          uniqueKeysWithValues: zip(NamespaceLink.allCases, values))
      }
    }
    return look
  }

  /// Looks whether mounts keep the namespaces that a task came to, where it was not met in them: it may
  /// have left them again for others to enter.
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

  /// By when the namespaces that a task has come to had a file; see `TaskLook.fileTimes`. Files have times
  /// of the wall clock: where that was set meanwhile they say nothing.
  private func fileTimes(of task: Int32, _ changed: LinkMask) -> [NamespaceLink: Int64] {
    guard let lastEpoch, clockIsSteady, !isStorm else { return [:] }
    let times = probe.fileTimes(
      of: task, NamespaceType.allCases.map(\.link).filter(changed.contains))
    let now = self.now()
    guard abs(now.wall - now.boot - lastEpoch) < Self.leastStep else { return [:] }
    return times.mapValues { $0 &- lastEpoch &+ Self.leastStep }
  }

  /// Takes out the next event that was not after `end`, in the order of time.
  ///
  /// - Parameters:
  ///   - horizon: up to when all has come; a look after that waits.
  ///   - lost: from when on events were lost: what happened to a task before a look after that is not
  ///     known.
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

  /// When the first event was that is not taken in.
  var first: Int64? {
    mutating get {
      sort()
      return taken < items.count ? items[taken].event.time : nil
    }
  }

  /// The events that follow the one that was taken out last.
  var ahead: ArraySlice<Item> { items[taken...] }

  /// Whether more than so many events up to a time are waiting.
  mutating func hasMore(than count: Int, until time: Int64) -> Bool {
    sort()
    return taken + count < items.count && items[taken + count].event.time <= time
  }

  /// When the last look was made at a task of which an event up to a time told.
  mutating func lastLook(until end: Int64) -> Int64 {
    sort()
    var last = end
    for item in items[taken...] {
      if item.event.time > end { break }
      last = max(last, item.look?.time ?? end)
    }
    return last
  }

  /// A look, if nothing happened to the task from its event until then that makes it worth nothing.
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
        // By a fork, its number was given again.
        case .exit, .fork: return nil
        // The main thread has another's place.
        case .comm where event.kind == .exit: return nil
        case .namespaces(let later):
          guard case .namespaces(let earlier) = event.kind else { return nil }
          look.keep(what: earlier, staysIn: later)
        case .comm(_, let isExec): look.isAfterExec = look.isAfterExec || isExec
        }
      } else if !look.threads.isEmpty {
        // It was made since, or was elsewhere at first.
        look.threads[other.tid] = nil
      }
      index += 1
    }
    return look
  }

  /// The processes of which an event in a time is waiting.
  mutating func touched(after start: Int64, until end: Int64) -> Set<Int32> {
    sort()
    var touched: Set<Int32> = []
    for item in items[taken...] where item.event.time > start && item.event.time <= end {
      touched.insert(item.event.pid)
    }
    return touched
  }

  /// The processes of which a change is waiting before which others were left out.
  var folded: Set<Int32> {
    Set(items[taken...].lazy.filter(\.isFolded).map(\.event.pid))
  }

  /// Forgets what was taken in.
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

  /// Forgets all up to a time: what is lost in between makes it worth nothing.
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
  /// Whether what was there under its number is no more: by a fork the number was given again.
  fileprivate var endsTask: Bool {
    switch kind {
    case .exit, .fork: true
    case .comm, .namespaces: false
    }
  }
}
