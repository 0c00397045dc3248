// A made up history of which one sample cannot be written: of the events up to the next one only
// the outcome is kept.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

/// What was written, and of what time only the outcome.
struct EventFolding {
  let history: EventHistory
  /// From the last number before it to the sample that tells the outcome, on the wall clock.
  private(set) var time: ClosedRange<WallTime> = 0...0

  /// Nil where no sample is followed by another in its session.
  init?(_ history: EventHistory, _ writer: HistoryWriter, seed: UInt64) throws {
    self.history = history
    let places = history.steps.indices.filter { place in
      guard case .sample(_, let timing) = history.steps[place], timing.isExact else { return false }
      return history.steps[place...].dropFirst().first(where: {
        if case .events = $0 { false } else { true }
      }).map { if case .sample = $0 { true } else { false } } ?? false
    }
    var random = SeededRandom(seed: seed)
    guard let failing = places.randomElement(using: &random) else { return nil }
    var isFolding = false
    // How many numbers were reported, and how many of those written.
    var told = 0
    var written = 0
    var begun = 0
    for (place, step) in history.steps.enumerated() {
      if place == failing, case .sample(let sample, let timing) = step {
        try writer.connection.execute("PRAGMA query_only = ON")
        #expect(throws: HistoryError.self) { try writer.write(sample, timing) }
        try writer.connection.execute("PRAGMA query_only = OFF")
        begun = written
        isFolding = true
      } else if isFolding, case .events(let batch, _) = step {
        // Where nothing had happened nothing is lost.
        if writer.add(batch) { isFolding = false }
        _ = try writer.writeEvents()
      } else if isFolding, case .sample(let sample, var timing) = step {
        timing.gap = .writeFailed
        _ = try writer.write(sample, timing)
        isFolding = false
        let epoch = history.epochs.indices.last { self.began($0) <= place } ?? 0
        let start = sample.start.boot.wall(epoch: history.epochs[epoch])
        time = history.wall(max(0, begun - 1))...start
      } else {
        try history.write(step, writer)
      }
      switch step {
      case .events(let batch, let isWritten):
        told += batch.events.count
        if isWritten { written = told }
      case .sample:
        told += 1
        written = told
      default: break
      }
    }
    try writer.endSession(.completed)
  }

  /// The step that a session began with.
  private func began(_ session: Int) -> Int {
    let places = history.steps.indices.filter {
      if case .begin = history.steps[$0] { true } else { false }
    }
    return places[session]
  }

  /// Whether a verdict on two PIDs at a time is true, or as good as that: unknown, or sampled.
  func allows(
    _ verdict: Verdict, _ pids: [Int32], _ wall: WallTime, _ type: NamespaceType
  ) -> Bool {
    let (point, _) = history.point(before: wall)
    guard verdict != .unknown, let point, history.listens(history.points[point].session) else {
      return true
    }
    let boot = wall - history.epochs[history.points[point].session]
    // Of who was not as it was reported samples find out, and others are not read before the end.
    let isLost = history.doubts.contains { pids.contains(history.actors[$0.actor].pid) }
    if isLost || !history.points[point].isExact && wall <= history.wallEnd(point) { return true }
    let near = history.points.map(\.boot).filter { abs($0 - boot) <= 2000 }.flatMap {
      [$0, $0 - 1]
    }
    return ([boot, boot - 1000, boot + 1000] + near).contains { moment in
      let places = pids.map { pid in
        history.process(pid, at: moment).flatMap {
          EventHistory.part(history.links($0, at: moment), type.link)?.key
        }
      }
      guard let one = places[0], let other = places[1] else { return false }
      return (one == other) == (verdict == .same)
    }
  }
}
