internal import NamespaceModel
internal import SQLite

/// Two groups and one type: finds the reasons for which it is unknown whether the groups shared a namespace
/// of that type, or when else they did.
struct SharedPair {
  let groups: (SharedGroup, SharedGroup)
  let presences: ([Presence], [Presence])
  let observations: (GroupObservation, GroupObservation)
  let type: NamespaceType
  let reading: HistorySnapshot
  let finder: SharingFinder
  /// The processes that may have belonged to a container.
  let uncertain: [OutsiderFinder.Uncertain]

  private var time: ObservedTime { finder.time }

  // MARK: Unobserved times

  /// A time in which something about one group was not observed while the other group was running, or may
  /// have been.
  struct Gap {
    let group: Int
    let unobserved: GroupObservation.UnobservedTime
  }

  /// One of the groups, with its presences in namespaces and the extent to which it was observed.
  private struct Side {
    let group: SharedGroup
    let presences: [Presence]
    let observation: GroupObservation
  }

  /// Returns the gaps because of which it is unknown whether the groups shared a namespace, or at which
  /// other times they did.
  func gaps(isShared: Bool) throws(SQLiteError) -> [Gap] {
    let one = Side(group: groups.0, presences: presences.0, observation: observations.0)
    let two = Side(group: groups.1, presences: presences.1, observation: observations.1)
    let sides = [(one, two), (two, one)]
    var found: [Gap] = []
    for (own, other) in sides {
      // If sharing is proven, the processes in the proof are known, so the times of unrecorded processes do
      // not count.
      for unobserved in own.observation.unobservedTimes where !(isShared && unobserved.isOfOthers) {
        let possible = isShared ? other.observation.recorded : other.observation.possible
        add(unobserved, own.group, possible, to: &found)
      }
    }
    for (own, other) in sides {
      for unobserved in try sharedVisits(own.observation.possibleVisits, other) {
        add(unobserved, own.group, time.asked, to: &found)
      }
    }
    // Next to proven sharing, a namespace that may be the same or a process that may belong to the group
    // adds nothing.
    if isShared { return found }
    for unobserved in try reusedNumbers() { add(unobserved, groups.0, time.asked, to: &found) }
    for (own, other) in sides where own.group.isContainer {
      for unobserved in try uncertainMembers(of: own.group, other.group, other.presences) {
        add(unobserved, own.group, time.asked, to: &found)
      }
    }
    return found
  }

  private func add(
    _ unobserved: GroupObservation.UnobservedTime, _ group: SharedGroup,
    _ possible: SampleWindowSet,
    to found: inout [Gap]
  ) {
    let sampleWindows = unobserved.sampleWindows.intersection(possible)
    guard !sampleWindows.isEmpty else { return }
    found.append(
      .init(
        group: group.index,
        unobserved: .init(
          reason: unobserved.reason, process: unobserved.process, sampleWindows: sampleWindows,
          isOfOthers: unobserved.isOfOthers)))
  }

  /// Returns the reason for which the verdict is unknown; nil if it is not.
  func reason(_ gaps: [Gap]) -> UnknownReason? {
    if !groups.0.isKnown || !groups.1.isKnown {
      if !time.expired.isEmpty { return .expired }
      return time.asked.subtracting(time.missing).isEmpty ? .gap : .notRecorded
    }
    if time.asked.isEmpty { return .gap }
    if let reason = UnknownReason.mostInformative(gaps.map(\.unobserved.reason)) { return reason }
    guard observations.0.recorded.isEmpty || observations.1.recorded.isEmpty else { return nil }
    guard time.asked.subtracting(time.missing).isEmpty else { return .notRunning }
    return time.expired.isEmpty ? .gap : .expired
  }

  /// The time in which processes of both groups were running, or may have been.
  private var together: SampleWindowSet {
    observations.0.possible.intersection(observations.1.possible)
  }

  /// Whether no two processes of the groups were running at one time.
  var areAtDifferentTimes: Bool { together.isEmpty }

  /// Whether events alone prove that the groups never shared. Otherwise samples and start times prove that
  /// their processes were running at different times.
  var isNeverExact: Bool {
    let all = observations.0.possible.union(observations.1.possible)
    return (areAtDifferentTimes ? all : together).subtracting(time.exact).isEmpty
  }

  /// Returns the unobserved times of pairs of rows with one inode number that may be one namespace, at times when
  /// processes of the two groups were in both.
  private func reusedNumbers() throws(SQLiteError) -> [GroupObservation.UnobservedTime] {
    var unobservedTimes: [GroupObservation.UnobservedTime] = []
    let others = try namespaces(of: groups.1, presences.1)
    let byNumber = Dictionary(grouping: others, by: \.inode)
    for namespace in try namespaces(of: groups.0, presences.0) {
      for other in byNumber[namespace.inode] ?? []
      where other.id != namespace.id && !other.differs(from: namespace) {
        let sampleWindows = times(in: other, groups.1, presences.1)
        for (process, own) in processes(in: namespace) {
          let both = sampleWindows.intersection(own)
          if both.isEmpty { continue }
          unobservedTimes.append(
            .init(reason: .inodeMayBeReused, process: process, sampleWindows: both))
        }
      }
    }
    return unobservedTimes
  }

  /// Returns the namespaces of which a group consists, or which its members were in.
  private func namespaces(
    of group: SharedGroup, _ presences: [Presence]
  ) throws(SQLiteError) -> [NamespaceRecord] {
    if let namespaces = group.namespaces[type] { return namespaces }
    return try presences.namespaces.map { (row) throws(SQLiteError) in
      try reading.namespaces.lifetime(row).namespace
    }
  }

  /// Returns the members of the first group that were in a namespace, with the times; one entry without a
  /// process if the group consists of namespaces.
  private func processes(in namespace: NamespaceRecord) -> [(TaskID?, SampleWindowSet)] {
    if groups.0.isNamespace(type) { return [(nil, always)] }
    return presences.0.inside(namespace.id).map {
      (groups.0.members[$0.member].task, Self.sampleWindows($0))
    }
  }

  /// Returns the time in which a group was in a namespace, extended by one sample window on each side.
  private func times(
    in namespace: NamespaceRecord, _ group: SharedGroup, _ presences: [Presence]
  ) -> SampleWindowSet {
    if group.isNamespace(type) { return always }
    return SampleWindowSet(presences.inside(namespace.id).flatMap { Self.sampleWindows($0).ranges })
  }

  private var always: SampleWindowSet {
    SampleWindowSet(time.samples.lowerBound - 1..<time.samples.upperBound + 1)
  }

  private static func sampleWindows(_ presence: Presence) -> SampleWindowSet {
    SampleWindowSet(presence.from - 1..<max(presence.end, presence.from) + 1)
  }

  /// Returns unobserved times for the visits of processes that may have belonged to one group: those to a namespace
  /// in which the other group was, or may have been. A row with the same inode number counts as the same
  /// namespace unless the two certainly differ.
  private func sharedVisits(
    _ visits: [GroupObservation.PossibleVisit], _ other: Side
  ) throws(SQLiteError) -> [GroupObservation.UnobservedTime] {
    guard !visits.isEmpty else { return [] }
    let byNumber = Dictionary(
      grouping: try namespaces(of: other.group, other.presences), by: \.inode)
    var indices: [Int64: PresenceIndex] = [:]
    return visits.compactMap { visit in
      func isSelected(_ namespace: NamespaceRecord) -> Bool {
        namespace.id == visit.namespace.id || !namespace.differs(from: visit.namespace)
      }
      var there: [Range<SequenceNumber>] = []
      for namespace in byNumber[visit.namespace.inode] ?? [] where isSelected(namespace) {
        if other.group.isNamespace(type) {
          there += always.ranges
          continue
        }
        let index = indices[namespace.id] ?? PresenceIndex(other.presences.inside(namespace.id))
        indices[namespace.id] = index
        for time in visit.sampleWindows.ranges {
          index.forEach(from: time.lowerBound - 1, to: time.upperBound + 1) { presence in
            if presence.owner != visit.owner { there += Self.sampleWindows(presence).ranges }
            return true
          }
        }
      }
      for another in other.observation.possibleVisits
      where another.owner != visit.owner && isSelected(another.namespace) {
        there += another.sampleWindows.ranges
      }
      let both = visit.sampleWindows.intersection(SampleWindowSet(there))
      return both.isEmpty
        ? nil : .init(reason: .changedBetweenSamples, process: visit.process, sampleWindows: both)
    }
  }

  /// Returns unobserved times for the processes that may belong to one group, a container, and that shared a
  /// namespace with the other group, or may have.
  private func uncertainMembers(
    of group: SharedGroup, _ other: SharedGroup, _ others: [Presence]
  ) throws(SQLiteError) -> [GroupObservation.UnobservedTime] {
    let uncertain = uncertain.filter { $0.group == nil || $0.group == group.index }.map(\.member)
    guard !uncertain.isEmpty else { return [] }
    let possible = SharedGroup(index: -1, members: uncertain)
    let rows = other.namespaces[type].map { Set($0.map(\.id)) }
    var crowds: [Int64: Crowd] = [:]
    var unobservedTimes: [GroupObservation.UnobservedTime] = []
    for one in try possible.presences(type, time, reading) {
      var shared: [SharingFinder.Sharing] = []
      if let rows {
        if rows.contains(one.namespace) { shared = finder.intervals(one) }
      } else {
        let crowd = crowds[one.namespace] ?? Crowd(others.inside(one.namespace))
        crowds[one.namespace] = crowd
        shared = try finder.sharing(one, with: crowd)
      }
      guard !shared.isEmpty else { continue }
      unobservedTimes.append(
        .init(
          reason: .notRecorded, process: uncertain[one.member].task,
          sampleWindows: SampleWindowSet(shared.map { $0.from..<max($0.until, $0.from + 1) })))
    }
    return unobservedTimes
  }
}
