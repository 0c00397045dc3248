package import NSHistory

/// A recorder's report at its end.
public struct RecordingSummary: Sendable, Hashable {
  /// The number of samples written.
  public internal(set) var samples = 0
  /// The number of samples that could not be read or written.
  public internal(set) var failures = 0
  /// Whether the recorder took samples but could not read or write any of them.
  package var hasRecordedNothing: Bool { samples == 0 && failures > 0 }
  /// The number of processes in the last sample.
  public internal(set) var processes = 0
  /// The number of namespaces in the last sample.
  public internal(set) var namespaces = 0
  /// The number of processes in the last sample with a link that the recorder was not permitted to read.
  package internal(set) var denied = 0
  /// The number of changes after the first sample: processes that appeared, changed or disappeared.
  public internal(set) var changes = 0
  /// The signal that ended the recording; nil if no signal did.
  package internal(set) var signal: Int32?
  /// The error, if the recording ended because the history file was moved or removed.
  package internal(set) var lostFile: HistoryError?
  /// Why the session could not be ended in the history file; nil if it was. Committed data is in the
  /// file, and the next recorder closes the session.
  package internal(set) var endFailure: HistoryError?
  /// Whether the last sample or the last events could not be written.
  package internal(set) var endedUnwritten = false
}
