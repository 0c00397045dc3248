internal import NamespaceModel

/// The recorded life of a PID: its processes, and what each link was from sample to sample.
struct Track {
  let pid: Int64
  /// The processes that had the PID, in the order of time.
  let processes: [ProcessRecord]
  /// For each link, in order of time and without overlap.
  let runs: [NamespaceLink: [Run]]
  /// The last sample that saw each process, by its place in `processes`.
  let lastSamples: [Int64]

  /// Samples, one after the other in one session, in which one process's link was the same.
  struct Run: Hashable {
    let from: Int64
    var until: Int64
    /// The place in `processes`.
    let process: Int
    let value: LinkValue
  }

  /// What is known of the PID in a piece of time.
  enum State: Hashable {
    case known(NamespaceRecord)
    case unknown(UnknownReason)
    /// None of the recorded processes was running.
    case absent
  }

  /// The run that a sample is in.
  func run(_ link: NamespaceLink, at sample: Int64) -> Run? {
    guard let runs = runs[link] else { return nil }
    let index = runs.partitioningIndex { $0.until >= sample }
    guard index < runs.count, runs[index].from <= sample else { return nil }
    return runs[index]
  }

  /// What is known of a link throughout a bracket, at the moments from `start` to `end` of it.
  func state(_ link: NamespaceLink, _ bracket: Bracket, from start: Int64, to end: Int64) -> State {
    guard !processes.isEmpty else { return .unknown(.notRecorded) }
    guard !processes.indices.allSatisfy({ wasAway($0, bracket, until: end) }) else {
      return bracket.hidesProcesses ? .unknown(.notRecorded) : .absent
    }
    guard bracket.coverage == .sampled else { return .unknown(.gap) }
    let before = bracket.before.flatMap { run(link, at: $0.id) }
    let after = bracket.after.flatMap { run(link, at: $0.id) }
    switch (before, after) {
    case (let before?, let after?) where before == after:
      switch before.value {
      case .namespace(let namespace): return .known(namespace)
      case .unread(let reason): return .unknown(UnknownReason(reason))
      }
    case (nil, nil):
      // A process of this PID is known, started before, and was in neither sample.
      return bracket.hidesProcesses ? .unknown(.notRecorded) : .absent
    case (let before?, let after?)
    where before.value == .unread(.denied) || after.value == .unread(.denied):
      return .unknown(.denied)
    default: return .unknown(.changedBetweenSamples)
    }
  }

  /// Whether a process was certainly not running: it started later, or a sample before this time
  /// had missed it already.
  func wasAway(_ process: Int, _ bracket: Bracket, until end: Int64) -> Bool {
    if let before = bracket.before, before.id > lastSamples[process] { return true }
    // Start times are known to a clock tick, and the wall clock may be corrected meanwhile.
    let grain: Int64 = 20_000_000
    guard bracket.clockIsSteady, let start = processes[process].start, end < start - grain else {
      return false
    }
    // In a sample of this bracket it was seen, whatever the wall clock says of its start.
    return bracket.before.map { !sees(process, at: $0.id) } ?? true
  }

  /// The process that the sample at the beginning of a bracket saw.
  func process(_ bracket: Bracket) -> ProcessRecord? {
    bracket.before.flatMap { run(.pid, at: $0.id) }.map { processes[$0.process] }
  }

  private func sees(_ process: Int, at sample: Int64) -> Bool {
    run(.pid, at: sample)?.process == process
  }
}

extension UnknownReason {
  /// The reason that a link could not be read.
  init(_ reason: UnreadReason) {
    switch reason {
    case .denied: self = .denied
    case .zombie: self = .zombie
    case .unsupported: self = .unsupported
    // Of no link that a verdict is about.
    case .pending: self = .changedBetweenSamples
    }
  }
}
