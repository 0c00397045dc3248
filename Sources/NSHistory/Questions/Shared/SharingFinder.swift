internal import NamespaceModel
internal import SQLite

/// Finds the times at which the processes of a group were proven to share a namespace with others, by
/// the rules of `SameOverRange`: throughout the time between two samples that both saw them there, or
/// between events; and at a single sample as `SampleSides` says.
///
/// The finder does not compare every pair of processes. It compares the times of each process once with those of all
/// other processes in the same namespace together (`Crowd`).
struct SharingFinder {
  let time: ObservedTime

  /// An interval throughout which a process shared a namespace, by sequence numbers.
  struct Sharing {
    let from: SequenceNumber
    let until: SequenceNumber
    let endsExactly: Bool
  }

  private var index: SampleIndex { time.index }

  /// Returns the intervals in which a process was in a namespace with others of a crowd.
  func sharing(_ one: Presence, with crowd: Crowd) throws(SQLiteError) -> [Sharing] {
    var found: [Sharing] = []
    for part in try overlaps(one, crowd) { found += pieces(of: part) }
    let moments = self.moments(one, crowd).filter { !Self.isIn(found, $0) }
    for moment in moments where try isProven(at: moment, one, crowd) {
      found.append(.init(from: moment, until: moment, endsExactly: false))
    }
    return found.sorted { $0.from < $1.from }
  }

  /// Returns the intervals in which a process was in a namespace.
  func intervals(_ one: Presence) -> [Sharing] {
    var found = pieces(of: .init(from: one.from, until: one.end, endsExactly: one.endsExactly))
    let moments = Set(bounds(one)).filter { !Self.isIn(found, $0) }
    for moment in moments { found.append(.init(from: moment, until: moment, endsExactly: false)) }
    return found.sorted { $0.from < $1.from }
  }

  /// Whether a sequence number lies in one of the intervals, which are sorted.
  private static func isIn(_ times: [Sharing], _ moment: SequenceNumber) -> Bool {
    let position = times.partitioningIndex { $0.until >= moment }
    return position < times.count && times[position].from <= moment
  }

  /// Returns the intervals in which the process was there with another one, not yet split at gaps.
  private func overlaps(
    _ one: Presence, _ crowd: Crowd
  ) throws(SQLiteError) -> [Sharing] {
    var found: [Sharing] = []
    let segments = crowd.segments
    var position = segments.partitioningIndex { $0.until > one.from }
    while position < segments.count, segments[position].from < one.end {
      let segment = segments[position]
      position += 1
      guard segment.hasOther(than: one.owner) else { continue }
      let from = max(one.from, segment.from)
      let until = min(one.end, segment.until)
      let endsExactly =
        (until < one.end || one.endsExactly) && (until < segment.until || segment.endsExactly)
      // Within one sample, a process may have left before the next one arrived.
      var isContinued = false
      if let last = found.last, last.until == from {
        isContinued = segment.keepsOther(than: one.owner)
        if !isContinued { isContinued = try index.point(from).isExact }
      }
      if isContinued, let last = found.last {
        found[found.count - 1] = .init(from: last.from, until: until, endsExactly: endsExactly)
      } else {
        found.append(.init(from: from, until: until, endsExactly: endsExactly))
      }
    }
    return found
  }

  /// Splits an interval at missing samples and at clock changes.
  private func pieces(of whole: Sharing) -> [Sharing] {
    var found: [Sharing] = []
    var from = whole.from
    var next = time.cuts.partitioningIndex { $0 > whole.from }
    while next < time.cuts.count, time.cuts[next] <= whole.until {
      let cut = time.cuts[next]
      if from < cut - 1 { found.append(.init(from: from, until: cut - 1, endsExactly: false)) }
      from = cut
      next += 1
    }
    if from < whole.until {
      found.append(.init(from: from, until: whole.until, endsExactly: whole.endsExactly))
    }
    return found
  }

  /// The first and the last sample of each part of a presence.
  private func bounds(_ one: Presence) -> [SequenceNumber] {
    let low = max(one.from, time.samples.lowerBound)
    let high = min(one.until, time.samples.upperBound)
    guard low <= high else { return [] }
    var bounds = [low, high]
    var next = time.cuts.partitioningIndex { $0 > low }
    while next < time.cuts.count, time.cuts[next] <= high {
      bounds += [time.cuts[next] - 1, time.cuts[next]]
      next += 1
    }
    return bounds
  }

  /// Returns the samples that may prove the sharing without a second sample.
  private func moments(_ one: Presence, _ crowd: Crowd) -> [SequenceNumber] {
    var moments = Set(bounds(one))
    let first = crowd.single.partitioningIndex { $0 >= one.from }
    moments.formUnion(crowd.single[first...].prefix { $0 <= one.until })
    return moments.filter(time.samples.contains).sorted()
  }

  /// Whether one sample or event proves that this process and another one were there at one moment.
  private func isProven(
    at moment: SequenceNumber, _ one: Presence, _ crowd: Crowd
  ) throws(SQLiteError) -> Bool {
    let point = try index.point(moment)
    let sides = point.isExact ? nil : try SampleSides(point, index)
    var isProven = false
    crowd.presences.forEach(from: moment, to: moment) { other in
      guard other.owner != one.owner, other.covers(moment) else { return true }
      isProven = sides?.prove([one, other]) ?? true
      return !isProven
    }
    return isProven
  }
}

extension SampleSides {
  /// Whether two processes that the sample saw in a namespace were there at one moment of it.
  func prove(_ presences: [Presence]) -> Bool {
    prove(presences.map { ($0.from, $0.until) })
  }
}

/// The intervals in which processes of a group were in one namespace, with the number of processes.
struct Crowd {
  /// An interval in which the set of processes did not change.
  struct Segment {
    let from: SequenceNumber
    let until: SequenceNumber
    /// The number of processes; the threads of a process count as that process.
    let count: Int
    /// The only process, if `count` is 1.
    let sole: TaskID?
    /// Whether an event ended the segment.
    let endsExactly: Bool
    /// The number of processes that stayed from the previous segment.
    let stayed: Int
    /// The only process that stayed, if `stayed` is 1.
    let soleStayed: TaskID?

    /// Whether a process other than `owner` is in the segment.
    func hasOther(than owner: TaskID) -> Bool { count > 1 || count == 1 && sole != owner }

    /// Whether a process other than `owner` stayed from the previous segment.
    func keepsOther(than owner: TaskID) -> Bool {
      stayed > 1 || stayed == 1 && soleStayed != owner
    }
  }

  /// The arrival or the departure of one process or thread.
  private struct Step {
    let point: SequenceNumber
    let owner: TaskID
    let isArrival: Bool
    let isExact: Bool
  }

  /// The segments in order; none is empty.
  let segments: [Segment]
  let presences: PresenceIndex
  /// The samples or events that are the only one to show some presence, in order.
  let single: [SequenceNumber]

  init(_ presences: some Collection<Presence>) {
    self.presences = PresenceIndex(presences)
    single = presences.filter { $0.from == $0.until }.map(\.from).sorted()
    var steps: [Step] = []
    for one in presences where one.end > one.from {
      steps.append(.init(point: one.from, owner: one.owner, isArrival: true, isExact: true))
      steps.append(
        .init(point: one.end, owner: one.owner, isArrival: false, isExact: one.endsExactly))
    }
    steps.sort { $0.point < $1.point }
    var segments: [Segment] = []
    var there: [TaskID: Int] = [:]
    var next = 0
    var from: SequenceNumber = .zero
    var stayed = 0
    var soleStayed: TaskID?
    while next < steps.count {
      let point = steps[next].point
      let (count, sole) = (there.count, there.count == 1 ? there.keys.first : nil)
      var isExact = true
      let before = there
      var left: Set<TaskID> = []
      while next < steps.count, steps[next].point == point {
        let step = steps[next]
        let rest = there[step.owner, default: 0] + (step.isArrival ? 1 : -1)
        // The steps of one point are not ordered, so a departure may come before the arrival that
        // precedes it in time.
        there[step.owner] = rest == 0 ? nil : rest
        if !step.isArrival { left.insert(step.owner) }
        isExact = isExact && step.isExact
        next += 1
      }
      if count > 0, from < point {
        segments.append(
          .init(
            from: from, until: point, count: count, sole: sole, endsExactly: isExact,
            stayed: stayed, soleStayed: soleStayed))
      }
      from = point
      let kept = left.isEmpty ? before.count : before.keys.count { !left.contains($0) }
      (stayed, soleStayed) = (kept, nil)
      if kept == 1 { soleStayed = before.keys.first { !left.contains($0) } }
    }
    self.segments = segments
  }
}

/// An index to find the presences that overlap a time: an implicit interval tree. The presences are
/// sorted by beginning; each subtree stores the latest end in it.
struct PresenceIndex {
  private let presences: [Presence]
  /// By the index of a subtree's middle presence, the latest `until` or `end` in the subtree.
  private var latest: [SequenceNumber]

  init(_ presences: some Collection<Presence>) {
    self.presences = presences.sorted { ($0.from, $0.member) < ($1.from, $1.member) }
    latest = self.presences.map { max($0.until, $0.end) }
    _ = fill(latest.indices)
  }

  private mutating func fill(_ part: Range<Int>) -> SequenceNumber {
    guard !part.isEmpty else { return .min }
    let middle = part.lowerBound + part.count / 2
    let halves = max(fill(part.lowerBound..<middle), fill(middle + 1..<part.upperBound))
    latest[middle] = max(latest[middle], halves)
    return latest[middle]
  }

  /// Calls `body` with each presence that began at `high` or before and ended at `low` or later, in
  /// order of beginning. Stops when `body` returns false.
  func forEach(from low: SequenceNumber, to high: SequenceNumber, _ body: (Presence) -> Bool) {
    _ = forEach(presences.indices, low, high, body)
  }

  private func forEach(
    _ part: Range<Int>, _ low: SequenceNumber, _ high: SequenceNumber, _ body: (Presence) -> Bool
  ) -> Bool {
    guard !part.isEmpty else { return true }
    let middle = part.lowerBound + part.count / 2
    guard latest[middle] >= low else { return true }
    guard forEach(part.lowerBound..<middle, low, high, body) else { return false }
    let one = presences[middle]
    guard one.from <= high else { return true }
    if max(one.until, one.end) >= low, !body(one) { return false }
    return forEach(middle + 1..<part.upperBound, low, high, body)
  }
}

/// An interval in which one process or thread of a group was in one namespace, by sequence numbers.
struct Presence {
  /// The index in `SharedGroup.members`.
  let member: Int
  /// See `SharedGroup.Member.owner`.
  let owner: TaskID
  /// The row id of the namespace.
  let namespace: Int64
  /// The first sample or event at which the member was in the namespace.
  let from: SequenceNumber
  /// The last sample or event at which the member was in the namespace.
  let until: SequenceNumber
  /// The sequence number up to which the member was there: `until`, or that of the next event, which
  /// ended the presence.
  let end: SequenceNumber

  var endsExactly: Bool { end > until }

  func covers(_ point: SequenceNumber) -> Bool { from <= point && point <= until }
}

extension SharedGroup {
  /// Returns the presences of the members for one type in the time asked about, sorted by namespace, and
  /// in each by member.
  func presences(
    _ type: NamespaceType, _ time: ObservedTime, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> [Presence] {
    var found: [Presence] = []
    for (position, member) in members.enumerated() {
      for run in try reading.pidHistories.runs(of: member.memberships, type.link) {
        guard let namespace = run.value.namespace, run.from <= time.samples.upperBound,
          run.until >= time.samples.lowerBound
        else { continue }
        // A member that belongs to a container only by its namespaces counts only in namespaces of that container:
        // its other namespaces may be those of another container.
        if let container = member.enclosure {
          guard namespace.isInitial != true,
            try reading.containers.containers(in: namespace, at: run.from).contains(container)
          else { continue }
        }
        let until = min(run.until, time.samples.upperBound)
        let end = until < run.until ? until : try run.end(time.index)
        found.append(
          Presence(
            member: position, owner: member.owner, namespace: namespace.id,
            from: max(run.from, time.samples.lowerBound), until: until, end: end))
      }
    }
    found.sort { ($0.namespace, $0.member, $0.from) < ($1.namespace, $1.member, $1.from) }
    return found
  }
}

extension [Presence] {
  /// The row ids of their namespaces, each once.
  var namespaces: [Int64] {
    var rows: [Int64] = []
    for one in self where rows.last != one.namespace { rows.append(one.namespace) }
    return rows
  }

  /// The presences in one namespace.
  func inside(_ namespace: Int64) -> ArraySlice<Presence> {
    let low = partitioningIndex { $0.namespace >= namespace }
    let high = partitioningIndex { $0.namespace > namespace }
    return self[low..<high]
  }
}

extension PIDHistory.LinkInterval {
  /// Returns the sequence number up to which the interval held: that of the event that ended it, if
  /// there is one.
  func end(_ index: SampleIndex) throws(SQLiteError) -> SequenceNumber {
    guard endsExactly else { return until }
    return try index.sampleWindow(before: until + 1).isExactEnd(of: self) ? until + 1 : until
  }
}
