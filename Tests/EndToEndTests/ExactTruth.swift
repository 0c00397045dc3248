// What may be unknown where events reported all that happened.

import NSHistory
import NamespaceModel

enum ExactTruth {
  /// What is wrong about an answer that says unknown.
  static func mistake(
    _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ truths: [TruthLog.Truth],
    _ samples: SampleTable
  ) -> String? {
    if samples.clockWasSet, line.reason == .gap { return nil }
    // No event reports time namespaces: of a process that moves on too soon nobody can read it.
    if line.type == .time, line.reason == .notRecorded || line.reason == .changedBetweenSamples {
      return nil
    }
    guard truths.contains(.away) else { return "unknown" }
    return line.reason == .notRunning ? nil : "unknown for a reason that cannot be"
  }
}
