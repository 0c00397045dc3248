package import NamespaceModel
internal import SQLite

/// Finds the namespaces that are selected.
struct NamespaceFinder {
  let reading: HistorySnapshot

  /// Those that a process was in, or that something pinned, in a window; in the order in which they
  /// were observed.
  func lives(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    let all = try named(selector, in: window)
    guard !window.isEverything else { return all }
    guard let samples = try reading.index.samples(around: window) else { return [] }
    func hadProcess(_ life: NamespaceLifetime) -> Bool {
      guard let first = life.first else { return false }
      return first <= samples.upperBound && life.last ?? Int64.max >= samples.lowerBound
    }
    let pinned = try reading.pins.everPinned(
      of: all.filter { !hadProcess($0) }.map(\.namespace.id))
    var found: [NamespaceLifetime] = []
    for life in all {
      var isThere = hadProcess(life)
      if !isThere, pinned.contains(life.namespace.id) {
        isThere = try reading.pins.pins(of: life.namespace).contains {
          window.overlaps($0.firstSeen, $0.lastSeen)
        }
      }
      if isThere { found.append(life) }
    }
    return found
  }

  /// Those that are named, whenever anybody was in them; of a process those that it was in in a window.
  func named(
    _ selector: NamespaceSelector, in window: TimeWindow
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    switch selector {
    case .inode(let type, let inode):
      return try reading.namespaces.lives(
        where: "inode = ? AND type = ?",
        [.integer(Int64(bitPattern: inode)), .integer(Int64(type.rawValue))])
    case .kernelID(let type, let id):
      return try reading.namespaces.lives(
        where: "kernel_id = ? AND type = ?",
        [.integer(Int64(bitPattern: id)), .integer(Int64(type.rawValue))])
    case .of(let type, let processes):
      var rows: Set<Int64> = []
      let samples =
        window.isEverything
        ? Int64.min...Int64.max : try reading.index.samples(around: window) ?? 0...0
      try ProcessFinder(reading: reading).forEach(processes, in: window, withThreads: true) {
        (life) throws(SQLiteError) in
        for membership in life.memberships
        where membership.from <= samples.upperBound && membership.until >= samples.lowerBound {
          let links = try reading.sets.links(of: membership.set)
          if let namespace = links[type.link]?.namespace { rows.insert(namespace.id) }
        }
        return true
      }
      return try rows.sorted().map(reading.namespaces.life)
    }
  }
}

/// Which namespaces a question is about.
package indirect enum NamespaceSelector: Sendable, Hashable {
  /// Every one of a type that had this inode number.
  case inode(NamespaceType, UInt64)
  /// The one of a type with this id of the kernel's; of several boots, each.
  case kernelID(NamespaceType, UInt64)
  /// Those of a type that processes were in.
  case of(NamespaceType, ProcessSelector)

  /// The processes that it is selected by; nil where it is selected by itself.
  package var process: ProcessSelector? {
    if case .of(_, let process) = self { process } else { nil }
  }
}

/// A process that made a namespace, or may have.
package struct NamespaceMaker: Sendable, Hashable {
  /// The process, as it was then.
  package let process: ProcessRecord
  /// Whether that is certain: it made a process in it (clone(2)). Else it is the first that an event
  /// reported in it, which made it (unshare(2)), unless it entered (setns(2)) what a mount, a file or a
  /// socket had kept.
  package let isCertain: Bool
}

/// Finds who made a namespace, as `changes` tells it.
struct MakerFinder {
  let reading: HistorySnapshot

  /// The first process that was seen in a namespace, and how it came there.
  struct First {
    let process: ProcessRecord
    let parent: ProcessRecord?
    /// Whether an event reported when it came.
    let isExact: Bool
    /// Whether it was in another namespace of the type before.
    let hasMoved: Bool
    /// Whether one with the namespace's inode number had been there, and no id tells whether it is that
    /// one: then the process may have entered what others had made.
    let mayBeOlder: Bool
  }

  /// Nil where nothing tells.
  func maker(of life: NamespaceLifetime) throws(SQLiteError) -> NamespaceMaker? {
    if life.maker != nil { return try maker(of: life, nil) }
    // Of what only samples show nobody made anything, and there may be much of it.
    guard let sample = life.first, try reading.index.sampleWindow(before: sample).isExact else {
      return nil
    }
    return try maker(of: life, first(of: life))
  }

  /// The same where the first process is known already.
  ///
  /// - Parameter first: the first process that was seen in the namespace.
  func maker(
    of life: NamespaceLifetime, _ first: First?
  ) throws(SQLiteError) -> NamespaceMaker? {
    if let task = life.maker {
      guard let maker = try reading.lives.life(task: task)?.process else { return nil }
      return NamespaceMaker(
        process: life.first.map(maker.described(at:)) ?? maker, isCertain: life.isMakerCertain)
    }
    guard let first, first.isExact, first.hasMoved, !first.mayBeOlder else { return nil }
    return NamespaceMaker(process: first.process, isCertain: false)
  }

  /// The first process that was seen in a namespace that is not an initial one.
  func first(of life: NamespaceLifetime) throws(SQLiteError) -> First? {
    // What the first sample of a recording sees may have been there long before.
    guard let sample = life.first, life.namespace.isInitial != true,
      reading.index.session(of: sample)?.first != sample
    else { return nil }
    let task = try reading.connection.prepare(
      "SELECT MIN(ABS(member)), member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
    ).bind(IntervalOverlapQuery.values(sample...sample, life.namespace)).first {
      $0.optionalTask(1)
    }
    guard let task = task ?? nil, let found = try reading.lives.life(task: task) else { return nil }
    let parent = try reading.lives.parent(of: found.process)
    let came = found.membership(at: sample)
    var isExact = came?.from == sample && came?.beginsExactly == true
    if isExact { isExact = try reading.index.sampleWindow(before: sample).isExact }
    return First(
      process: found.process.described(at: sample), parent: parent?.described(at: sample),
      isExact: isExact, hasMoved: try hasMoved(found, to: life.namespace, at: sample),
      mayBeOlder: try LinkComparison(reading: reading).how(.namespace(life.namespace), at: sample)
        == .joinedOrNew)
  }

  /// Whether it is known that a process was elsewhere before it came to a namespace.
  private func hasMoved(
    _ life: TaskHistory, to namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Bool {
    guard let place = life.index(ofMembershipFrom: sample) else { return false }
    guard let before = place > 0 ? life.memberships[place - 1].set : life.movedFrom else {
      return false
    }
    return try reading.sets.links(of: before)[namespace.type.link]?.namespace != nil
  }
}
