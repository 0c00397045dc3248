/// What the states of several PIDs, in one piece of time, say together.
struct Judgement: Hashable {
  let verdict: Verdict
  let reason: UnknownReason?
  /// What was known of each PID.
  let states: [Track.State]

  init(_ states: [Track.State]) {
    self.states = states
    let known = states.compactMap { state in
      if case .known(let namespace) = state { namespace } else { nil }
    }
    if Self.anyDiffer(known) {
      verdict = .different
      reason = nil
    } else if known.count == states.count {
      // None certainly differ; unless all are one row, an inode number is all they share.
      let isOne = Set(known.map(\.id)).count == 1
      verdict = isOne ? .same : .unknown
      reason = isOne ? nil : .inodeMayBeReused
    } else {
      verdict = .unknown
      reason = Self.firstReason(states)
    }
  }

  /// The judgement that states which each hold at a moment of their own cannot prove to have held
  /// all at once.
  init(unproven states: [Track.State]) {
    self.states = states
    verdict = .unknown
    reason = .changedBetweenSamples
  }

  /// Whether one of the PIDs was certainly not there: then nothing was shared by all.
  var hasAbsent: Bool { states.contains(.absent) }

  static func anyDiffer(_ namespaces: [NamespaceRecord]) -> Bool {
    namespaces.indices.contains { first in
      namespaces[(first + 1)...].contains { $0.differs(from: namespaces[first]) }
    }
  }

  /// The one thing to say of several reasons: that a process was not there says most.
  private static func firstReason(_ states: [Track.State]) -> UnknownReason {
    if states.contains(.absent) { return .notRunning }
    for case .unknown(let reason) in states { return reason }
    preconditionFailure("all states are known")
  }
}
