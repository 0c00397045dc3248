internal import NamespaceModel
internal import SQLite

/// Two groups, one type: when they shared, and what leaves it unknown whether they did.
struct SharedPair {
  let groups: (SharedGroup, SharedGroup)
  let presences: ([Presence], [Presence])
  let observations: (GroupObservation, GroupObservation)
  let type: NamespaceType
  let reading: Reading
  let finder: SharingFinder
  /// Processes that may have been of a container.
  let uncertain: [SharedGroup.Member]

  private var time: ObservedTime { finder.time }

  // MARK: What was shared

  func visits() throws(SQLiteError) -> [SharedAnswer.Visit] {
    switch (groups.0.namespaces[type], groups.1.namespaces[type]) {
    case (nil, nil): return try visitsAmongProcesses()
    case (let namespaces?, nil): return try visits(of: groups.1, presences.1, groups.0, namespaces)
    case (nil, let namespaces?): return try visits(of: groups.0, presences.0, groups.1, namespaces)
    case (let some?, let others?):
      var visits: [SharedAnswer.Visit] = []
      for namespace in some where others.contains(namespace) {
        if let visit = try visit(to: namespace) { visits.append(visit) }
      }
      return visits
    }
  }

  /// Two groups that are one namespace share it while it is there.
  private func visit(to namespace: NamespaceRecord) throws(SQLiteError) -> SharedAnswer.Visit? {
    let life = try reading.namespaces.life(namespace.id)
    let last = time.index.last ?? 0
    let from = max(life.first ?? time.samples.lowerBound, time.samples.lowerBound)
    let until = min(life.last ?? last, last, time.samples.upperBound)
    guard from <= until else { return nil }
    return try visit(
      .init(from: from, until: until, endsExactly: false), nil, groups.0, groups.1, namespace, [])
  }

  /// When the processes of a group were in the namespaces that the other group is.
  private func visits(
    of group: SharedGroup, _ presences: [Presence], _ place: SharedGroup,
    _ namespaces: [NamespaceRecord]
  ) throws(SQLiteError) -> [SharedAnswer.Visit] {
    let rows = Set(namespaces.map(\.id))
    var visits: [SharedAnswer.Visit] = []
    for one in presences where rows.contains(one.namespace.id) {
      for stay in finder.stays(one) {
        if let visit = try visit(stay, one, group, place, one.namespace, []) {
          visits.append(visit)
        }
      }
    }
    return visits
  }

  private func visitsAmongProcesses() throws(SQLiteError) -> [SharedAnswer.Visit] {
    let first = Dictionary(grouping: presences.0, by: \.namespace.id)
    let second = Dictionary(grouping: presences.1, by: \.namespace.id)
    var visits: [SharedAnswer.Visit] = []
    for (row, some) in first.sorted(by: { $0.key < $1.key }) {
      guard let others = second[row] else { continue }
      // The visitors are those of the group of which fewer were there.
      let share = Set(some.map(\.owner)).count * max(1, groups.1.processCount)
      let otherShare = Set(others.map(\.owner)).count * max(1, groups.0.processCount)
      var found =
        share <= otherShare
        ? try self.visits(groups.0, some, groups.1, others)
        : try self.visits(groups.1, others, groups.0, some)
      let (owners, group) = share < otherShare ? (others, groups.1) : (some, groups.0)
      if share != otherShare, 2 * Set(owners.map(\.owner)).count >= group.processCount {
        for place in found.indices { found[place].isOthersOwn = true }
      }
      visits += found
    }
    return visits
  }

  private func visits(
    _ group: SharedGroup, _ presences: [Presence], _ other: SharedGroup, _ others: [Presence]
  ) throws(SQLiteError) -> [SharedAnswer.Visit] {
    let crowd = Crowd(others)
    var visits: [SharedAnswer.Visit] = []
    for one in presences {
      for sharing in try finder.sharing(one, with: crowd) {
        let there = others.filter { second in
          guard second.owner != one.owner else { return false }
          if sharing.from == sharing.until { return second.covers(sharing.from) }
          return second.from < sharing.until && second.end > sharing.from
        }
        if let visit = try visit(sharing, one, group, other, one.namespace, there) {
          visits.append(visit)
        }
      }
    }
    return visits
  }

  /// Nil where it is not in the time asked for.
  private func visit(
    _ sharing: SharingFinder.Sharing, _ one: Presence?, _ group: SharedGroup, _ other: SharedGroup,
    _ namespace: NamespaceRecord, _ others: [Presence]
  ) throws(SQLiteError) -> SharedAnswer.Visit? {
    let opening = try time.index.point(sharing.from)
    let closing = try time.index.point(sharing.until)
    let isMoment = sharing.from == sharing.until
    let from = isMoment ? opening.wall : opening.wallEnd
    // The clock may have gone back by less than a step.
    let until = isMoment ? opening.wall : max(from, closing.wall)
    guard time.window.overlaps(from, until) else { return nil }
    // It was at some moment of the sample, which may be outside of the time asked for.
    if isMoment, !opening.isExact {
      guard time.window.since ?? Int64.min <= opening.wall,
        time.window.until ?? Int64.max >= opening.wallEnd
      else { return nil }
    }
    let since = time.window.since ?? from
    let limit = time.window.until ?? until
    var beginning: SharedAnswer.Bound = opening.isEvent ? .exact : .sampled
    if from < since { beginning = .range }
    var end: SharedAnswer.Bound = sharing.endsExactly ? .exact : .sampled
    if sharing.until == time.index.last, time.index.sessions.last?.isOpen == true { end = .open }
    if until > limit { end = .range }
    var met: Set<Int64> = []
    let members = others.filter { met.insert($0.owner).inserted }
    return SharedAnswer.Visit(
      namespace: namespace, process: one.map { group.members[$0.member].life.process },
      group: group.place, otherGroup: other.place,
      others: members.prefix(SharedQuery.mostOthers).map { other.members[$0.member].life.process },
      otherCount: members.count, from: max(from, since), until: min(until, limit),
      beginning: beginning, end: end, isExact: isExact(sharing, opening))
  }

  private func isExact(_ sharing: SharingFinder.Sharing, _ opening: SamplePoint) -> Bool {
    if sharing.from == sharing.until { return opening.isExact }
    return BracketSet(sharing.from..<sharing.until).intersection(time.asked)
      .subtracting(time.exact).isEmpty
  }

  // MARK: What is not known

  /// Something of one of the groups that was not observed while the other was there or may have been.
  struct Gap {
    let group: Int
    let doubt: GroupObservation.Doubt
  }

  /// What leaves it unknown whether they shared, or at which other times they did.
  func gaps(isShared: Bool) throws(SQLiteError) -> [Gap] {
    let sides = [
      (groups.0, observations.0, observations.1), (groups.1, observations.1, observations.0),
    ]
    var found: [Gap] = []
    for (group, own, other) in sides {
      for doubt in own.doubts { add(doubt, group, other.possible, to: &found) }
    }
    // What may be one namespace, or a process of the group, says nothing beside proof.
    if isShared { return found }
    for doubt in reusedNumbers() { add(doubt, groups.0, time.asked, to: &found) }
    for (group, other, others) in [
      (groups.0, groups.1, presences.1), (groups.1, groups.0, presences.0),
    ] where group.isContainer {
      for doubt in try uncertainMembers(other, others) {
        add(doubt, group, time.asked, to: &found)
      }
    }
    return found
  }

  private func add(
    _ doubt: GroupObservation.Doubt, _ group: SharedGroup, _ possible: BracketSet,
    to found: inout [Gap]
  ) {
    let brackets = doubt.brackets.intersection(possible)
    guard !brackets.isEmpty else { return }
    found.append(
      .init(
        group: group.place,
        doubt: .init(reason: doubt.reason, process: doubt.process, brackets: brackets)))
  }

  /// Why it is unknown; nil where it is not.
  func reason(_ gaps: [Gap]) -> UnknownReason? {
    if !groups.0.isKnown || !groups.1.isKnown { return .notRecorded }
    if time.asked.isEmpty { return .gap }
    if let reason = UnknownReason.mostTelling(gaps.map(\.doubt.reason)) { return reason }
    return observations.0.possible.isEmpty || observations.1.possible.isEmpty ? .notRunning : nil
  }

  /// Whether events reported all that says that they never shared. Otherwise they were there at
  /// different times, as samples and start times say.
  var isNeverExact: Bool {
    observations.0.possible.union(observations.1.possible).subtracting(time.exact).isEmpty
  }

  /// Two rows of one inode number that may be one namespace, and processes in both at one time.
  private func reusedNumbers() -> [GroupObservation.Doubt] {
    let all =
      groups.1.namespaces[type].map { namespaces in
        namespaces.map {
          ($0, BracketSet(time.samples.lowerBound - 1..<time.samples.upperBound + 1))
        }
      } ?? presences.1.map { ($0.namespace, Self.brackets($0)) }
    let byNumber = Dictionary(grouping: all) { $0.0.inode }
    var doubts: [GroupObservation.Doubt] = []
    func compare(_ namespace: NamespaceRecord, _ brackets: BracketSet, _ process: ProcessRecord?) {
      for (other, others) in byNumber[namespace.inode] ?? []
      where other.id != namespace.id && !other.differs(from: namespace) {
        let both = brackets.intersection(others)
        if both.isEmpty { continue }
        doubts.append(.init(reason: .inodeMayBeReused, process: process, brackets: both))
      }
    }
    if let namespaces = groups.0.namespaces[type] {
      let always = BracketSet(time.samples.lowerBound - 1..<time.samples.upperBound + 1)
      for namespace in namespaces { compare(namespace, always, nil) }
    } else {
      for one in presences.0 {
        compare(
          one.namespace, Self.brackets(one), groups.0.members[one.member].life.process)
      }
    }
    return doubts
  }

  private static func brackets(_ presence: Presence) -> BracketSet {
    BracketSet(presence.from - 1..<max(presence.end, presence.from) + 1)
  }

  /// Processes that may be of one group, a container, and shared with the other or may have.
  private func uncertainMembers(
    _ other: SharedGroup, _ others: [Presence]
  ) throws(SQLiteError) -> [GroupObservation.Doubt] {
    guard !uncertain.isEmpty else { return [] }
    let group = SharedGroup(place: -1, members: uncertain)
    let rows = other.namespaces[type].map { Set($0.map(\.id)) }
    let crowds = Dictionary(grouping: others, by: \.namespace.id)
    var doubts: [GroupObservation.Doubt] = []
    for one in try group.presences(type, time) {
      let shared: [SharingFinder.Sharing] =
        if let rows {
          rows.contains(one.namespace.id) ? finder.stays(one) : []
        } else {
          try crowds[one.namespace.id].map { (crowd) throws(SQLiteError) in
            try finder.sharing(one, with: Crowd(crowd))
          } ?? []
        }
      guard !shared.isEmpty else { continue }
      doubts.append(
        .init(
          reason: .notRecorded, process: uncertain[one.member].life.process,
          brackets: BracketSet(shared.map { $0.from..<max($0.until, $0.from + 1) })))
    }
    return doubts
  }
}
