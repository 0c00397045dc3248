package import NamespaceModel
internal import SQLite

/// The question "Which processes ever shared a namespace with this one?"
package struct PeersQuestion: Sendable {
  /// The process.
  package var process: ProcessSelector
  /// The time asked about.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]
  /// Whether a shared initial namespace counts: nearly all processes share these with the host.
  package var countsInitial: Bool

  /// A question with these values.
  package init(
    _ process: ProcessSelector, in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases, countsInitial: Bool = false
  ) {
    self.process = process
    self.window = window
    self.types = types
    self.countsInitial = countsInitial
  }
}

/// Finds the processes that shared namespaces with one process.
struct PeersQuery {
  let reading: HistorySnapshot
  let question: PeersQuestion
  let samples: ClosedRange<SequenceNumber>

  /// Calls `body` with each peer; returns false if `body` did.
  func forEach(of history: TaskHistory, _ body: (Peer) -> Bool) throws(SQLiteError) -> Bool {
    let runs = try reading.threads.apart(history)
    var own: [NamespaceType: [PIDHistory.LinkInterval]] = [:]
    var candidates: Set<TaskID> = []
    for type in question.types {
      own[type] = runs[type.link].filter { run in
        guard let namespace = run.value.namespace else { return false }
        return question.countsInitial || namespace.isInitial != true
      }
      for run in own[type] ?? [] { candidates.formUnion(try members(run)) }
    }
    try removeOwn(of: history.process, from: &candidates)
    let together = TogetherFinder(reading: reading, window: question.window)
    for task in candidates.sorted() {
      guard let other = try reading.taskHistories.history(of: task) else { continue }
      let others = try reading.pidHistories.runs(of: other.memberships)
      var shared: [Peer.Shared] = []
      var last: ClosedRange<SequenceNumber>?
      for type in question.types {
        let found = try together.shared(own[type] ?? [], others[type.link])
        shared += found.shared
        if let range = found.last, range.upperBound > last?.upperBound ?? .min { last = range }
      }
      guard !shared.isEmpty, let last else { continue }
      let peer = Peer(
        process: try reading.index.described(history.process, through: last, in: question.window),
        peer: try reading.index.described(other.process, through: last, in: question.window),
        shared: shared)
      guard body(peer) else { return false }
    }
    return true
  }

  /// Removes a process and its threads from the candidates: they do not count as peers of one another.
  private func removeOwn(
    of process: ProcessRecord, from candidates: inout Set<TaskID>
  ) throws(SQLiteError) {
    guard !candidates.isEmpty else { return }
    let leader = process.tid == nil ? process : try reading.taskHistories.parent(of: process)
    candidates.remove(process.task)
    guard let leader else { return }
    candidates.remove(leader.task)
    for thread in try reading.taskHistories.threads(of: leader) {
      candidates.remove(thread.process.task)
    }
  }

  /// Returns the tasks that were in the namespace of an interval at any sample of it.
  private func members(_ run: PIDHistory.LinkInterval) throws(SQLiteError) -> [TaskID] {
    guard let namespace = run.value.namespace else { return [] }
    let low = max(run.from, samples.lowerBound)
    let high = min(run.until, samples.upperBound)
    guard low <= high else { return [] }
    return try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
    ).bind(reading.index.values(low...high, namespace)).map { $0.task(0) }
  }
}

/// A process that shared namespaces with the one asked about, and when.
package struct Peer: Sendable, Hashable {
  /// The process asked about: several processes may have had its PID. This and the other process have the last
  /// description that they had while they shared a namespace in the time asked about.
  package let process: ProcessRecord
  /// The other process.
  package let peer: ProcessRecord
  /// The namespaces that they shared, in the order of the types asked for.
  package let shared: [Shared]

  /// One namespace that both processes were in, with the times.
  package struct Shared: Sendable, Hashable {
    /// The namespace.
    package let namespace: NamespaceRecord
    /// The proven times of sharing, in order. The sharing may have begun up to one interval between samples before
    /// such a time, and ended up to one interval after it.
    package let intervals: [Together]

    /// The total length of these times, in nanoseconds.
    package var total: Int64 { intervals.reduce(0) { $0 &+ ($1.until &- $1.from) } }
  }

  /// A time in which both processes were seen in one namespace; defined
  /// like `SameAnswer.Interval`.
  package struct Together: Sendable, Hashable {
    /// The end of the first sample that saw both, or the time of the event that began the sharing.
    package let from: WallTime
    /// The beginning of the last sample that saw both, or the time of the event that ended the sharing.
    package let until: WallTime
    /// Whether both still shared the namespace in the last sample, and the recorder is still running.
    package let isOpen: Bool
  }
}

/// Finds the times at which two processes are proven to have been in one namespace, by the rules of
/// `SameOverRange`.
struct TogetherFinder {
  let reading: HistorySnapshot
  let window: TimeWindow

  private var index: SampleIndex { reading.index }

  /// Returns the namespaces that two lists of intervals of one type share, with the times, and the last range of samples
  /// and events in which they share one; nil if they share none.
  func shared(
    _ first: [PIDHistory.LinkInterval], _ second: [PIDHistory.LinkInterval]
  ) throws(SQLiteError) -> (shared: [Peer.Shared], last: ClosedRange<SequenceNumber>?) {
    var order: [NamespaceRecord] = []
    var times: [NamespaceRecord: [Peer.Together]] = [:]
    var last: ClosedRange<SequenceNumber>?
    for one in first {
      guard let namespace = one.value.namespace else { continue }
      for other in second where other.value == one.value {
        let low = max(one.from, other.from)
        let high = min(one.until, other.until)
        guard low <= high else { continue }
        for piece in try index.pieces(of: low...high) {
          guard let time = try time(piece, one, other) else { continue }
          if times[namespace] == nil { order.append(namespace) }
          times[namespace, default: []].append(time)
          if piece.upperBound > last?.upperBound ?? .min { last = piece }
        }
      }
    }
    return (order.map { Peer.Shared(namespace: $0, intervals: times[$0] ?? []) }, last)
  }

  private func time(
    _ piece: ClosedRange<SequenceNumber>, _ one: PIDHistory.LinkInterval,
    _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> Peer.Together? {
    let opening = try index.point(piece.lowerBound)
    let rest = try rest(after: piece.upperBound, one, other)
    var from = opening.wall
    var until = opening.wall
    if piece.count > 1 {
      from = opening.wallEnd
      until = max(from, try index.point(piece.upperBound).wall)
    } else if try !isProven(by: opening, one, other) {
      guard let rest else { return nil }
      from = rest.lowerBound
    }
    until = max(until, rest?.upperBound ?? until)
    guard window.overlaps(from, until) else { return nil }
    let isWhole = until <= window.until ?? until
    from = max(from, window.since ?? from)
    until = min(until, window.until ?? until)
    return Peer.Together(
      from: from, until: until,
      isOpen: isWhole && piece.upperBound == index.last && index.sessions.last?.isOpen == true)
  }

  /// Returns the time from a sample to the event that ended the sharing, if both processes were there
  /// throughout.
  private func rest(
    after sample: SequenceNumber, _ one: PIDHistory.LinkInterval, _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> ClosedRange<WallTime>? {
    let next = try index.sampleWindow(before: sample + 1)
    let stayed = [one, other].allSatisfy { $0.until > sample || next.isExactEnd(of: $0) }
    return next.isExact && stayed ? next.certain : nil
  }

  /// Whether one sample proves that both processes were there at one moment: a sample is not atomic, see
  /// `Simultaneity`.
  private func isProven(
    by sample: SamplePoint, _ one: PIDHistory.LinkInterval, _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> Bool {
    if sample.isExact { return true }
    return try SampleSides(sample, index).prove([one, other])
  }
}
