internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Every namespace that a process was in at a moment, in nanoseconds since the epoch, or had its
  /// children go to, those that something else kept alive, and those that they were made in or are owned by.
  ///
  /// - Parameter isMeant: only those that such processes were in, or may have been; nil for all.
  public func namespaces(
    at time: Int64, of isMeant: ((ProcessRecord) -> Bool)? = nil
  ) throws(HistoryError) -> NamespacesAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let census = try ProcessSnapshot(reading, at: time)
      let processes = try census.processes()
      let looks = try reading.pins.looks(around: time)
      let points = census.brackets.flatMap { [$0.before, $0.after] }.compactMap(\.self)
      let namespaces = NamespaceSnapshot(
        reading: reading, brackets: census.brackets, processes: processes,
        pins: try reading.pins.pins(between: looks, in: Set(points.map(\.session.id)))
          .map { (pin) throws(SQLiteError) in
            try reading.exit(ofHolder: pin.pin, by: time).map(pin.after(exit:)) ?? pin
          })
      let places = isMeant.map { isMeant in
        Set(
          processes.lazy.filter { isMeant($0.process) }
            .flatMap { Array($0.places.values) + Array($0.placesOfChildren.values) }
            .flatMap(\.namespaces).map(\.id))
      }
      return NamespacesAnswer(
        namespaces: try namespaces.namespaces { places?.contains($0) != false },
        unread: processes.count { process in
          process.places.values.contains { $0.namespace == nil && $0.reason != .unsupported }
        },
        samples: census.brackets.map(SameAnswer.SampleGap.init),
        looks: .init(
          before: looks.before?.wall, after: looks.after?.wall,
          denied: max(looks.before?.denied ?? 0, looks.after?.denied ?? 0)),
        recorded: try reading.index.recorded())
    }
  }
}

/// Counts who was in which namespace, beside what else kept it.
struct NamespaceSnapshot {
  let reading: Reading
  let brackets: [SampleWindow]
  let processes: [ProcessAtMoment]
  let pins: [PinAtMoment]

  private struct Count {
    var processes = 0
    var unsure = 0
    var lowest: ProcessRecord?
    var lowestUnsure: ProcessRecord?
    var parents = 0
    var unsureParents = 0
    var lowestParent: ProcessRecord?
    var lowestUnsureParent: ProcessRecord?
    var pins: [PinAtMoment] = []

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
    for process in processes {
      for place in process.places.values {
        guard let namespace = place.namespace else { continue }
        var count = counts[namespace.id] ?? Count()
        if Self.isCounted(process, place) {
          count.processes += 1
          count.lowest = count.lowest ?? process.process
        } else {
          count.unsure += 1
          count.lowestUnsure = count.lowestUnsure ?? process.process
        }
        counts[namespace.id] = count
        for other in place.others {
          counts[other.id, default: Count()].unsure += 1
          if counts[other.id]?.lowestUnsure == nil {
            counts[other.id]?.lowestUnsure = process.process
          }
        }
      }
    }
    for process in processes {
      for (type, place) in process.placesOfChildren {
        add(process, to: &counts, by: place, besides: process.places[type])
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
    _ process: ProcessAtMoment, to counts: inout [Int64: Count], by place: ProcessAtMoment.Place,
    besides own: ProcessAtMoment.Place?
  ) {
    for namespace in place.namespaces where own?.namespaces.contains(namespace) != true {
      var count = counts[namespace.id] ?? Count()
      if namespace == place.namespace, Self.isCounted(process, place) {
        count.parents += 1
        count.lowestParent = count.lowestParent ?? process.process
      } else {
        count.unsureParents += 1
        count.lowestUnsureParent = count.lowestUnsureParent ?? process.process
      }
      counts[namespace.id] = count
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
  /// look for pins before that had not found it: that a later look found it pinned says nothing of the
  /// moment.
  private func isMadeLater(_ life: NamespaceLifetime) throws(SQLiteError) -> Bool {
    guard let first = life.first, try reading.index.point(first).isEvent, !brackets.isEmpty,
      try MakerFinder(reading: reading).maker(of: life) != nil
    else { return false }
    return brackets.allSatisfy { ($0.before ?? $0.after).map { first > $0.id } == true }
  }

  private func namespace(
    _ life: NamespaceLifetime, _ count: Count
  ) throws(SQLiteError) -> NamespaceAtMoment {
    let maker = try MakerFinder(reading: reading).maker(of: life)
    return NamespaceAtMoment(
      namespace: life.namespace, processes: count.processes, unsure: count.unsure,
      parents: count.parents, unsureParents: count.unsureParents,
      lowestParent: count.lowestParent ?? count.lowestUnsureParent,
      lowest: count.lowest ?? count.lowestUnsure,
      owner: try life.owner.map(reading.namespaces.life)?.namespace,
      parent: try life.parent.map(reading.namespaces.life)?.namespace, ownerUID: life.ownerUID,
      maker: maker, pins: count.pins)
  }
}

extension Reading {
  /// By when the process had exited that had a pin open; nil where it may have had it open at a time.
  fileprivate func exit(ofHolder pin: PinRecord, by time: Int64) throws(SQLiteError) -> Int64? {
    guard let task = pin.task, let last = try lives.life(task: task)?.memberships.last,
      !last.isOpen, last.until < index.last ?? last.until
    else { return nil }
    let exit = try index.point(last.until + 1).wall
    return exit <= time ? exit : nil
  }
}
