package import NSHistory
package import NamespaceModel

/// What a recorder says after each sample.
public struct SampleReport: Sendable {
  /// How many samples of this session are in the file.
  public var number: Int
  /// When it was taken.
  package var time: ClockReading
  /// Nanoseconds it took.
  public var took: Int64
  /// What it saw.
  package var counts: ProcessSample.Counts
  /// Processes that appeared, changed or disappeared since the sample before; 0 in the first.
  public var changes: Int
}

/// What a recorder says when it ends.
public struct RecordingSummary: Sendable, Hashable {
  /// Samples written.
  public internal(set) var samples = 0
  /// Samples that could not be read or written.
  public internal(set) var failures = 0
  /// Whether samples were tried and none was written.
  package var hasRecordedNothing: Bool { samples == 0 && failures > 0 }
  /// Processes there in the last sample.
  public internal(set) var processes = 0
  /// Namespaces there in the last sample.
  public internal(set) var namespaces = 0
  /// Processes of which a link was denied, in the last sample.
  package internal(set) var denied = 0
  /// Processes that appeared, changed or disappeared after the first sample.
  public internal(set) var changes = 0
  /// The signal that ended it; nil when it had taken its samples.
  package internal(set) var signal: Int32?
  /// Set when recording ended because the file was moved or removed.
  package internal(set) var lostFile: HistoryError?
  /// Why the session could not be ended in the file; nil when it was. What was committed is
  /// there, and the next recorder closes the session.
  package internal(set) var endFailure: HistoryError?
  /// Whether what the last samples told could not be written.
  package internal(set) var endedUnwritten = false
}
