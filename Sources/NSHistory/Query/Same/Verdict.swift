/// The answer to "are these in one namespace?".
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  /// Proven: all were observed in one kernel namespace.
  case same
  /// Proven: at least two were observed in different ones.
  case different
  /// Neither is proven, for a reason that is given.
  case unknown
}

extension Verdict {
  /// The verdict on several types together: `different` in at least one, or else `unknown` in at
  /// least one, or else `same`.
  public init(of verdicts: [Verdict]) {
    self =
      verdicts.contains(.different) ? .different : verdicts.contains(.unknown) ? .unknown : .same
  }
}

/// Why a verdict is unknown. The raw value is the word in every output.
public enum UnknownReason: String, Sendable, Hashable, CaseIterable {
  /// No sample covers the time.
  case gap
  /// What was recorded then was removed: it is before the watermark of retention.
  case expired
  /// The link could not be read for want of privilege.
  case denied
  /// The process had exited and was not yet reaped.
  case zombie
  /// No process of this PID was ever recorded, or it may have been hidden from the recorder.
  case notRecorded = "not-recorded"
  /// The recorded processes of this PID were not running then.
  case notRunning = "not-running"
  /// The process started, exited or moved between the two samples around the time.
  case changedBetweenSamples = "changed-between-samples"
  /// Two sightings of one inode number that may be two namespaces.
  case inodeMayBeReused = "inode-may-be-reused"
  /// The kernel has no such type of namespace.
  case unsupported

  /// The reason in plain words.
  public var words: String {
    switch self {
    case .gap: "samples are missing around this time"
    case .expired: "what was recorded then was removed (retention)"
    case .denied: "the recorder was not permitted to read it"
    case .zombie: "it, or its main thread, had exited and was not yet reaped"
    case .notRecorded: "no process of this PID was recorded there"
    case .notRunning: "no recorded process of this PID was running, or not together"
    case .changedBetweenSamples: "it started, exited or moved between two samples"
    case .inodeMayBeReused: "the inode number may have been used again"
    case .unsupported: "the kernel has no such namespace"
    }
  }
}

extension UnknownReason {
  /// Why nothing is known of a time without samples.
  init(_ missing: MissingSamples) { self = missing == .expired ? .expired : .gap }

  /// Of several reasons, the one that tells most: what could not be read says more than that
  /// there was no sample, and that more than that a change was not seen.
  static func mostTelling(_ reasons: [UnknownReason]) -> UnknownReason? {
    let order: [UnknownReason] = [
      .denied, .expired, .notRecorded, .unsupported, .inodeMayBeReused, .gap, .zombie,
      .changedBetweenSamples, .notRunning,
    ]
    return order.first(where: reasons.contains)
  }

  /// The reason for all the moments that one wall time may be, from the reason of each; nil where each
  /// of them is known. That a process was a zombie or not there is only true of the time if it was so
  /// at every one of them.
  static func common(_ reasons: [UnknownReason?]) -> UnknownReason? {
    let given = reasons.compactMap(\.self)
    guard !given.isEmpty else { return nil }
    if Set(reasons).count == 1 { return given[0] }
    return mostTelling(given.filter { $0 != .zombie && $0 != .notRunning })
      ?? .changedBetweenSamples
  }
}
