package import NamespaceModel
internal import SQLite

/// Tells which processes were there at a moment, and where: each by the rules of `PIDHistory`.
struct ProcessSnapshot {
  let reading: HistorySnapshot
  let time: Int64
  let sampleWindows: [SampleWindow]
  private let steady: UnchangedFastPath

  init(_ reading: HistorySnapshot, at time: Int64) throws(SQLiteError) {
    self.reading = reading
    self.time = time
    sampleWindows = try reading.index.sampleWindows(at: time)
    steady = UnchangedFastPath(reading.sets, sampleWindows)
  }

  /// By PID, and of one PID in the order in which they were observed.
  func processes() throws(SQLiteError) -> [ProcessAtMoment] {
    var found: [TaskID: TaskHistory] = [:]
    for sampleWindow in sampleWindows {
      for life in try lives(around: sampleWindow) {
        found[life.process.task] = found[life.process.task].map { $0.merged(with: life) } ?? life
      }
    }
    var processes: [ProcessAtMoment] = []
    for life in found.values {
      var life = life
      life.process = try reading.containers.resolved(
        life.process, life.memberships, reading.lives
      ).described(in: sampleWindows, at: time)
      if let one = try process(life) { processes.append(one) }
    }
    return withOutsiders(
      withParents(Self.withoutReturned(Self.withoutPredecessors(processes)))
    ).sorted { one, other in
      (one.process.pid, one.process.task) < (other.process.pid, other.process.task)
    }
  }

  /// Finds the processes that were in namespaces of containers, and that come from outside.
  private func withOutsiders(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    var own = OwnNamespaces()
    for one in all where one.process.container != nil && one.process.alternatives.isEmpty {
      own.add(
        one.places.values.filter(\.isCertain).compactMap(\.namespace), one.process.description)
    }
    return all.map { one in
      let places = NamespaceType.allCases.compactMap { one.places[$0] }
        .filter(\.isCertain)
      guard one.process.alternatives.isEmpty else { return one }
      let entered = own.entered(places.compactMap(\.namespace), one.process.description)
      if entered.isEmpty { return one }
      var one = one
      one.process.outsideOf = entered
      return one
    }
  }

  /// A parent that was not there any more is none: its children have another, that the next read tells.
  private func withParents(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    if sampleWindows.contains(where: \.hidesProcesses) { return all }
    let there = Set(all.map(\.process.pid))
    return all.map { one in
      let parents = one.process.parentPIDs
      let known = parents.filter { $0 == 0 || there.contains($0) }
      if one.process.tid != nil || known == parents { return one }
      var one = one
      one.process.parentsThere = known
      return one
    }
  }

  /// A PID is one process at a time: where a later one was certainly there, an earlier one was not.
  /// A thread of it is another task.
  private static func withoutPredecessors(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    func name(_ one: ProcessAtMoment) -> [Int64] { [one.process.pid, one.process.tid ?? 0] }
    let counts = Dictionary(grouping: all, by: name).filter { $1.count > 1 }
    guard !counts.isEmpty else { return all }
    return all.filter { one in
      counts[name(one)]?.contains { other in
        other.process.space == one.process.space && other.process.task > one.process.task
          && other.presence == .certain
      } != true
    }
  }

  /// A thread that is in all that its process is in is no task of its own.
  private static func withoutReturned(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    guard all.contains(where: { $0.process.tid != nil }) else { return all }
    func name(_ one: ProcessAtMoment) -> [Int64] { [one.process.space, one.process.pid] }
    let processes = Dictionary(
      all.lazy.filter { $0.process.tid == nil }.map { (name($0), $0) }
    ) { first, _ in first }
    return all.filter { one in
      guard one.process.tid != nil, let process = processes[name(one)] else { return true }
      return one.places.contains { type, place in
        place.namespace == nil || place.namespaces != process.places[type]?.namespaces
      }
    }
  }

  private func process(_ life: TaskHistory) throws(SQLiteError) -> ProcessAtMoment? {
    if let steady = try steady.process(life) { return steady }
    let pidHistory = try reading.pidHistories.pidHistory(
      of: [life], pid: life.process.pid, known: [life.process])
    guard sampleWindows.contains(where: { pidHistory.mayRun(0, in: $0, until: time) }) else {
      return nil
    }
    var places: [NamespaceType: ProcessAtMoment.Place] = [:]
    var ofChildren: [NamespaceType: ProcessAtMoment.Place] = [:]
    for type in NamespaceType.allCases {
      places[type] = place(type.link, pidHistory)
      guard type.linkForChildren != type.link else { continue }
      let children = place(type.linkForChildren, pidHistory)
      if children.namespaces.contains(where: { $0 != places[type]?.namespace }) {
        ofChildren[type] = children
      }
    }
    return ProcessAtMoment(
      process: life.process, presence: presence(pidHistory), places: places,
      placesOfChildren: ofChildren)
  }

  private func place(_ link: NamespaceLink, _ pidHistory: PIDHistory) -> ProcessAtMoment.Place {
    let states = sampleWindows.map { pidHistory.state(link, $0, until: time) }
    let sides = sampleWindows.flatMap { points(of: $0, link, pidHistory) }
    let seen = sides.compactMap { pidHistory.run(link, at: $0.id)?.value }
    let namespaces = Set(states.map(\.namespace))
    if namespaces.count == 1, let namespace = states.first?.namespace {
      return .init(namespace: namespace, reason: nil, others: [], isDisputed: false)
    }
    let reasons =
      states.map(\.reason)
      + seen.map { value in
        if case .unread(let reason) = value { UnknownReason(reason) } else { nil }
      }
    let places = seen.compactMap(\.namespace)
    return .init(
      namespace: places.first,
      reason: UnknownReason.common(reasons) ?? .changedBetweenSamples,
      others: places.reduce(into: []) { others, one in
        if one != places.first, !others.contains(one) { others.append(one) }
      }, isDisputed: Set(seen).count > 1 || seen.count < sides.count)
  }

  /// The samples and events on the two sides of a sample window that tell of the moment in it: what an event
  /// behind it began was not so before.
  private func points(
    of sampleWindow: SampleWindow, _ link: NamespaceLink, _ pidHistory: PIDHistory
  ) -> [SamplePoint] {
    let isLater =
      sampleWindow.after.flatMap { pidHistory.run(link, at: $0.id) }.map(
        sampleWindow.isExactBeginning) == true
    return [sampleWindow.before, isLater ? nil : sampleWindow.after].compactMap(\.self)
  }

  private func presence(_ pidHistory: PIDHistory) -> ProcessAtMoment.Presence {
    let all = sampleWindows.map { sampleWindow -> ProcessAtMoment.Presence in
      let before = pidHistory.sees(0, at: sampleWindow.before)
      let after = pidHistory.sees(0, at: sampleWindow.after)
      return switch (before, after) {
      // A sample found out that it was not where it was told to be, if it was there at all.
      case (true, true) where isDoubtful(pidHistory, sampleWindow): .exiting
      case (true, true): .certain
      case (true, false) where pidHistory.isExactEnd(in: sampleWindow): .certain
      case (true, false): sampleWindow.after == nil ? .lastSeen : .exiting
      case (false, true) where pidHistory.hasStarted(0, in: sampleWindow, by: time): .certain
      case (false, true): sampleWindow.before == nil ? .firstSeen : .starting
      // Of the moments that the clock showed as this one, it was there at another.
      case (false, false): .exiting
      }
    }
    return all.first { $0 != .certain } ?? .certain
  }

  private func isDoubtful(_ pidHistory: PIDHistory, _ sampleWindow: SampleWindow) -> Bool {
    [sampleWindow.before, sampleWindow.after].compactMap(\.self).contains {
      pidHistory.run(.pid, at: $0.id)?.value == .unread(.unseen)
    }
  }

  /// The processes that the samples on the two sides of a sample window saw, with their memberships there.
  private func lives(around sampleWindow: SampleWindow) throws(SQLiteError) -> [TaskHistory] {
    let sides = [sampleWindow.before, sampleWindow.after].compactMap(\.self)
    guard let low = sides.first, let high = sides.last else { return [] }
    let columns = "m.task_id AS there, m.set_id, m.from_seq, m.until_seq, m.exact"
    let rows = try reading.connection.prepare(
      """
      SELECT there, set_id, from_seq, until_seq, exact, \(ProcessRecord.columns)
      FROM (\(IntervalOverlapQuery.everywhere(columns))) LEFT JOIN task ON task_id = there
        \(ProcessRecord.leftJoins) WHERE there < 0 OR boot_id IS NOT NULL
      ORDER BY there, from_seq
      """
    ).bind(IntervalOverlapQuery.values(low.id...high.id)).map { row in
      (
        row.task(0), row.set(1), row.integer(2), row.optionalInteger(3), row.integer(4),
        ProcessRecord(row, from: 5)
      )
    }
    var lives: [TaskHistory] = []
    for (task, set, from, until, exact, process) in rows {
      if task.isShortLived {
        if let life = try reading.lives.life(task: task) { lives.append(life) }
        continue
      }
      let membership = try reading.lives.membership(set, from, until, exact: exact, of: task)
      if lives.last?.process.task == process.task {
        lives[lives.count - 1].memberships.append(membership)
      } else {
        var process = process
        process.past = try reading.lives.descriptions.past(of: process)
        lives.append(TaskHistory(process: process, memberships: [membership]))
      }
    }
    return lives
  }
}

extension TaskHistory {
  /// With the memberships that both have.
  fileprivate func merged(with other: TaskHistory) -> TaskHistory {
    TaskHistory(
      process: process,
      memberships: Set(memberships + other.memberships).sorted { $0.from < $1.from })
  }
}

/// Tells of processes that nothing happened to around a moment, which most are: each was in one set
/// in every sample on its sides. By the rules of `PIDHistory` that says all, so no PID history is made.
final class UnchangedFastPath {
  private let sets: SetReader
  private let sampleWindows: [SampleWindow]
  /// The numbers of the samples on the sides of the sample windows.
  private let sides: [Int64]
  private let isSampled: Bool
  /// Of each set: nil where one in it may not be there.
  private var known: [NamespaceSetID: Places?] = [:]

  private struct Places {
    var own: [NamespaceType: ProcessAtMoment.Place] = [:]
    var ofChildren: [NamespaceType: ProcessAtMoment.Place] = [:]
  }

  init(_ sets: SetReader, _ sampleWindows: [SampleWindow]) {
    self.sets = sets
    self.sampleWindows = sampleWindows
    sides = sampleWindows.flatMap { [$0.before, $0.after] }.compactMap { $0?.id }
    isSampled = !sampleWindows.isEmpty && sampleWindows.allSatisfy { $0.coverage == .sampled }
  }

  /// Nil of a process that there is more to tell of.
  func process(_ life: TaskHistory) throws(SQLiteError) -> ProcessAtMoment? {
    guard isSampled, life.memberships.count == 1, let only = life.memberships.first,
      sides.allSatisfy({ only.from <= $0 && $0 <= only.until }),
      sampleWindows.allSatisfy({ $0.isOf(space: life.process.space) }),
      let places = try places(only.set)
    else { return nil }
    return ProcessAtMoment(
      process: life.process, presence: .certain, places: places.own,
      placesOfChildren: places.ofChildren)
  }

  private func places(_ set: NamespaceSetID) throws(SQLiteError) -> Places? {
    if let known = known[set] { return known }
    let links = try sets.links(of: set)
    var places = Places()
    for type in NamespaceType.allCases {
      places.own[type] = links[type.link].map(Self.place)
      guard type.linkForChildren != type.link, let children = links[type.linkForChildren],
        children.namespace != nil, children != links[type.link]
      else { continue }
      places.ofChildren[type] = Self.place(children)
    }
    // A sample found out that it was not where it was told to be.
    let found = links[.pid] == .unread(.unseen) ? nil : places
    known[set] = .some(found)
    return found
  }

  private static func place(_ value: LinkValue) -> ProcessAtMoment.Place {
    switch value {
    case .namespace(let namespace):
      .init(namespace: namespace, reason: nil, others: [], isDisputed: false)
    case .unread(let reason):
      .init(namespace: nil, reason: UnknownReason(reason), others: [], isDisputed: false)
    }
  }
}

/// A process that was, or may have been, there at a moment, and where.
package struct ProcessAtMoment: Sendable, Hashable {
  /// The process.
  package internal(set) var process: ProcessRecord
  /// How sure it is that it was there.
  package let presence: Presence
  /// Where it was, by type.
  package let places: [NamespaceType: Place]
  /// Where its children went, of the types of which that may have been elsewhere than it was itself.
  package let placesOfChildren: [NamespaceType: Place]

  /// The types of which it was in the namespace that the kernel made at boot, which is the host's.
  package var sharedWithHost: [NamespaceType] {
    NamespaceType.allCases.filter { type in
      guard let place = places[type] else { return false }
      return place.namespace?.isInitial == true && place.others.isEmpty
    }
  }

  /// Where a process was.
  package struct Place: Sendable, Hashable {
    /// The namespace it was last seen in, or first; nil where none could be read.
    package let namespace: NamespaceRecord?
    /// Why it is not certain that it was in it then; nil when it is.
    package let reason: UnknownReason?
    /// Where else it was seen, by the other samples around the moment.
    package let others: [NamespaceRecord]
    /// Whether the samples around the moment do not all say the same of it.
    let isDisputed: Bool

    init(
      namespace: NamespaceRecord?, reason: UnknownReason?, others: [NamespaceRecord],
      isDisputed: Bool
    ) {
      self.namespace = namespace
      self.reason = reason
      self.others = others
      self.isDisputed = isDisputed
    }

    /// Whether all samples that there are agree on it.
    var isCertain: Bool { reason == nil || (reason == .gap && !isDisputed) }

    /// All that it was seen in.
    package var namespaces: [NamespaceRecord] { [namespace].compactMap(\.self) + others }

    /// The same place, for another reason.
    package init(_ place: Place, because reason: UnknownReason?) {
      self.init(
        namespace: place.namespace, reason: reason, others: place.others,
        isDisputed: place.isDisputed)
    }
  }

  /// Whether a process was there. The raw value is the word in every output.
  package enum Presence: String, Sendable, Hashable, CaseIterable {
    /// It was: it was seen before and after.
    case certain
    /// It was seen before, and there is no sample after.
    case lastSeen = "last-seen"
    /// It was seen after, and there is no sample before.
    case firstSeen = "first-seen"
    /// It was seen before, and not after: it may have exited already.
    case exiting
    /// It was seen after, and not before: it may not have started yet.
    case starting
  }
}

/// All processes at a moment.
package struct MomentAnswer: Sendable {
  /// By PID.
  package var processes: [ProcessAtMoment]
  /// The samples around the moment.
  package var samples: [SameAnswer.SampleGap]
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  package var recorded: ClosedRange<Int64>?
}
