internal import NSHistory

/// Explains why an answer is unknown. The word for a reason itself is its raw value.
enum ReasonFormatter {
  /// Returns the meaning of a reason in an answer about recorded processes.
  static func recorded(_ reason: UnknownReason) -> String {
    switch reason {
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

  /// Returns the meaning of a reason in an answer about groups of recorded processes.
  static func groups(_ reason: UnknownReason) -> String {
    switch reason {
    case .gap: "samples are missing"
    case .changedBetweenSamples: "no sample saw it; what was between two samples is not recorded"
    case .notRecorded: "processes of the groups may not have been recorded"
    case .notRunning: "no process of one of the groups was recorded in that time"
    case .expired, .denied, .zombie, .inodeMayBeReused, .unsupported: recorded(reason)
    }
  }

  /// Returns the meaning of a reason in an answer about running processes.
  static func live(_ reason: UnknownReason) -> String {
    switch reason {
    case .denied: "not permitted: this needs CAP_SYS_PTRACE, and no sandbox that refuses it"
    case .notRecorded: "it may be there and hidden (hidepid)"
    case .notRunning: "there is no such process now"
    case .changedBetweenSamples: "its namespaces changed during each read"
    case .gap, .expired, .zombie, .inodeMayBeReused, .unsupported: recorded(reason)
    }
  }
}
