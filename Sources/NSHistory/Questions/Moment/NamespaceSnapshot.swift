package import NamespaceModel
internal import SQLite

/// Counts the processes in each namespace at a moment, and lists the pins that kept it alive.
struct NamespaceSnapshot {
  let reading: HistorySnapshot
  let sampleWindows: [SampleWindow]
  let processes: [ProcessAtMoment]
  let pins: [PinAtMoment]

  private struct Count {
    var processes = 0
    var unsure = 0
    // The indices of the processes with the lowest PIDs: a process record is large, and there are many
    // counts.
    var lowest: Int?
    var lowestUnsure: Int?
    var parents = 0
    var unsureParents = 0
    var lowestParent: Int?
    var lowestUnsureParent: Int?
    var pins: [PinAtMoment] = []

    /// Counts a process that is in the namespace, or may be. Callers add processes in the order of PIDs.
    mutating func add(_ index: Int, isCertain: Bool) {
      if isCertain {
        processes += 1
        if lowest == nil { lowest = index }
      } else {
        unsure += 1
        if lowestUnsure == nil { lowestUnsure = index }
      }
    }

    /// Counts a process whose link for children leads to the namespace, or may.
    mutating func addParent(_ index: Int, isCertain: Bool) {
      if isCertain {
        parents += 1
        if lowestParent == nil { lowestParent = index }
      } else {
        unsureParents += 1
        if lowestUnsureParent == nil { lowestUnsureParent = index }
      }
    }

    /// Whether the namespace has a pin, and no process or link for children.
    var isPinnedOnly: Bool {
      !pins.isEmpty && processes + unsure + parents + unsureParents == 0
    }
  }

  /// Returns the namespaces at the moment whose row ids `isSelected` accepts.
  func namespaces(
    _ isSelected: (Int64) -> Bool
  ) throws(SQLiteError) -> [NamespaceAtMoment] {
    var counts: [Int64: Count] = [:]
    // `processes` is sorted by PID, so the first process that is added has the lowest.
    for (index, process) in processes.enumerated() {
      for link in process.links.values {
        guard let namespace = link.namespace else { continue }
        counts[namespace.id, default: Count()].add(index, isCertain: Self.isCounted(process, link))
        for other in link.others {
          counts[other.id, default: Count()].add(index, isCertain: false)
        }
      }
    }
    for (index, process) in processes.enumerated() {
      for (type, link) in process.linksForChildren {
        add(index, to: &counts, by: link, besides: process.links[type])
      }
    }
    for pin in pins { add(pin, to: &counts) }
    try reading.namespaces.read(counts.keys)
    try addAncestors(to: &counts)
    // Sorts the ids before the answers are built, because an answer is a large value to move.
    var order: [(type: UInt8, inode: UInt64, id: Int64)] = []
    for id in counts.keys where isSelected(id) {
      let namespace = try reading.namespaces.lifetime(id).namespace
      order.append((namespace.type.rawValue, namespace.inode, id))
    }
    order.sort(by: <)
    var found: [NamespaceAtMoment] = []
    found.reserveCapacity(order.count)
    for (_, _, id) in order {
      guard let count = counts[id] else { continue }
      let lifetime = try reading.namespaces.lifetime(id)
      if count.isPinnedOnly, try isMadeLater(lifetime) { continue }
      found.append(try namespace(lifetime, count))
    }
    return found
  }

  /// Counts a process for the namespaces that only its link for children leads to.
  private func add(
    _ index: Int, to counts: inout [Int64: Count], by link: ProcessAtMoment.Link,
    besides own: ProcessAtMoment.Link?
  ) {
    for namespace in link.namespaces where own?.namespaces.contains(namespace) != true {
      counts[namespace.id, default: Count()].addParent(
        index,
        isCertain: namespace == link.namespace && Self.isCounted(processes[index], link))
    }
  }

  /// Adds a pin to its namespace. At one moment only one namespace has an inode number: if the pin's
  /// namespace has no kernel id, and a process is in another row with that number, the two rows may be the
  /// same namespace. Then the pin counts for the row with the process, but not as certain: at the time of
  /// the scan the number may have belonged to another namespace.
  private func add(_ pin: PinAtMoment, to counts: inout [Int64: Count]) {
    let namespace = pin.pin.namespace
    let other =
      namespace.kernelID != nil
      ? nil
      : processes.lazy.compactMap { $0.links[namespace.type]?.namespace }.first {
        $0.id != namespace.id && $0.inode == namespace.inode && $0.boot == namespace.boot
      }
    guard let other else { return counts[namespace.id, default: Count()].pins.append(pin) }
    counts[other.id, default: Count()].pins.append(
      PinAtMoment(pin: pin.pin, isCertain: false, seen: pin.seen, missed: pin.missed))
  }

  /// Whether all samples around the moment agree on the namespace of a process.
  private static func isCounted(
    _ process: ProcessAtMoment, _ link: ProcessAtMoment.Link
  ) -> Bool {
    switch process.presence {
    case .starting, .exiting: false
    case .certain, .lastSeen, .firstSeen:
      link.isCertain
    }
  }

  /// Adds the namespaces in which the counted ones were created, or which own them, if they are not counted yet: no
  /// process is in them.
  private func addAncestors(to counts: inout [Int64: Count]) throws(SQLiteError) {
    var unseen = Array(counts.keys)
    while let id = unseen.popLast() {
      let lifetime = try reading.namespaces.lifetime(id)
      for ancestor in [lifetime.owner, lifetime.parent].compactMap(\.self)
      where counts[ancestor] == nil {
        counts[ancestor] = Count()
        unseen.append(ancestor)
      }
    }
  }

  /// Whether a namespace came to exist after the moment: an event after it reports the process that made the namespace,
  /// or that was the first in it although no earlier scan for pins had found it. A pin that a later scan found then
  /// proves nothing about the moment.
  private func isMadeLater(_ lifetime: NamespaceLifetime) throws(SQLiteError) -> Bool {
    guard let first = lifetime.first, try reading.index.point(first).isEvent,
      !sampleWindows.isEmpty,
      try MakerFinder(reading: reading).maker(of: lifetime) != nil
    else { return false }
    return sampleWindows.allSatisfy { ($0.before ?? $0.after).map { first > $0.id } == true }
  }

  private func namespace(
    _ lifetime: NamespaceLifetime, _ count: Count
  ) throws(SQLiteError) -> NamespaceAtMoment {
    let maker = try MakerFinder(reading: reading).maker(of: lifetime)
    return NamespaceAtMoment(
      namespace: lifetime.namespace, processes: count.processes, unsure: count.unsure,
      parents: count.parents, unsureParents: count.unsureParents,
      lowestParent: (count.lowestParent ?? count.lowestUnsureParent)
        .map { processes[$0].process },
      lowest: (count.lowest ?? count.lowestUnsure).map { processes[$0].process },
      owner: try lifetime.owner.map(reading.namespaces.lifetime)?.namespace,
      parent: try lifetime.parent.map(reading.namespaces.lifetime)?.namespace,
      ownerUID: lifetime.ownerUID,
      maker: maker, pins: count.pins)
  }
}

extension HistorySnapshot {
  /// Returns the time by which the process that had a pin open had exited; nil if it may still have had it
  /// open at `time`.
  func exit(ofHolder pin: PinRecord, by time: WallTime) throws(SQLiteError) -> WallTime? {
    guard let task = pin.task, let last = try taskHistories.history(of: task)?.memberships.last,
      !last.isOpen, last.until < index.last ?? last.until
    else { return nil }
    let exit = try index.point(last.until + 1).wall
    return exit <= time ? exit : nil
  }
}

/// A namespace at a moment, with the processes in it.
package struct NamespaceAtMoment: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// The number of processes that were in it by the samples on both sides, or by the last one.
  package let processes: Int
  /// The number of processes that may have been in it besides: they started, exited or moved between the
  /// two samples.
  package let unsure: Int
  /// The number of processes outside of it with a link for children that led to it (`pid_for_children`,
  /// `time_for_children` of namespaces(7)), which kept it alive.
  package let parents: Int
  /// The number of processes that may have had such a link besides.
  package let unsureParents: Int
  /// The process with the lowest PID among `parents`, or else among `unsureParents`; nil if there is none.
  package let lowestParent: ProcessRecord?
  /// The process with the lowest PID among `processes`, or else among `unsure`; nil if there is none.
  package let lowest: ProcessRecord?
  /// The user namespace that owns it; nil if it is not known.
  package let owner: NamespaceRecord?
  /// The pid or user namespace in which it was created; nil if it is not known, or if there is none.
  package let parent: NamespaceRecord?
  /// For a user namespace, the UID of its creator; nil if it is not known.
  package let ownerUID: Int64?
  /// The process that created it, or may have; nil if no record shows it.
  package let maker: NamespaceMaker?
  /// The pins that kept it alive by the scans on both sides, or by the last one.
  package let pins: [PinAtMoment]
}

/// All namespaces at a moment.
package struct NamespacesAnswer: Sendable {
  /// The namespaces, sorted by type and inode number. A namespace without a process is listed if something
  /// pinned it, if a process's link for children led to it, or if a listed namespace was created in it or
  /// is owned by it.
  package var namespaces: [NamespaceAtMoment]
  /// The number of processes with a link that could not be read: such a process may be in any namespace of
  /// the link's type.
  package var unread: Int
  /// The samples around the moment.
  package var samples: [SameAnswer.SampleGap]
  /// The pin scans around the moment.
  package var scans: Scans
  /// The least and the greatest recorded time, of a slice those of the part that it holds; nil when there is none.
  package var recorded: ClosedRange<WallTime>?

  /// The pin scans on the two sides of a moment.
  package struct Scans: Sendable, Hashable {
    /// The beginning of the scan before the moment; nil if there is none.
    package let before: WallTime?
    /// The beginning of the scan after the moment; nil if there is none.
    package let after: WallTime?
    /// The number of processes whose open files one of the scans was not permitted to read; the greater
    /// number of the two scans.
    package let denied: Int64
  }
}
