package import NSHistory
internal import NamespaceModel

/// The totals of a recorder since it began. The numbers never decrease.
package struct RecordingTotals: Sendable, Hashable {
  /// The samples that were written.
  package private(set) var samples = 0
  /// The samples that began late: more than a tenth of the interval, and more than a millisecond, after they
  /// were due.
  package private(set) var lateSamples = 0
  /// Processes that appeared, changed or disappeared after the first sample.
  package internal(set) var changes = 0
  /// The changes that the recorder derived from the kernel's events.
  package internal(set) var events = 0
  /// The number of lost events, as far as it is known.
  package private(set) var lostEvents: Int64 = 0
  /// The number of losses of events.
  package private(set) var losses = 0
  /// The gaps before samples, by cause.
  package private(set) var gaps: [GapCause: Int] = [:]
  /// The samples that could not be read or written, by cause.
  package internal(set) var failures: [GapCause: Int] = [:]
  /// The disagreements: tasks that a sample showed in another state than events had reported.
  package private(set) var disagreements = 0
  /// The changes that were omitted from the history, because a task changed its namespaces too often.
  package private(set) var omittedChanges = 0
  /// The number of times at which the wall clock was set.
  package private(set) var clockSteps = 0

  mutating func add(_ written: HistoryWriter.Written, _ timing: SampleTiming, _ changes: Int) {
    samples += 1
    self.changes += changes
    disagreements += timing.disagreements
    omittedChanges += timing.folded
    if timing.late != nil { lateSamples += 1 }
    if written.clockStep != nil { clockSteps += 1 }
    if let gap = written.gap { gaps[gap, default: 0] += 1 }
    if let loss = LostEvents(of: timing.losses) {
      losses += 1
      lostEvents += loss.records ?? 0
    }
  }
}
