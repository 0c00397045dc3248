internal import NamespaceModel
internal import SQLite

/// The extent to which a group of a `SharedQuestion` was observed in the time asked about, for one type of namespace.
struct GroupObservation {
  /// A time in which something about the group was not observed.
  struct UnobservedTime {
    let reason: UnknownReason
    /// The row of the process; nil for any process of the group, including processes without a row.
    let process: TaskID?
    let sampleWindows: SampleWindowSet
    /// Whether the time is one in which the PID of the group may have belonged to processes that are not recorded:
    /// see `SharedGroup.timeWithoutPID`.
    var isOfOthers = false
  }

  /// A time in which a process was in a namespace and it is uncertain whether the process belonged to the group.
  struct PossibleVisit {
    /// The row of the process or thread.
    let process: TaskID
    /// The row of the process; for a thread, that of its process.
    let owner: TaskID
    let namespace: NamespaceRecord
    let sampleWindows: SampleWindowSet
  }

  private(set) var unobservedTimes: [UnobservedTime] = []
  private(set) var possibleVisits: [PossibleVisit] = []
  /// The time in which a process of the group was running, or may have been.
  private(set) var possible = SampleWindowSet()
  /// The same time, without that in which only unrecorded processes may have had the PID of the group.
  private(set) var recorded = SampleWindowSet()

  /// The ranges collected so far for `recorded` and `possible`.
  private var there: [Range<SequenceNumber>] = []
  private let reading: HistorySnapshot
  private let time: ObservedTime

  init(
    _ group: SharedGroup, _ type: NamespaceType, _ reading: HistorySnapshot, _ time: ObservedTime
  ) throws(SQLiteError) {
    self.reading = reading
    self.time = time
    if let namespaces = group.namespaces[type] {
      there = time.asked.ranges
      try observe(namespaces, type)
    } else {
      for member in group.members { try observe(member, group.histories[member.task], type) }
      if group.isOpen { observeUnrecorded(in: time.asked) }
      if group.hasForgottenNames { add(.notRecorded, nil, time.exact) }
      if group.hasUnknownNumbers { add(.notRecorded, nil, time.asked) }
      try observeMembership(of: group)
    }
    recorded = SampleWindowSet(there)
    if !group.isNamespace(type), !group.timeWithoutPID.isEmpty {
      let known = unobservedTimes.count
      observeUnrecorded(in: group.timeWithoutPID)
      for position in known..<unobservedTimes.count { unobservedTimes[position].isOfOthers = true }
    }
    possible = SampleWindowSet(there)
    there = []
  }

  private mutating func add(
    _ reason: UnknownReason, _ process: TaskID?, _ sampleWindows: SampleWindowSet
  ) {
    let asked = sampleWindows.intersection(time.asked)
    guard !asked.isEmpty else { return }
    unobservedTimes.append(.init(reason: reason, process: process, sampleWindows: asked))
    there += asked.ranges
  }

  /// Adds the time without samples, as a gap or as removed by retention.
  private mutating func addMissing(_ process: TaskID?, _ sampleWindows: SampleWindowSet) {
    add(.gap, process, sampleWindows.subtracting(time.expired))
    add(.expired, process, sampleWindows.intersection(time.expired))
  }

  /// Observes a group that consists of namespaces. If these are the initial ones, a namespace that is not known to be
  /// initial may belong to the group too; nothing else can be unknown about such a group.
  private mutating func observe(
    _ namespaces: [NamespaceRecord], _ type: NamespaceType
  ) throws(SQLiteError) {
    guard namespaces.allSatisfy({ $0.isInitial == true }) else { return }
    let isAnyUnknown = try reading.connection.prepare(
      "SELECT EXISTS (SELECT 1 FROM namespace WHERE type = ? AND initial IS NULL)"
    ).bind(.integer(Int64(type.rawValue))).first { $0.integer(0) == 1 }
    if isAnyUnknown == true { add(.notRecorded, nil, time.asked) }
  }

  /// Observes a process and its namespaces.
  ///
  /// - Parameter history: the whole history of the process, if all processes of the group are known.
  private mutating func observe(
    _ member: SharedGroup.Member, _ history: TaskHistory?, _ type: NamespaceType
  ) throws(SQLiteError) {
    let process = member.task
    var seen: [Range<SequenceNumber>] = []
    for run in try reading.pidHistories.runs(of: member.memberships, type.link) {
      let end = try run.end(time.index)
      seen.append(run.from..<end)
      if case .unread(let reason) = run.value {
        add(UnknownReason(reason), process, SampleWindowSet(run.from..<max(end, run.from + 1)))
      }
    }
    let observed = SampleWindowSet(seen).intersection(time.asked)
    there += observed.ranges
    try observeUncertain(member, type)
    guard let history else { return }
    let alive = try lifetime(history).intersection(time.asked)
    there += alive.ranges
    let gaps = alive.intersection(time.missing)
    addMissing(process, gaps)
    add(.notRecorded, process, alive.intersection(time.incomplete).subtracting(observed))
    add(.notRecorded, process, alive.intersection(time.withoutThreads))
    let reported = time.exact.intersection(observed)
    add(.changedBetweenSamples, process, alive.subtracting(reported).subtracting(gaps))
    for sample in try disputes(history, type) {
      let confirmed = try ObservedTime.confirmed(before: sample, reading)
      add(
        .changedBetweenSamples, process, SampleWindowSet(confirmed..<sample).intersection(alive))
    }
  }

  /// Observes a process in the time in which it is uncertain whether it belonged to the group. Its
  /// namespaces are mostly known even then, and it can have shared only those.
  private mutating func observeUncertain(
    _ member: SharedGroup.Member, _ type: NamespaceType
  ) throws(SQLiteError) {
    var rest = member.uncertain.intersection(time.asked)
    guard !rest.isEmpty else { return }
    for run in try reading.pidHistories.runs(of: member.all, type.link) {
      guard let namespace = run.value.namespace else { continue }
      let end = try run.end(time.index)
      let known = rest.intersection(SampleWindowSet(run.from..<end))
      guard !known.isEmpty else { continue }
      rest = rest.subtracting(known)
      possibleVisits.append(
        .init(
          process: member.task, owner: member.owner, namespace: namespace, sampleWindows: known))
      there += known.ranges
    }
    add(.changedBetweenSamples, member.task, rest)
  }

  /// Returns the samples that showed a change of a process's link of this type that no event had reported.
  private func disputes(
    _ history: TaskHistory, _ type: NamespaceType
  ) throws(SQLiteError) -> [SequenceNumber] {
    var found: [SequenceNumber] = []
    for run in try reading.pidHistories.runs(of: history.memberships, type.link) {
      if !run.beginsExactly { found.append(run.from) }
      if !run.endsExactly { found.append(run.until + 1) }
    }
    let low = time.samples.lowerBound
    let high = time.index.last ?? low
    var disputes: [SequenceNumber] = []
    for sample in found where (low...max(low, high)).contains(sample) {
      if try time.index.point(sample).isExact { disputes.append(sample) }
    }
    return disputes
  }

  /// Returns the time in which a process was running, or may have been.
  private func lifetime(_ history: TaskHistory) throws(SQLiteError) -> SampleWindowSet {
    guard let first = history.memberships.first, let last = history.memberships.last else {
      return .init()
    }
    var low = try earliest(history)
    if history.isStartReported || first.beginsExactly && history.process.tid != nil,
      try time.index.sampleWindow(before: first.from).isExact
    {
      low = first.from
    }
    var high = last.until + 1
    if last.endsExactly {
      let next = try time.index.sampleWindow(before: last.until + 1)
      if !next.isExact { high = try latest(history) }
    } else {
      high = try latest(history)
    }
    var alive = SampleWindowSet(low..<max(high, low + 1))
    // Leaves out the time between the exit of the process and the exec of one of its threads that continued
    // it.
    for (one, next) in zip(history.memberships, history.memberships.dropFirst())
    where one.endsExactly && next.beginsExactly && one.until + 1 < next.from {
      alive = alive.subtracting(SampleWindowSet(one.until + 1..<next.from))
    }
    let boot = history.process.boot
    let others = time.index.sessions.filter { $0.boot != boot }.map { $0.first..<$0.last }
    return alive.subtracting(SampleWindowSet(others))
  }

  /// Returns the earliest sample window in which a process can have started, if no event reported its
  /// start.
  private func earliest(_ history: TaskHistory) throws(SQLiteError) -> SequenceNumber {
    let bottom = (time.index.first ?? .zero) - 1
    guard let start = history.process.startBoot.map({ $0 &- PIDHistory.startTimeTolerance }),
      let own = time.index.session(of: history.firstSample)
    else { return bottom }
    var earliest = history.firstSample - 1
    for session in time.index.sessions.reversed() where session.first <= history.firstSample {
      guard session.clock == own.clock else { return bottom }
      if try time.index.point(session.last).bootEnd < start { return earliest }
      var low = session.first
      var high = min(session.last, history.firstSample)
      while low < high {
        let middle = low.middle(to: high)
        let isBefore =
          switch time.index.side(of: middle) {
          case .inside: try time.index.point(middle).bootEnd < start
          case .before: true
          case .after: false
          }
        if isBefore { low = middle + 1 } else { high = middle }
      }
      earliest = min(earliest, low - 1)
      if low > session.first { return earliest }
    }
    return earliest
  }

  /// Returns the end of the latest sample window in which a process can have exited, if no event reported
  /// its exit: a sample that shows all processes but not this one proves that it was gone.
  private func latest(_ history: TaskHistory) throws(SQLiteError) -> SequenceNumber {
    let top = (time.index.last ?? .zero) + 1
    let last = history.lastSample
    guard last < top - 1 else { return top }
    var next = last + 1
    while next < top {
      guard let session = time.index.session(of: next) else { return top }
      if session.space == history.process.space, !session.hidesProcesses { return next }
      if session.boot != history.process.boot { return next }
      next = session.last + 1
    }
    return top
  }

  /// Adds the times in which processes of the group may have been running that have no row.
  private mutating func observeUnrecorded(in sampleWindows: SampleWindowSet) {
    addMissing(nil, time.missing.intersection(sampleWindows))
    add(.notRecorded, nil, time.incomplete.intersection(sampleWindows))
    let complete = time.exact.subtracting(time.disputed)
    add(
      .changedBetweenSamples, nil,
      sampleWindows.intersection(time.asked).subtracting(time.missing).subtracting(complete))
  }

  /// Adds the unobserved times of a group that is defined by a namespace: those of processes whose link of that type
  /// could not be read.
  private mutating func observeMembership(of group: SharedGroup) throws(SQLiteError) {
    guard group.isOpen, let type = group.namespaces.keys.first else { return }
    let rows = try reading.connection.prepare(
      "SELECT task, first, last, unread FROM (\(IntervalOverlapQuery.unreadLink))"
    ).bind(time.index.values(time.samples) + [.integer(Int64(type.link.rawValue))])
      .map { ($0.task(0), $0.sequence(1), $0.optionalSequence(2), $0.integer(3)) }
    for (task, first, last, code) in rows {
      guard let reason = UInt8(exactly: code).flatMap(UnreadReason.init(rawValue:)),
        reason != .unsupported
      else { continue }
      let high = last.map { $0 + 1 } ?? time.samples.upperBound
      add(UnknownReason(reason), task, SampleWindowSet(first..<max(high, first + 1)))
    }
  }
}
