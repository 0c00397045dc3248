internal import NamespaceModel
internal import SQLite

/// A time in which one process or thread of a group was in one namespace, by numbers of samples and
/// events.
struct Presence {
  /// The place in `SharedGroup.members`.
  let member: Int
  /// See `SharedGroup.Member.owner`.
  let owner: Int64
  /// The row of the namespace.
  let namespace: Int64
  let from: Int64
  /// The last sample or event at which it was there.
  let until: Int64
  /// Up to which one it was there: `until`, or the event behind that ended it.
  let end: Int64

  var endsExactly: Bool { end > until }

  func covers(_ point: Int64) -> Bool { from <= point && point <= until }
}

extension SharedGroup {
  /// Where its members were, for one type, in the time asked for: namespace by namespace, in each in the
  /// order of the members.
  func presences(
    _ type: NamespaceType, _ time: ObservedTime, _ reading: Reading
  ) throws(SQLiteError) -> [Presence] {
    var found: [Presence] = []
    for (place, member) in members.enumerated() {
      for run in try reading.tracks.runs(of: member.memberships, type.link) {
        guard let namespace = run.value.namespace, run.from <= time.samples.upperBound,
          run.until >= time.samples.lowerBound
        else { continue }
        // Where no other process of the container was, one that may be of another says nothing of it.
        if let container = member.enclosure {
          guard namespace.isInitial != true,
            try reading.containers.containers(in: namespace, at: run.from).contains(container)
          else { continue }
        }
        let until = min(run.until, time.samples.upperBound)
        let end = until < run.until ? until : try run.end(time.index)
        found.append(
          Presence(
            member: place, owner: member.owner, namespace: namespace.id,
            from: max(run.from, time.samples.lowerBound), until: until, end: end))
      }
    }
    found.sort { ($0.namespace, $0.member, $0.from) < ($1.namespace, $1.member, $1.from) }
    return found
  }
}

extension [Presence] {
  /// The rows of their namespaces, each once.
  var namespaces: [Int64] {
    var rows: [Int64] = []
    for one in self where rows.last != one.namespace { rows.append(one.namespace) }
    return rows
  }

  /// Those in one namespace.
  func inside(_ namespace: Int64) -> ArraySlice<Presence> {
    let low = partitioningIndex { $0.namespace >= namespace }
    let high = partitioningIndex { $0.namespace > namespace }
    return self[low..<high]
  }
}

extension PIDHistory.LinkInterval {
  /// Up to which sample or event it held: where one tells of its end, that.
  func end(_ index: SampleIndex) throws(SQLiteError) -> Int64 {
    guard endsExactly else { return until }
    return try index.bracket(before: until + 1).isExactEnd(of: self) ? until + 1 : until
  }
}
