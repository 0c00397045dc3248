public import NamespaceModel
internal import SQLite

/// "Who ever shared a namespace with it?"
public struct PeersQuestion: Sendable {
  /// The process.
  public var process: ProcessSelector
  /// When.
  public var window: TimeWindow
  /// The types asked for.
  public var types: [NamespaceType]
  /// Whether sharing an initial namespace counts: nearly all share those with the host.
  public var countsInitial: Bool

  /// A question with these values.
  public init(
    _ process: ProcessSelector, in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases, countsInitial: Bool = false
  ) {
    self.process = process
    self.window = window
    self.types = types
    self.countsInitial = countsInitial
  }
}

extension HistoryReader {
  /// Gives `body` every process that was proven to share a namespace with the one asked about, in the
  /// order in which they were met. Ends early when `body` returns false.
  public func peers(
    _ question: PeersQuestion, _ body: (Peer) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: question.window)) { (reading) throws(SQLiteError) in
      guard let samples = try reading.index.samples(around: question.window) else { return }
      let query = PeersQuery(reading: reading, question: question, samples: samples)
      for life in try ProcessFinder(reading: reading).lives(
        question.process, in: question.window, withThreads: true)
      {
        guard try query.forEach(of: life, body) else { return }
      }
    }
  }
}

/// Finds who was in the namespaces of one process while it was.
struct PeersQuery {
  let reading: Reading
  let question: PeersQuestion
  let samples: ClosedRange<Int64>

  /// Gives `body` each peer; returns false when `body` did.
  func forEach(of life: TaskHistory, _ body: (Peer) -> Bool) throws(SQLiteError) -> Bool {
    let runs = try reading.threads.apart(life)
    var own: [NamespaceType: [PIDHistory.LinkInterval]] = [:]
    var candidates: Set<Int64> = []
    for type in question.types {
      own[type] = runs[type.link].filter { run in
        guard let namespace = run.value.namespace else { return false }
        return question.countsInitial || namespace.isInitial != true
      }
      for run in own[type] ?? [] { candidates.formUnion(try members(run)) }
    }
    try removeOwn(of: life.process, from: &candidates)
    let together = TogetherFinder(reading: reading, window: question.window)
    for task in candidates.sorted() {
      guard let other = try reading.lives.life(task: task) else { continue }
      let others = try reading.tracks.runs(of: other.memberships)
      var shared: [Peer.Shared] = []
      for type in question.types {
        shared += try together.shared(own[type] ?? [], others[type.link])
      }
      guard !shared.isEmpty else { continue }
      guard body(Peer(process: life.process, peer: other.process, shared: shared)) else {
        return false
      }
    }
    return true
  }

  /// A process and its threads are no peers of one another.
  private func removeOwn(
    of process: ProcessRecord, from candidates: inout Set<Int64>
  ) throws(SQLiteError) {
    guard !candidates.isEmpty else { return }
    let leader = process.tid == nil ? process : try reading.lives.parent(of: process)
    candidates.remove(process.id)
    guard let leader else { return }
    candidates.remove(leader.id)
    for thread in try reading.lives.threads(of: leader) { candidates.remove(thread.process.id) }
  }

  /// Who was in the namespace of a run at any sample of it.
  private func members(_ run: PIDHistory.LinkInterval) throws(SQLiteError) -> [Int64] {
    guard let namespace = run.value.namespace else { return [] }
    let low = max(run.from, samples.lowerBound)
    let high = min(run.until, samples.upperBound)
    guard low <= high else { return [] }
    return try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
    ).bind(IntervalOverlapQuery.values(low...high, namespace)).map { $0.integer(0) }
  }
}
