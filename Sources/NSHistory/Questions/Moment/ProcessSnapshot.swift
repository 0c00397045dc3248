package import NamespaceModel
internal import SQLite

/// Finds the processes that were running at a moment, and the namespaces of each, by the rules of
/// `PIDHistory`.
struct ProcessSnapshot {
  let reading: HistorySnapshot
  let time: WallTime
  let sampleWindows: [SampleWindow]
  private let steady: UnchangedFastPath

  init(_ reading: HistorySnapshot, at time: WallTime) throws(SQLiteError) {
    self.reading = reading
    self.time = time
    sampleWindows = try reading.index.sampleWindows(at: time)
    steady = UnchangedFastPath(reading.sets, sampleWindows)
  }

  /// Returns the processes, sorted by PID, and processes with the same PID in the order in which they were
  /// observed.
  func processes() throws(SQLiteError) -> [ProcessAtMoment] {
    var found: [TaskID: TaskHistory] = [:]
    for sampleWindow in sampleWindows {
      for history in try histories(around: sampleWindow) {
        found[history.process.task] =
          found[history.process.task].map { $0.merged(with: history) } ?? history
      }
    }
    // Sorts the ids before the answers are built, because an answer is a large value to move.
    let order = found.values.map { ($0.process.pid, $0.process.task) }.sorted(by: <)
    var processes: [ProcessAtMoment] = []
    processes.reserveCapacity(order.count)
    for (_, task) in order {
      guard var history = found.removeValue(forKey: task) else { continue }
      history.process = try reading.containers.resolved(
        history.process, history.memberships, reading.taskHistories
      ).described(in: sampleWindows, at: time)
      if let one = try process(history) { processes.append(one) }
    }
    return withOutsiders(
      withoutExitedParents(Self.withoutReturned(Self.withoutPredecessors(processes))))
  }

  /// Marks the processes that were in the own namespaces of a container and came from outside of it.
  private func withOutsiders(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    var own = OwnNamespaces()
    for one in all where one.process.container != nil && one.process.alternatives.isEmpty {
      own.add(
        one.links.values.filter(\.isCertain).compactMap(\.namespace), one.process.description)
    }
    return all.map { one in
      let certain = NamespaceType.allCases.compactMap { one.links[$0] }
        .filter(\.isCertain)
      guard one.process.alternatives.isEmpty else { return one }
      let entered = own.entered(certain.compactMap(\.namespace), one.process.description)
      if entered.isEmpty { return one }
      var one = one
      one.process.outsideOf = entered
      return one
    }
  }

  /// Removes parents that had exited: the children of such a parent have a new parent, which the recorder learns when
  /// it next reads the children.
  private func withoutExitedParents(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
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

  /// Removes an earlier process with a PID if a later process with that PID was certainly running. A thread
  /// of a process is another task.
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

  /// Removes the threads that are in all the namespaces of their process.
  private static func withoutReturned(_ all: [ProcessAtMoment]) -> [ProcessAtMoment] {
    guard all.contains(where: { $0.process.tid != nil }) else { return all }
    func name(_ one: ProcessAtMoment) -> [Int64] { [one.process.space, one.process.pid] }
    let processes = Dictionary(
      all.lazy.filter { $0.process.tid == nil }.map { (name($0), $0) }
    ) { first, _ in first }
    return all.filter { one in
      guard one.process.tid != nil, let process = processes[name(one)] else { return true }
      return one.links.contains { type, link in
        link.namespace == nil || link.namespaces != process.links[type]?.namespaces
      }
    }
  }

  private func process(_ history: TaskHistory) throws(SQLiteError) -> ProcessAtMoment? {
    if let steady = try steady.process(history) { return steady }
    let pidHistory = try reading.pidHistories.pidHistory(
      of: [history], pid: history.process.pid, known: [history.process])
    guard sampleWindows.contains(where: { pidHistory.mayRun(0, in: $0, until: time) }) else {
      return nil
    }
    var links: [NamespaceType: ProcessAtMoment.Link] = [:]
    var ofChildren: [NamespaceType: ProcessAtMoment.Link] = [:]
    for type in NamespaceType.allCases {
      links[type] = link(type.link, pidHistory)
      guard type.linkForChildren != type.link else { continue }
      let children = link(type.linkForChildren, pidHistory)
      if children.namespaces.contains(where: { $0 != links[type]?.namespace }) {
        ofChildren[type] = children
      }
    }
    return ProcessAtMoment(
      process: history.process, presence: presence(pidHistory), links: links,
      linksForChildren: ofChildren)
  }

  private func link(_ link: NamespaceLink, _ pidHistory: PIDHistory) -> ProcessAtMoment.Link {
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
    let observed = seen.compactMap(\.namespace)
    return .init(
      namespace: observed.first,
      reason: UnknownReason.common(reasons) ?? .changedBetweenSamples,
      others: observed.reduce(into: []) { others, one in
        if one != observed.first, !others.contains(one) { others.append(one) }
      }, isDisputed: Set(seen).count > 1 || seen.count < sides.count)
  }

  /// Returns the samples and events on the two sides of a sample window that show the state in it. Leaves
  /// out the side after the window if an event there began the state, because then that state did not hold
  /// before.
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
      // A sample showed that the process was not in the recorded namespaces, if it was running at all.
      case (true, true) where isDoubtful(pidHistory, sampleWindow): .exiting
      case (true, true): .certain
      case (true, false) where pidHistory.isExactEnd(in: sampleWindow): .certain
      case (true, false): sampleWindow.after == nil ? .lastSeen : .exiting
      case (false, true) where pidHistory.hasStarted(0, in: sampleWindow, by: time): .certain
      case (false, true): sampleWindow.before == nil ? .firstSeen : .starting
      // The wall clock showed this time more than once, and the process was running at another of these
      // moments.
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

  /// Returns the processes that the samples on the two sides of a sample window saw, with their memberships
  /// there.
  private func histories(around sampleWindow: SampleWindow) throws(SQLiteError) -> [TaskHistory] {
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
    ).bind(reading.index.values(low.id...high.id)).map { row in
      (
        row.task(0), row.set(1), row.sequence(2), row.optionalSequence(3), row.integer(4),
        ProcessRecord(row, from: 5)
      )
    }
    var histories: [TaskHistory] = []
    for (task, set, from, until, exact, process) in rows {
      if task.isShortLived {
        if let history = try reading.taskHistories.history(of: task) { histories.append(history) }
        continue
      }
      var memberships: [Membership] = []
      try reading.taskHistories.append(
        set, from, until, exact: exact, of: task, to: &memberships)
      if histories.last?.process.task == process.task {
        histories[histories.count - 1].memberships += memberships
      } else {
        var process = process
        process.past = try reading.taskHistories.descriptions.past(of: process)
        try reading.taskHistories.setReadings(of: &process)
        histories.append(TaskHistory(process: process, memberships: memberships))
      }
    }
    return histories
  }
}

extension TaskHistory {
  /// Returns the history with the memberships of both.
  fileprivate func merged(with other: TaskHistory) -> TaskHistory {
    TaskHistory(
      process: process,
      memberships: Set(memberships + other.memberships).sorted { $0.from < $1.from })
  }
}

/// Answers for each process that every sample around a moment shows in one namespace set, as most processes are. By the
/// rules of `PIDHistory` that set decides the answer, so no PID history is built.
final class UnchangedFastPath {
  private let sets: SetReader
  private let sampleWindows: [SampleWindow]
  /// The sequence numbers of the samples on the sides of the sample windows.
  private let sides: [SequenceNumber]
  private let isSampled: Bool
  /// The namespaces of the processes of a set, by set; nil for a set whose processes may not have been running.
  private var known: [NamespaceSetID: SetLinks?] = [:]

  private struct SetLinks {
    var own: [NamespaceType: ProcessAtMoment.Link] = [:]
    var ofChildren: [NamespaceType: ProcessAtMoment.Link] = [:]
  }

  init(_ sets: SetReader, _ sampleWindows: [SampleWindow]) {
    self.sets = sets
    self.sampleWindows = sampleWindows
    sides = sampleWindows.flatMap { [$0.before, $0.after] }.compactMap { $0?.id }
    isSampled = !sampleWindows.isEmpty && sampleWindows.allSatisfy { $0.coverage == .sampled }
  }

  /// Returns the answer for a process; nil if the process needs a PID history.
  func process(_ history: TaskHistory) throws(SQLiteError) -> ProcessAtMoment? {
    guard isSampled, history.memberships.count == 1, let only = history.memberships.first,
      sides.allSatisfy({ only.from <= $0 && $0 <= only.until }),
      sampleWindows.allSatisfy({ $0.isOf(space: history.process.space) }),
      let links = try links(of: only.set)
    else { return nil }
    return ProcessAtMoment(
      process: history.process, presence: .certain, links: links.own,
      linksForChildren: links.ofChildren)
  }

  private func links(of set: NamespaceSetID) throws(SQLiteError) -> SetLinks? {
    if let known = known[set] { return known }
    let links = try sets.links(of: set)
    var found = SetLinks()
    for type in NamespaceType.allCases {
      found.own[type] = links[type.link].map(Self.link)
      guard type.linkForChildren != type.link, let children = links[type.linkForChildren],
        children.namespace != nil, children != links[type.link]
      else { continue }
      found.ofChildren[type] = Self.link(children)
    }
    // A sample showed that the process was not in the recorded namespaces.
    let answer = links[.pid] == .unread(.unseen) ? nil : found
    known[set] = .some(answer)
    return answer
  }

  private static func link(_ value: LinkValue) -> ProcessAtMoment.Link {
    switch value {
    case .namespace(let namespace):
      .init(namespace: namespace, reason: nil, others: [], isDisputed: false)
    case .unread(let reason):
      .init(namespace: nil, reason: UnknownReason(reason), others: [], isDisputed: false)
    }
  }
}

/// A process that was running at a moment, or may have been, with its namespaces.
package struct ProcessAtMoment: Sendable, Hashable {
  /// The process.
  package internal(set) var process: ProcessRecord
  /// The certainty that it was running.
  package let presence: Presence
  /// Its namespaces, by type.
  package let links: [NamespaceType: Link]
  /// The namespaces of its links for children, for the types of which they may differ from its own.
  package let linksForChildren: [NamespaceType: Link]

  /// The types for which it was in the initial namespace, which the kernel created at boot and the host
  /// uses.
  package var sharedWithHost: [NamespaceType] {
    NamespaceType.allCases.filter { type in
      guard let link = links[type] else { return false }
      return link.namespace?.isInitial == true && link.others.isEmpty
    }
  }

  /// The namespace of a process of one type.
  package struct Link: Sendable, Hashable {
    /// The namespace that the last sample before the moment shows, or else the first one after it; nil if none could be
    /// read.
    package let namespace: NamespaceRecord?
    /// The reason for which it is not certain that the process was in this namespace at the moment; nil if
    /// it is.
    package let reason: UnknownReason?
    /// The other namespaces in which the samples around the moment saw the process.
    package let others: [NamespaceRecord]
    /// Whether the samples around the moment disagree about the process.
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

    /// Whether all samples around the moment agree on the namespace. In a gap they may agree, although what happened
    /// between them is not known.
    var isCertain: Bool { reason == nil || (reason == .gap && !isDisputed) }

    /// All namespaces in which the process was seen.
    package var namespaces: [NamespaceRecord] { [namespace].compactMap(\.self) + others }

    /// A copy of a link with another reason.
    package init(_ link: Link, because reason: UnknownReason?) {
      self.init(
        namespace: link.namespace, reason: reason, others: link.others,
        isDisputed: link.isDisputed)
    }
  }

  /// Whether a process was running. The raw value is the word in every output.
  package enum Presence: String, Sendable, Hashable, CaseIterable {
    /// The process was running: samples saw it before and after, or an event or its start time proves it.
    case certain
    /// A sample saw the process before, and there is no sample after.
    case lastSeen = "last-seen"
    /// A sample saw the process after, and there is no sample before.
    case firstSeen = "first-seen"
    /// A sample saw the process before, and no sample certainly saw it after: it may have exited already.
    case exiting
    /// A sample saw the process after, but none before: it may not have started yet.
    case starting
  }
}

/// All processes at a moment.
package struct MomentAnswer: Sendable {
  /// The processes, sorted by PID.
  package var processes: [ProcessAtMoment]
  /// The samples around the moment.
  package var samples: [SameAnswer.SampleGap]
  /// The least and the greatest recorded time, of a slice those of the part that it holds; nil when there is none.
  package var recorded: ClosedRange<WallTime>?
}
