// What the tests of made up events share: a history in a file, and what is to be reported of it, worked
// out point by point from what was told to the recorder. No memberships, no index.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

/// A made up history of events, written.
final class EventBrute {
  typealias Key = RandomHistory.Key

  static let seeds = RandomSeeds.all

  let seed: UInt64
  let history: EventHistory
  let reader: HistoryReader
  /// Whether the recorder has the file still.
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
    // Of three histories one ended, one was left as SIGKILL leaves it, and one is going on.
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

  /// Says what was wrong, the first few of it.
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

// MARK: What is to be reported

/// Points, one after the other, at which something is the same.
struct EventRun<Value: Equatable> {
  let actor: Int
  let value: Value
  let points: ClosedRange<Int>
}

extension EventHistory {
  /// The pieces of the time of an actor in which something of its links is the same.
  func runs<Value: Equatable>(
    _ actor: Int, isEdge: ((Int) -> Bool)? = nil, _ value: ([LinkState]) -> Value
  ) -> [EventRun<Value>] {
    let isEdge = isEdge ?? self.isEdge
    var runs: [EventRun<Value>] = []
    for point in points.indices {
      guard let now = points[point].told[actor].map(value) else { continue }
      if let last = runs.last, last.points.upperBound == point - 1, last.value == now,
        !isEdge(point)
      {
        runs[runs.count - 1] = .init(
          actor: actor, value: now, points: last.points.lowerBound...point)
      } else {
        runs.append(.init(actor: actor, value: now, points: point...point))
      }
    }
    return runs
  }

  /// Whether a session begins with a point.
  func isSessionStart(_ point: Int) -> Bool {
    point == 0 || points[point].session != points[point - 1].session
  }

  /// Whether an event began a run.
  func beginsExactly<Value>(_ run: EventRun<Value>) -> Bool {
    let first = points[run.points.lowerBound]
    return first.isEvent && first.actor == run.actor
  }

  /// Whether an event ended it.
  func endsExactly<Value>(_ run: EventRun<Value>) -> Bool {
    let next = run.points.upperBound + 1
    return next < points.count && points[next].isEvent && points[next].actor == run.actor
  }

  func from<Value>(_ run: EventRun<Value>) -> WallTime { wall(run.points.lowerBound) }
  /// When a process was there first: one that started while a sample was taken, not before that.
  func seenFrom<Value>(_ run: EventRun<Value>) -> WallTime {
    let wall = from(run)
    if beginsExactly(run) { return wall }
    let start = actors[run.actor].stays[0].from / Self.tick * Self.tick
    return max(wall, epochs[points[run.points.lowerBound].session] + start)
  }
  /// When it was there last: a sample that began before its start saw it at that.
  func seenUntil<Value>(_ run: EventRun<Value>) -> WallTime { max(seenFrom(run), until(run)) }
  func until<Value>(_ run: EventRun<Value>) -> WallTime {
    wall(run.points.upperBound + (endsExactly(run) ? 1 : 0))
  }

  /// The process that is told to have a PID from a point on.
  func told(_ pid: Int32, at point: Int) -> Int? {
    points[point].told.keys.first { actors[$0].pid == pid && actors[$0].tid == nil }
  }

  /// The namespace that an actor is told to be in from a point on.
  func place(_ actor: Int, _ point: Int, _ type: NamespaceType) -> Key? {
    Self.part(points[point].told[actor], type.link)?.key
  }

  /// The last point that began at a time or before; and whether another is so near that a
  /// microsecond decides.
  func point(before wall: WallTime) -> (Int?, isNear: Bool) {
    let near = points.indices.contains { abs(self.wall($0) - wall) < Self.blur }
    return (points.indices.last { self.wall($0) <= wall }, near)
  }

  /// What is known of the time from a point to the next.
  enum ResolvedInterval { case gap, sampled, exact }

  func stretch(after point: Int?) -> ResolvedInterval {
    guard let point, !isCutOff(point + 1) else { return .gap }
    return points[point + 1].isExact ? .exact : .sampled
  }

  /// Times around all points, and between them.
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
