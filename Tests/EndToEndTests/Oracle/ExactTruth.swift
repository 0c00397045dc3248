// Checks unknown answers where events covered the time.

import NSHistory
import NamespaceModel

enum ExactTruth {
  /// Returns the mistake in an unknown answer; nil if it may be unknown.
  static func mistake(
    _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ truths: [TruthLog.Truth],
    _ samples: SampleTable
  ) -> String? {
    if samples.clockWasSet, line.reason == .gap { return nil }
    // No event reports time namespaces, and a probe may come too late for a process that moves on.
    if line.type == .time, line.reason == .notRecorded || line.reason == .changedBetweenSamples {
      return nil
    }
    guard truths.contains(.away) else { return "unknown" }
    return line.reason == .notRunning ? nil : "unknown for a reason that cannot be"
  }
}
