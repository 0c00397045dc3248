internal import NamespaceModel
internal import SQLite

/// Counts who was in which namespace, beside what else kept it.
struct NamespaceSnapshot {
  let reading: HistorySnapshot
  let sampleWindows: [SampleWindow]
  let processes: [ProcessAtMoment]
  let pins: [PinAtMoment]

  private struct Count {
    var processes = 0
    var unsure = 0
    // The processes with the lowest PIDs, by their indices: a record is large, and there are many counts.
    var lowest: Int?
    var lowestUnsure: Int?
    var parents = 0
    var unsureParents = 0
    var lowestParent: Int?
    var lowestUnsureParent: Int?
    var pins: [PinAtMoment] = []

    /// Counts a process that is in it, or may be. To be called in the order of PIDs.
    mutating func add(_ index: Int, isCertain: Bool) {
      if isCertain {
        processes += 1
        if lowest == nil { lowest = index }
      } else {
        unsure += 1
        if lowestUnsure == nil { lowestUnsure = index }
      }
    }

    /// Counts one that has its children go there, or may have.
    mutating func addParent(_ index: Int, isCertain: Bool) {
      if isCertain {
        parents += 1
        if lowestParent == nil { lowestParent = index }
      } else {
        unsureParents += 1
        if lowestUnsureParent == nil { lowestUnsureParent = index }
      }
    }

    /// Whether no process of the moment leads to it, and a pin does.
    var isPinnedOnly: Bool {
      !pins.isEmpty && processes + unsure + parents + unsureParents == 0
    }
  }

  /// Those of them whose rows are meant.
  func namespaces(
    _ isMeant: (Int64) -> Bool
  ) throws(SQLiteError) -> [NamespaceAtMoment] {
    var counts: [Int64: Count] = [:]
    // By PID, so the first is the lowest.
    for (index, process) in processes.enumerated() {
      for place in process.places.values {
        guard let namespace = place.namespace else { continue }
        counts[namespace.id, default: Count()].add(index, isCertain: Self.isCounted(process, place))
        for other in place.others {
          counts[other.id, default: Count()].add(index, isCertain: false)
        }
      }
    }
    for (index, process) in processes.enumerated() {
      for (type, place) in process.placesOfChildren {
        add(index, to: &counts, by: place, besides: process.places[type])
      }
    }
    for pin in pins { add(pin, to: &counts) }
    try reading.namespaces.read(counts.keys)
    try addAncestors(to: &counts)
    var found: [NamespaceAtMoment] = []
    for (id, count) in counts where isMeant(id) {
      let life = try reading.namespaces.life(id)
      if count.isPinnedOnly, try isMadeLater(life) { continue }
      found.append(try namespace(life, count))
    }
    return found.sorted { one, other in
      (one.namespace.type.rawValue, one.namespace.inode, one.namespace.id)
        < (other.namespace.type.rawValue, other.namespace.inode, other.namespace.id)
    }
  }

  /// Counts a process that is not in a namespace and has its children go there.
  private func add(
    _ index: Int, to counts: inout [Int64: Count], by place: ProcessAtMoment.Place,
    besides own: ProcessAtMoment.Place?
  ) {
    for namespace in place.namespaces where own?.namespaces.contains(namespace) != true {
      counts[namespace.id, default: Count()].addParent(
        index,
        isCertain: namespace == place.namespace && Self.isCounted(processes[index], place))
    }
  }

  /// At one moment an inode number is one namespace: where a pin's has no id, and somebody is in one of
  /// that number, it may be the same, or have been another at the time of the look.
  private func add(_ pin: PinAtMoment, to counts: inout [Int64: Count]) {
    let namespace = pin.pin.namespace
    let other =
      namespace.kernelID != nil
      ? nil
      : processes.lazy.compactMap { $0.places[namespace.type]?.namespace }.first {
        $0.id != namespace.id && $0.inode == namespace.inode && $0.boot == namespace.boot
      }
    guard let other else { return counts[namespace.id, default: Count()].pins.append(pin) }
    counts[other.id, default: Count()].pins.append(
      PinAtMoment(pin: pin.pin, isCertain: false, seen: pin.seen, missed: pin.missed))
  }

  /// Whether all samples there are agree on where a process was.
  private static func isCounted(
    _ process: ProcessAtMoment, _ place: ProcessAtMoment.Place
  ) -> Bool {
    switch process.presence {
    case .starting, .exiting: false
    case .certain, .lastSeen, .firstSeen:
      place.isCertain
    }
  }

  /// Those that the others were made in or are owned by, with nobody in them.
  private func addAncestors(to counts: inout [Int64: Count]) throws(SQLiteError) {
    var unseen = Array(counts.keys)
    while let id = unseen.popLast() {
      let life = try reading.namespaces.life(id)
      for ancestor in [life.owner, life.parent].compactMap(\.self) where counts[ancestor] == nil {
        counts[ancestor] = Count()
        unseen.append(ancestor)
      }
    }
  }

  /// Whether an event behind the moment made a namespace, or was the first to enter it, although the
  /// scan for pins before that had not found it: that a later look found it pinned says nothing of the
  /// moment.
  private func isMadeLater(_ life: NamespaceLifetime) throws(SQLiteError) -> Bool {
    guard let first = life.first, try reading.index.point(first).isEvent, !sampleWindows.isEmpty,
      try MakerFinder(reading: reading).maker(of: life) != nil
    else { return false }
    return sampleWindows.allSatisfy { ($0.before ?? $0.after).map { first > $0.id } == true }
  }

  private func namespace(
    _ life: NamespaceLifetime, _ count: Count
  ) throws(SQLiteError) -> NamespaceAtMoment {
    let maker = try MakerFinder(reading: reading).maker(of: life)
    return NamespaceAtMoment(
      namespace: life.namespace, processes: count.processes, unsure: count.unsure,
      parents: count.parents, unsureParents: count.unsureParents,
      lowestParent: (count.lowestParent ?? count.lowestUnsureParent)
        .map { processes[$0].process },
      lowest: (count.lowest ?? count.lowestUnsure).map { processes[$0].process },
      owner: try life.owner.map(reading.namespaces.life)?.namespace,
      parent: try life.parent.map(reading.namespaces.life)?.namespace, ownerUID: life.ownerUID,
      maker: maker, pins: count.pins)
  }
}

extension HistorySnapshot {
  /// By when the process had exited that had a pin open; nil where it may have had it open at a time.
  func exit(ofHolder pin: PinRecord, by time: Int64) throws(SQLiteError) -> Int64? {
    guard let task = pin.task, let last = try lives.life(task: task)?.memberships.last,
      !last.isOpen, last.until < index.last ?? last.until
    else { return nil }
    let exit = try index.point(last.until + 1).wall
    return exit <= time ? exit : nil
  }
}

/// A namespace at a moment, and who was in it.
package struct NamespaceAtMoment: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// How many processes were in it, by the samples on both sides, or by the last one.
  package let processes: Int
  /// How many more may have been: they started, exited or moved between the two.
  package let unsure: Int
  /// How many processes were not in it and had their children go there (`pid_for_children`,
  /// `time_for_children` of namespaces(7)), and so kept it.
  package let parents: Int
  /// How many more may have had.
  package let unsureParents: Int
  /// Of those, the certain ones first, the one with the lowest PID; nil without one.
  package let lowestParent: ProcessRecord?
  /// Of those that were in it, or else may have been, the one with the lowest PID; nil without one.
  package let lowest: ProcessRecord?
  /// The user namespace that owns it; nil where that is not known.
  package let owner: NamespaceRecord?
  /// The pid or user namespace that it was made in; nil where that is not known, or there is none.
  package let parent: NamespaceRecord?
  /// The user who made it, of a user namespace; nil where that is not known.
  package let ownerUID: Int64?
  /// The process that made it, or may have; nil where nothing tells.
  package let maker: NamespaceMaker?
  /// What pinned it, by the looks on both sides, or by the last one.
  package let pins: [PinAtMoment]
}

/// All namespaces at a moment.
package struct NamespacesAnswer: Sendable {
  /// By type and inode number. Those without a process are there because something pinned them, the
  /// children of a process go there, or others were made in them or are owned by them.
  package var namespaces: [NamespaceAtMoment]
  /// How many processes had a link that could not be read: they may be in any of its type.
  package var unread: Int
  /// The samples around the moment.
  package var samples: [SameAnswer.SampleGap]
  /// The scan for pins around the moment.
  package var looks: Looks
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  package var recorded: ClosedRange<Int64>?

  /// The looks for what pins namespaces on the two sides of a moment.
  package struct Looks: Sendable, Hashable {
    /// When the one before began, in nanoseconds since the epoch; nil when there is none.
    package let before: Int64?
    /// When the one after began; nil when there is none.
    package let after: Int64?
    /// How many processes had open files that one of them could not look at.
    package let denied: Int64
  }
}
