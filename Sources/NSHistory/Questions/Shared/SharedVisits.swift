internal import NamespaceModel
internal import SQLite

/// Two groups and one type: finds the visits (`SharedAnswer.Visit`), the intervals in which a process of one group
/// shared a namespace with the other. Counts all visits, but builds only those that are reported.
struct SharedVisits {
  let groups: (SharedGroup, SharedGroup)
  let presences: ([Presence], [Presence])
  let type: NamespaceType
  let reading: HistorySnapshot
  let finder: SharingFinder

  private var time: ObservedTime { finder.time }

  /// The result of the search.
  struct Found {
    /// The first visits, in time order.
    var visits: [SharedAnswer.Visit] = []
    /// The number of all visits.
    var count = 0
    /// Whether events prove at least one visit.
    var isAnyExact = false
  }

  /// A visit that may be reported.
  private struct Candidate {
    let from: WallTime
    let until: WallTime
    let sharing: SharingFinder.Sharing
    /// The presence of the visitor; nil if both groups are the same namespace.
    let presence: Presence?
    let namespace: Int64
    /// Whether the visitor belongs to the first group.
    let isOfFirst: Bool
    /// See `SharedAnswer.Visit.isOthersOwn`.
    let isOthersOwn: Bool
  }

  /// Collects the visits as they are found.
  private struct Candidates {
    let most: Int
    var first: [Candidate] = []
    var count = 0
    var isAnyExact = false

    /// Counts a visit, and stores it as long as it may be one of the first.
    mutating func add(_ candidate: Candidate, _ groups: (SharedGroup, SharedGroup)) {
      count += 1
      first.append(candidate)
      if first.count >= 2 * most { cut(groups) }
    }

    mutating func cut(_ groups: (SharedGroup, SharedGroup)) {
      func task(_ one: Candidate) -> TaskID {
        one.presence.map { (one.isOfFirst ? groups.0 : groups.1).members[$0.member].task }
          ?? TaskID(rawValue: 0)
      }
      first.sort { ($0.from, task($0)) < ($1.from, task($1)) }
      first.removeLast(max(0, first.count - most))
    }
  }

  func find() throws(SQLiteError) -> Found {
    var candidates = Candidates(most: SharedQuery.mostVisits)
    switch (groups.0.namespaces[type], groups.1.namespaces[type]) {
    case (nil, nil): try addAmongProcesses(to: &candidates)
    case (let namespaces?, nil):
      try add(presences.1, in: namespaces, areFirst: false, to: &candidates)
    case (nil, let namespaces?):
      try add(presences.0, in: namespaces, areFirst: true, to: &candidates)
    case (let some?, let others?):
      for namespace in some where others.contains(namespace) {
        try add(lifetimeOf: namespace, to: &candidates)
      }
    }
    candidates.cut(groups)
    var found = Found(count: candidates.count, isAnyExact: candidates.isAnyExact)
    var others: [Int64: PresenceIndex] = [:]
    for candidate in candidates.first {
      found.visits.append(try visit(candidate, &others))
    }
    return found
  }

  /// Adds the visit of two groups that are the same namespace: they share it as long as it exists.
  private func add(
    lifetimeOf namespace: NamespaceRecord, to candidates: inout Candidates
  ) throws(SQLiteError) {
    let lifetime = try reading.namespaces.lifetime(namespace.id)
    let last = time.index.last ?? .zero
    let from = max(lifetime.first ?? time.samples.lowerBound, time.samples.lowerBound)
    let until = min(lifetime.last ?? last, last, time.samples.upperBound)
    guard from <= until else { return }
    try add(
      .init(from: from, until: until, endsExactly: false), nil, in: namespace.id, isOfFirst: true,
      to: &candidates)
  }

  /// Adds the times in which the processes of one group were in the namespaces of which the other consists.
  private func add(
    _ presences: [Presence], in namespaces: [NamespaceRecord], areFirst: Bool,
    to candidates: inout Candidates
  ) throws(SQLiteError) {
    for row in Set(namespaces.map(\.id)).sorted() {
      for one in presences.inside(row) {
        for interval in finder.intervals(one) {
          try add(interval, one, in: row, isOfFirst: areFirst, to: &candidates)
        }
      }
    }
  }

  private func addAmongProcesses(to candidates: inout Candidates) throws(SQLiteError) {
    let counts = (groups.0.processCount, groups.1.processCount)
    for row in presences.0.namespaces {
      let (some, others) = (presences.0.inside(row), presences.1.inside(row))
      guard !others.isEmpty else { continue }
      let there = (Set(some.map(\.owner)).count, Set(others.map(\.owner)).count)
      // The visitors are the processes of the group that does not own the namespace; if neither owns it,
      // those of the group of which a smaller part was there.
      let owner = try NamespaceOwnerFinder(reading: reading, groups: groups).find(row, some, others)
      let share = (there.0 * max(1, counts.1), there.1 * max(1, counts.0))
      let areFirst = owner.map { !$0.isFirst } ?? (share.0 <= share.1)
      let isOthersOwn = owner?.isOwn == true
      let crowd = Crowd(areFirst ? others : some)
      for one in areFirst ? some : others {
        for sharing in try finder.sharing(one, with: crowd) {
          try add(
            sharing, one, in: row, isOfFirst: areFirst, isOthersOwn: isOthersOwn, to: &candidates)
        }
      }
    }
  }

  /// Adds a visit, if it is in the time asked about.
  private func add(
    _ sharing: SharingFinder.Sharing, _ one: Presence?, in namespace: Int64, isOfFirst: Bool,
    isOthersOwn: Bool = false, to candidates: inout Candidates
  ) throws(SQLiteError) {
    let opening = try time.index.point(sharing.from)
    let isMoment = sharing.from == sharing.until
    let from = isMoment ? opening.wall : opening.wallEnd
    // The clock may have gone back by less than a step.
    let until = isMoment ? opening.wall : max(from, try time.index.point(sharing.until).wall)
    guard time.window.overlaps(from, until) else { return }
    // The visit was at some moment of the sample, which may be outside of the time asked about.
    if isMoment, !opening.isExact {
      guard time.window.since ?? WallTime.min <= opening.wall,
        time.window.until ?? WallTime.max >= opening.wallEnd
      else { return }
    }
    if !candidates.isAnyExact { candidates.isAnyExact = isExact(sharing, opening) }
    candidates.add(
      .init(
        from: from, until: until, sharing: sharing, presence: one, namespace: namespace,
        isOfFirst: isOfFirst, isOthersOwn: isOthersOwn), groups)
  }

  private func isExact(_ sharing: SharingFinder.Sharing, _ opening: SamplePoint) -> Bool {
    if sharing.from == sharing.until { return opening.isExact }
    return SampleWindowSet(sharing.from..<sharing.until).intersection(time.asked)
      .subtracting(time.exact).isEmpty
  }

  // MARK: Building a visit

  private func visit(
    _ candidate: Candidate, _ known: inout [Int64: PresenceIndex]
  ) throws(SQLiteError) -> SharedAnswer.Visit {
    let sharing = candidate.sharing
    let opening = try time.index.point(sharing.from)
    let (group, other) = candidate.isOfFirst ? groups : (groups.1, groups.0)
    let (from, until) = (candidate.from, candidate.until)
    let since = time.window.since ?? from
    let limit = time.window.until ?? until
    var beginning: SharedAnswer.Bound = opening.isEvent ? .exact : .sampled
    if from < since { beginning = .range }
    var end: SharedAnswer.Bound = sharing.endsExactly ? .exact : .sampled
    // The sharing may have ended with the last event of the history.
    let isLast = sharing.until == time.index.last
    if !sharing.endsExactly, isLast, time.index.sessions.last?.isOpen == true { end = .open }
    if until > limit { end = .range }
    let others = others(of: candidate, &known)
    // As in `history` and `members`, a process has the last description that it had in the interval: the program that
    // a container runtime executes, not the runtime that entered the namespace. An event that ended the visit may have
    // changed the description.
    let isMoment = sharing.from == sharing.until
    let last = sharing.endsExactly && !isMoment ? sharing.until - 1 : sharing.until
    let range = sharing.from...last
    return SharedAnswer.Visit(
      namespace: try reading.namespaces.lifetime(candidate.namespace).namespace,
      process: try candidate.presence.flatMap { (one) throws(SQLiteError) in
        try described(group.members[one.member], range)
      },
      group: group.index, otherGroup: other.index,
      others: try others.prefix(SharedQuery.mostOthers).map { (member) throws(SQLiteError) in
        try described(other.members[member], range)
      }.compactMap(\.self),
      otherCount: others.count, from: max(from, since), until: min(until, limit),
      beginning: beginning, end: end, isExact: isExact(sharing, opening),
      isOthersOwn: candidate.isOthersOwn)
  }

  /// Returns the process of a member, with the last description that it had in a range and in the window.
  private func described(
    _ member: SharedGroup.Member, _ range: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ProcessRecord? {
    guard let process = try reading.process(member) else { return nil }
    return try reading.index.described(process, through: range, in: time.window)
  }

  /// Returns the indices of the members of the other group that were in the namespace during a visit, one
  /// for each process.
  private func others(
    of candidate: Candidate, _ known: inout [Int64: PresenceIndex]
  ) -> [Int] {
    let other = candidate.isOfFirst ? groups.1 : groups.0
    guard let one = candidate.presence, !other.isNamespace(type) else { return [] }
    let index =
      known[candidate.namespace]
      ?? PresenceIndex(
        (candidate.isOfFirst ? presences.1 : presences.0).inside(candidate.namespace))
    known[candidate.namespace] = index
    let sharing = candidate.sharing
    let isMoment = sharing.from == sharing.until
    var members: [TaskID: Int] = [:]
    index.forEach(from: sharing.from, to: sharing.until) { second in
      let isThere =
        isMoment
        ? second.covers(sharing.from)
        : second.from < sharing.until && second.end > sharing.from
      if isThere, second.owner != one.owner {
        members[second.owner] = min(members[second.owner] ?? Int.max, second.member)
      }
      return true
    }
    return members.values.sorted()
  }
}

extension HistorySnapshot {
  /// Returns the record of a member of a group.
  func process(_ member: SharedGroup.Member) throws(SQLiteError) -> ProcessRecord? {
    try taskHistories.history(of: member.task)?.process
  }
}

/// Decides which of two groups owns a namespace in which processes of both were. The processes of the other group are
/// the visitors.
///
/// The owner is the group whose container has the namespace as its own (`OwnNamespaces`); otherwise the group whose
/// process was the first in it, over the whole history.
struct NamespaceOwnerFinder {
  let reading: HistorySnapshot
  let groups: (SharedGroup, SharedGroup)

  struct Found {
    /// Whether the namespace belongs to the first of the two groups.
    let isFirst: Bool
    /// Whether the output may call the namespace the group's own.
    let isOwn: Bool
  }

  /// Returns the owner; nil if no record shows it.
  func find(
    _ row: Int64, _ some: ArraySlice<Presence>, _ others: ArraySlice<Presence>
  ) throws(SQLiteError) -> Found? {
    let namespace = try reading.namespaces.lifetime(row).namespace
    guard namespace.isInitial != true else { return nil }
    if groups.0.isContainer != groups.1.isContainer {
      let container = groups.0.isContainer ? groups.0 : groups.1
      if try OwnNamespaces.isOwn(namespace, container.containers, reading) {
        return Found(isFirst: groups.0.isContainer, isOwn: true)
      }
    }
    let first = try first(
      in: namespace, Set(some.map { groups.0.members[$0.member].task }),
      Set(others.map { groups.1.members[$0.member].task }))
    guard let first else { return nil }
    let (group, there) = first.isFirst ? (groups.0, some) : (groups.1, others)
    if group.isContainer {
      let isOwn = try OwnNamespaces.isOwn(namespace, group.containers, reading)
      return Found(isFirst: first.isFirst, isOwn: isOwn && !first.isTied)
    }
    let isMost = 2 * Set(there.map(\.owner)).count >= group.processCount
    return Found(isFirst: first.isFirst, isOwn: first.isOfAll && !first.isTied && isMost)
  }

  private struct First {
    let isFirst: Bool
    /// Whether no process outside of the two groups, or in both of them, was in the namespace as early as that.
    let isOfAll: Bool
    /// Whether one sample was the first to see both groups there, so that only the start times of the
    /// processes decide.
    let isTied: Bool
  }

  /// Returns the group whose process was seen in the namespace first.
  private func first(
    in namespace: NamespaceRecord, _ some: Set<TaskID>, _ others: Set<TaskID>
  ) throws(SQLiteError) -> First? {
    var (mine, its): ([TaskID], [TaskID]) = ([], [])
    var isOfAll = true
    var began: SequenceNumber?
    try reading.forEachArrival(in: namespace, until: { began != nil }) {
      (task, time) throws(SQLiteError) in
      if let began, time > began { return false }
      // A process of both groups, or of neither, decides nothing.
      switch (some.contains(task), others.contains(task)) {
      case (true, false): mine.append(task)
      case (false, true): its.append(task)
      default:
        isOfAll = false
        return true
      }
      began = time
      return true
    }
    guard began != nil else { return nil }
    if its.isEmpty || mine.isEmpty {
      return First(isFirst: its.isEmpty, isOfAll: isOfAll, isTied: false)
    }
    guard let start = try firstStart(of: mine), let other = try firstStart(of: its),
      start != other
    else {
      return nil
    }
    return First(isFirst: start < other, isOfAll: isOfAll, isTied: true)
  }

  private func firstStart(of tasks: [TaskID]) throws(SQLiteError) -> BootTime? {
    var first: BootTime?
    for task in tasks {
      guard let start = try reading.taskHistories.history(of: task)?.process.startBoot else {
        continue
      }
      first = min(first ?? start, start)
    }
    return first
  }
}
