// A random history in which one sample cannot be written. Of the events between that sample and the next one only the
// outcome is stored.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

/// The written history, and the time of which only the outcome is stored.
struct EventFolding {
  let history: EventHistory
  /// From the last sequence number before the failed sample to the sample that shows the outcome, on the wall clock.
  private(set) var time: ClosedRange<WallTime> = 0...0

  /// Writes the history. Nil if no sample is followed by another one in its session.
  init?(_ history: EventHistory, _ writer: HistoryWriter, seed: UInt64) throws {
    self.history = history
    let indices = history.steps.indices.filter { index in
      guard case .sample(_, let timing) = history.steps[index], timing.isExact else { return false }
      return history.steps[index...].dropFirst().first(where: {
        if case .events = $0 { false } else { true }
      }).map { if case .sample = $0 { true } else { false } } ?? false
    }
    var random = SeededRandom(seed: seed)
    guard let failing = indices.randomElement(using: &random) else { return nil }
    var isFolding = false
    // How many sequence numbers were reported, and how many of them were written.
    var reported = 0
    var written = 0
    var begun = 0
    for (index, step) in history.steps.enumerated() {
      if index == failing, case .sample(let sample, let timing) = step {
        try writer.connection.execute("PRAGMA query_only = ON")
        #expect(throws: HistoryError.self) { try writer.write(sample, timing) }
        try writer.connection.execute("PRAGMA query_only = OFF")
        begun = written
        isFolding = true
      } else if isFolding, case .events(let batch, _) = step {
        // If there were no events, nothing is lost.
        if writer.add(batch) { isFolding = false }
        _ = try writer.writeEvents()
      } else if isFolding, case .sample(let sample, var timing) = step {
        timing.gap = .writeFailed
        _ = try writer.write(sample, timing)
        isFolding = false
        let epoch = history.epochs.indices.last { self.began($0) <= index } ?? 0
        let start = sample.start.boot.wall(epoch: history.epochs[epoch])
        time = history.wall(max(0, begun - 1))...start
      } else {
        try history.write(step, writer)
      }
      switch step {
      case .events(let batch, let isWritten):
        reported += batch.events.count
        if isWritten { written = reported }
      case .sample:
        reported += 1
        written = reported
      default: break
      }
    }
    try writer.endSession(.completed)
  }

  /// Returns the step with which a session began.
  private func began(_ session: Int) -> Int {
    let indices = history.steps.indices.filter {
      if case .begin = history.steps[$0] { true } else { false }
    }
    return indices[session]
  }

  /// Whether a verdict on two PIDs at a time is acceptable: it is unknown, or sampled, or true.
  func allows(
    _ verdict: Verdict, _ pids: [Int32], _ wall: WallTime, _ type: NamespaceType
  ) -> Bool {
    let (point, _) = history.point(before: wall)
    guard verdict != .unknown, let point, history.listens(history.points[point].session) else {
      return true
    }
    let boot = wall - history.epochs[history.points[point].session]
    // Samples correct wrong reports only later, and others are not read before the end of the sample.
    let isLost = history.wrongReports.contains { pids.contains(history.actors[$0.actor].pid) }
    if isLost || !history.points[point].isExact && wall <= history.wallEnd(point) { return true }
    let near = history.points.map(\.boot).filter { abs($0 - boot) <= 2000 }.flatMap {
      [$0, $0 - 1]
    }
    return ([boot, boot - 1000, boot + 1000] + near).contains { moment in
      let keys = pids.map { pid in
        history.process(pid, at: moment).flatMap {
          EventHistory.part(history.links($0, at: moment), type.link)?.key
        }
      }
      guard let one = keys[0], let other = keys[1] else { return false }
      return (one == other) == (verdict == .same)
    }
  }
}
