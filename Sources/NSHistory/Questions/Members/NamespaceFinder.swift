package import NamespaceModel
internal import SQLite

/// Finds the namespaces that a selector matches.
struct NamespaceFinder {
  let reading: HistorySnapshot

  /// Returns the matching namespaces that had a process or a pin in a window, in the order in which they
  /// were observed.
  func lifetimes(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    let all = try named(selector, in: window)
    guard !window.isEverything else { return all }
    guard let samples = try reading.index.samples(around: window) else { return [] }
    func hadProcess(_ lifetime: NamespaceLifetime) -> Bool {
      guard let first = lifetime.first else { return false }
      return first <= samples.upperBound && lifetime.last ?? .max >= samples.lowerBound
    }
    let pinned = try reading.pins.everPinned(
      of: all.filter { !hadProcess($0) }.map(\.namespace.id))
    var found: [NamespaceLifetime] = []
    for lifetime in all {
      var isThere = hadProcess(lifetime)
      if !isThere, pinned.contains(lifetime.namespace.id) {
        isThere = try reading.pins.pins(of: lifetime.namespace).contains {
          window.overlaps($0.firstSeen, $0.lastSeen)
        }
      }
      if isThere { found.append(lifetime) }
    }
    return found
  }

  /// Returns the matching namespaces, whether or not they had a process in the window. For a selector by
  /// processes, returns the namespaces that those processes were in during the window.
  func named(
    _ selector: NamespaceSelector, in window: TimeWindow
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    switch selector {
    case .inode(let type, let inode):
      return try reading.namespaces.lifetimes(
        where: "inode = ? AND type = ?",
        [.integer(Int64(bitPattern: inode)), .integer(Int64(type.rawValue))])
    case .kernelID(let type, let id):
      return try reading.namespaces.lifetimes(
        where: "kernel_id = ? AND type = ?",
        [.integer(Int64(bitPattern: id)), .integer(Int64(type.rawValue))])
    case .of(let type, let processes):
      var rows: Set<Int64> = []
      if window.isEverything { try reading.index.requireWhole("all processes of a PID or a name") }
      let samples =
        window.isEverything
        ? .min ... .max : try reading.index.samples(around: window) ?? .zero ... .zero
      try ProcessFinder(reading: reading).forEach(processes, in: window, withThreads: true) {
        (history) throws(SQLiteError) in
        for membership in history.memberships
        where membership.from <= samples.upperBound && membership.until >= samples.lowerBound {
          let links = try reading.sets.links(of: membership.set)
          if let namespace = links[type.link]?.namespace { rows.insert(namespace.id) }
        }
        return true
      }
      return try rows.sorted().map(reading.namespaces.lifetime)
    }
  }
}

/// Selects the namespaces that a question is about.
package indirect enum NamespaceSelector: Sendable, Hashable {
  /// Every namespace of a type that had this inode number.
  case inode(NamespaceType, UInt64)
  /// The namespace of a type with this kernel id; each such namespace if several boots have one.
  case kernelID(NamespaceType, UInt64)
  /// The namespaces of a type that these processes were in.
  case of(NamespaceType, ProcessSelector)

  /// The processes by which the namespaces are selected; nil for a selector by inode number or kernel id.
  package var process: ProcessSelector? {
    if case .of(_, let process) = self { process } else { nil }
  }
}

/// A process that created a namespace, or may have created it.
package struct NamespaceMaker: Sendable, Hashable {
  /// The process, with its description at that time.
  package let process: ProcessRecord
  /// Whether it is certain that this process created the namespace, because it created a process in it
  /// (clone(2)). Otherwise it is the first process that an event reported in the namespace: it created the
  /// namespace (unshare(2)), unless it entered (setns(2)) one that a mount, a file or a socket had kept
  /// alive.
  package let isCertain: Bool
}

/// Finds the process that created a namespace, by the same rules as `changes`.
struct MakerFinder {
  let reading: HistorySnapshot

  /// The first process that was seen in a namespace, and the evidence of how it came there.
  struct First {
    let process: ProcessRecord
    let parent: ProcessRecord?
    /// Whether an event reported the time at which it came into the namespace.
    let isExact: Bool
    /// Whether it was in another namespace of the type before that.
    let hasMoved: Bool
    /// Whether an earlier namespace had the same inode number, and no kernel id shows whether it is the
    /// same one: then the process may have entered a namespace that another process had created.
    let mayBeOlder: Bool
  }

  /// Returns the creator of a namespace; nil if no record shows it.
  func maker(of lifetime: NamespaceLifetime) throws(SQLiteError) -> NamespaceMaker? {
    if lifetime.maker != nil { return try maker(of: lifetime, nil) }
    // Samples alone never show a creator, and there may be many such namespaces: skips the search.
    guard let sample = lifetime.first, try reading.index.sampleWindow(before: sample).isExact else {
      return nil
    }
    return try maker(of: lifetime, first(of: lifetime))
  }

  /// Returns the creator of a namespace whose first process the caller has found already.
  ///
  /// - Parameter first: the first process that was seen in the namespace.
  func maker(
    of lifetime: NamespaceLifetime, _ first: First?
  ) throws(SQLiteError) -> NamespaceMaker? {
    if let task = lifetime.maker {
      guard let maker = try reading.taskHistories.history(of: task)?.process else { return nil }
      return NamespaceMaker(
        process: lifetime.first.map(maker.described(at:)) ?? maker,
        isCertain: lifetime.isMakerCertain)
    }
    guard let first, first.isExact, first.hasMoved, !first.mayBeOlder else { return nil }
    return NamespaceMaker(process: first.process, isCertain: false)
  }

  /// Returns the first process that was seen in a namespace; nil for an initial namespace, and if it is not
  /// known.
  func first(of lifetime: NamespaceLifetime) throws(SQLiteError) -> First? {
    // A namespace that the first sample of a session shows may have existed long before.
    guard let sample = lifetime.first, lifetime.namespace.isInitial != true,
      reading.index.session(of: sample)?.first != sample
    else { return nil }
    let task = try reading.connection.prepare(
      "SELECT MIN(ABS(member)), member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
    ).bind(IntervalOverlapQuery.values(sample...sample, lifetime.namespace)).first {
      $0.optionalTask(1)
    }
    guard let task = task ?? nil, let found = try reading.taskHistories.history(of: task) else {
      return nil
    }
    let parent = try reading.taskHistories.parent(of: found.process)
    let came = found.membership(at: sample)
    var isExact = came?.from == sample && came?.beginsExactly == true
    if isExact { isExact = try reading.index.sampleWindow(before: sample).isExact }
    return First(
      process: found.process.described(at: sample), parent: parent?.described(at: sample),
      isExact: isExact, hasMoved: try hasMoved(found, to: lifetime.namespace, at: sample),
      mayBeOlder: try LinkComparison(reading: reading).how(
        .namespace(lifetime.namespace), at: sample)
        == .joinedOrNew)
  }

  /// Whether the process is known to have been in another namespace of the type before this one.
  private func hasMoved(
    _ history: TaskHistory, to namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard let index = history.index(ofMembershipFrom: sample) else { return false }
    guard let before = index > 0 ? history.memberships[index - 1].set : history.movedFrom else {
      return false
    }
    return try reading.sets.links(of: before)[namespace.type.link]?.namespace != nil
  }
}
