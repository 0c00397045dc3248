internal import NamespaceModel
internal import SQLite

/// Times at which processes of a group were in one namespace, and how many.
struct Crowd {
  /// A time in which the same processes were there.
  struct Segment {
    let from: Int64
    let until: Int64
    /// How many processes, each with its threads.
    let count: Int
    /// The owner, where it is one.
    let sole: Int64
    /// Whether an event ended it.
    let endsExactly: Bool
    /// How many of them had been there in the time before; the owner, where it is one.
    let stayed: Int
    let soleStayed: Int64

    /// Whether another than one process is among them.
    func hasOther(than owner: Int64) -> Bool { count > 1 || count == 1 && sole != owner }

    /// Whether another than one process had been there in the time before.
    func keepsOther(than owner: Int64) -> Bool {
      stayed > 1 || stayed == 1 && soleStayed != owner
    }
  }

  /// One that comes, or leaves.
  private struct Step {
    let point: Int64
    let owner: Int64
    let isArrival: Bool
    let isExact: Bool
  }

  /// In order; none has no time.
  let segments: [Segment]
  let presences: PresenceIndex
  /// The samples or events that alone saw one of them, in order.
  let single: [Int64]

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
    var there: [Int64: Int] = [:]
    var next = 0
    var from: Int64 = 0
    var (stayed, soleStayed) = (0, Int64(0))
    while next < steps.count {
      let point = steps[next].point
      let (count, sole) = (there.count, there.count == 1 ? there.keys.first ?? 0 : 0)
      var isExact = true
      let before = there
      var left: Set<Int64> = []
      while next < steps.count, steps[next].point == point {
        let step = steps[next]
        let rest = there[step.owner, default: 0] + (step.isArrival ? 1 : -1)
        // A step of one owner may come before the one that it follows.
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
      (stayed, soleStayed) = (kept, 0)
      if kept == 1 { soleStayed = before.keys.first { !left.contains($0) } ?? 0 }
    }
    self.segments = segments
  }
}

/// Presences, to find those that were there at some time without a look at all: in the order in which
/// they began, with the last end of each half, of each half of that, and so on.
struct PresenceIndex {
  private let presences: [Presence]
  /// The last end, which is `until` or `end`, in the part whose middle has this place.
  private var latest: [Int64]

  init(_ presences: some Collection<Presence>) {
    self.presences = presences.sorted { ($0.from, $0.member) < ($1.from, $1.member) }
    latest = self.presences.map { max($0.until, $0.end) }
    _ = fill(latest.indices)
  }

  private mutating func fill(_ part: Range<Int>) -> Int64 {
    guard !part.isEmpty else { return Int64.min }
    let middle = part.lowerBound + part.count / 2
    let halves = max(fill(part.lowerBound..<middle), fill(middle + 1..<part.upperBound))
    latest[middle] = max(latest[middle], halves)
    return latest[middle]
  }

  /// Gives `body` each that began at `high` or before and ended at `low` or later, in the order in which
  /// they began. Ends early when `body` returns false.
  func forEach(from low: Int64, to high: Int64, _ body: (Presence) -> Bool) {
    _ = forEach(presences.indices, low, high, body)
  }

  private func forEach(
    _ part: Range<Int>, _ low: Int64, _ high: Int64, _ body: (Presence) -> Bool
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
    _ type: NamespaceType, _ time: ObservedTime, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> [Presence] {
    var found: [Presence] = []
    for (place, member) in members.enumerated() {
      for run in try reading.pidHistories.runs(of: member.memberships, type.link) {
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
    return try index.sampleWindow(before: until + 1).isExactEnd(of: self) ? until + 1 : until
  }
}
