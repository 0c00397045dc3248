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
