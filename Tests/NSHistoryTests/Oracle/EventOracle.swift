// An oracle for the questions about events. It writes a random history of events and samples, and computes the expected
// answers point by point from the reports that the recorder got, without memberships and without an index.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

/// A random history of events in a file.
final class EventOracle {
  typealias Key = RandomHistory.Key

  static let seeds = RandomSeeds.all

  let seed: UInt64
  let history: EventHistory
  let reader: HistoryReader
  /// Whether the recorder still has the file open.
  let isRecorded: Bool
  let path: String
  private let folder: TemporaryFolder
  private let writer: HistoryWriter?
  private var wrong: [String] = []

  init(seed: UInt64) throws {
    self.seed = seed
    history = EventWorld.history(seed: seed)
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    // One of three histories has ended, one is left as SIGKILL leaves it, and one is still being recorded.
    isRecorded = seed % 3 == 0
    var writer: HistoryWriter? = try HistoryWriter(path: path)
    if let writer { try history.write(writer, ends: seed % 3 == 1) }
    if !isRecorded { writer = nil }
    self.writer = writer
    reader = try HistoryReader(path: path)
  }

  func check(_ isRight: Bool, _ what: @autoclosure () -> String) {
    if !isRight { wrong.append(what()) }
  }

  /// Fails the test with the first faults that `check` found, if there are any.
  func report() {
    let count = wrong.count
    #expect(
      count == 0,
      """
      seed \(seed): \(count) wrong: \(wrong.prefix(4).joined(separator: "\n"))
      in
      \(history.excerpt)
      """)
  }
}

// MARK: The expected answers

/// A run of consecutive points at which a value of an actor stays the same.
struct EventRun<Value: Equatable> {
  let actor: Int
  let value: Value
  let points: ClosedRange<Int>
}

extension EventHistory {
  /// Returns the runs of an actor in which a value of its links stays the same.
  func runs<Value: Equatable>(
    _ actor: Int, isBound: ((Int) -> Bool)? = nil, _ value: ([LinkState]) -> Value
  ) -> [EventRun<Value>] {
    let isBound = isBound ?? self.isBound
    var runs: [EventRun<Value>] = []
    for point in points.indices {
      guard let now = points[point].reported[actor].map(value) else { continue }
      if let last = runs.last, last.points.upperBound == point - 1, last.value == now,
        !isBound(point)
      {
        runs[runs.count - 1] = .init(
          actor: actor, value: now, points: last.points.lowerBound...point)
      } else {
        runs.append(.init(actor: actor, value: now, points: point...point))
      }
    }
    return runs
  }

  /// Whether a point is the first one of a session.
  func isSessionStart(_ point: Int) -> Bool {
    point == 0 || points[point].session != points[point - 1].session
  }

  /// Whether an event began a run.
  func beginsExactly<Value>(_ run: EventRun<Value>) -> Bool {
    let first = points[run.points.lowerBound]
    return first.isEvent && first.actor == run.actor
  }

  /// Whether an event ended a run.
  func endsExactly<Value>(_ run: EventRun<Value>) -> Bool {
    let next = run.points.upperBound + 1
    return next < points.count && points[next].isEvent && points[next].actor == run.actor
  }

  func from<Value>(_ run: EventRun<Value>) -> WallTime { wall(run.points.lowerBound) }
  /// The start of a run as it is reported: of a process that started while a sample was taken, not before its start.
  func seenFrom<Value>(_ run: EventRun<Value>) -> WallTime {
    let wall = from(run)
    if beginsExactly(run) { return wall }
    let start = actors[run.actor].entries[0].from / Self.tick * Self.tick
    return max(wall, epochs[points[run.points.lowerBound].session] + start)
  }
  /// The end of a run as it is reported: not before its start, although a sample that shows the process may have
  /// begun before.
  func seenUntil<Value>(_ run: EventRun<Value>) -> WallTime { max(seenFrom(run), until(run)) }
  func until<Value>(_ run: EventRun<Value>) -> WallTime {
    wall(run.points.upperBound + (endsExactly(run) ? 1 : 0))
  }

  /// Returns the process that has a PID from a point on, according to the reports.
  func reportedActor(_ pid: Int32, at point: Int) -> Int? {
    points[point].reported.keys.first { actors[$0].pid == pid && actors[$0].tid == nil }
  }

  /// Returns the namespace of an actor from a point on, according to the reports.
  func namespace(_ actor: Int, _ point: Int, _ type: NamespaceType) -> Key? {
    Self.part(points[point].reported[actor], type.link)?.key
  }

  /// Returns the last point that began at a time or before it, and whether a point is so near that rounding to a
  /// microsecond matters.
  func point(before wall: WallTime) -> (Int?, isNear: Bool) {
    let near = points.indices.contains { abs(self.wall($0) - wall) < Self.blur }
    return (points.indices.last { self.wall($0) <= wall }, near)
  }

  /// How the time from one point to the next is covered.
  enum Coverage { case gap, sampled, exact }

  func coverage(after point: Int?) -> Coverage {
    guard let point, !isCutOff(point + 1) else { return .gap }
    return points[point + 1].isExact ? .exact : .sampled
  }

  /// Returns times around all points and between them.
  func times(_ random: inout SeededRandom) -> [WallTime] {
    points.indices.flatMap { index -> [WallTime] in
      let time = wall(index)
      let next = index + 1 < points.count ? wall(index + 1) : time + 2 * HistoryScript.second
      let near: Int64 = [-1000, 1000, -1_000_000, 1_000_000].randomElement(using: &random) ?? 1000
      let later = Int64.random(in: 0...next - time, using: &random)
      return [time + near, time + (next - time) / 2, time + later]
    }
  }
}
