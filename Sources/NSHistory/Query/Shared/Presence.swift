internal import NamespaceModel
internal import SQLite

/// A time in which one process or thread of a group was in one namespace, by numbers of samples and
/// events.
struct Presence {
  /// The place in `SharedGroup.members`.
  let member: Int
  /// See `SharedGroup.Member.owner`.
  let owner: Int64
  let namespace: NamespaceRecord
  let from: Int64
  /// The last sample or event at which it was there.
  let until: Int64
  /// Up to which one it was there: `until`, or the event behind that ended it.
  let end: Int64

  var endsExactly: Bool { end > until }

  func covers(_ point: Int64) -> Bool { from <= point && point <= until }
}

extension SharedGroup {
  /// Where its members were, for one type, in the time asked for.
  func presences(
    _ type: NamespaceType, _ time: ObservedTime
  ) throws(SQLiteError) -> [Presence] {
    var found: [Presence] = []
    for (place, member) in members.enumerated() {
      for run in member.runs[type.link] {
        guard let namespace = run.value.namespace, run.from <= time.samples.upperBound,
          run.until >= time.samples.lowerBound
        else { continue }
        let until = min(run.until, time.samples.upperBound)
        let end = until < run.until ? until : try run.end(time.index)
        found.append(
          Presence(
            member: place, owner: member.owner, namespace: namespace,
            from: max(run.from, time.samples.lowerBound), until: until, end: end))
      }
    }
    return found
  }
}

extension Track.Run {
  /// Up to which sample or event it held: where one tells of its end, that.
  func end(_ index: SampleIndex) throws(SQLiteError) -> Int64 {
    guard endsExactly else { return until }
    return try index.bracket(before: until + 1).isExactEnd(of: self) ? until + 1 : until
  }
}

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

  /// In order; none has no time.
  let segments: [Segment]
  let presences: [Presence]
  /// Those that one sample or event alone saw, in order.
  let single: [Presence]

  init(_ presences: [Presence]) {
    self.presences = presences
    single = presences.filter { $0.from == $0.until }.sorted { $0.from < $1.from }
    struct Step {
      let point: Int64
      let owner: Int64
      let isArrival: Bool
      let isExact: Bool
    }
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
