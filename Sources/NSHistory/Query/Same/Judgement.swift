/// What the states of several PIDs, in one piece of time, say together.
struct Judgement: Hashable {
  let verdict: Verdict
  let reason: UnknownReason?
  /// What was known of each PID.
  let states: [PIDHistory.State]

  init(_ states: [PIDHistory.State]) {
    self.states = states
    let known = states.compactMap(\.namespace)
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
      // That one of them was not there says most.
      let absent = states.filter(\.isAbsent)
      reason = UnknownReason.mostTelling((absent.isEmpty ? states : absent).compactMap(\.reason))
    }
  }

  /// The judgement that states which each hold at a moment of their own cannot prove to have held
  /// all at once.
  init(unproven states: [PIDHistory.State], because reason: UnknownReason) {
    self.states = states
    verdict = .unknown
    self.reason = reason
  }

  /// Whether one of the PIDs was certainly not there: then nothing was shared by all.
  var hasAbsent: Bool { states.contains(where: \.isAbsent) }

  private static func anyDiffer(_ all: [NamespaceRecord]) -> Bool {
    guard let first = all.first, all.contains(where: { $0.id != first.id }) else { return false }
    // Many processes are in few namespaces.
    let namespaces = Array(Set(all))
    return namespaces.indices.contains { first in
      namespaces[(first + 1)...].contains { $0.differs(from: namespaces[first]) }
    }
  }
}
