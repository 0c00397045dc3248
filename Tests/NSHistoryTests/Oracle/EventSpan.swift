// Computes, point by point, the times in which two actors of a random history were together.

import NSHistory
import NamespaceModel

/// A time in which the reports put two actors into one namespace, from one point to another.
struct EventSpan {
  let actors: [Int]
  let key: EventHistory.Key
  let from: Int
  var until: Int
  /// Whether events cover all of the time.
  var isExact: Bool
  /// Whether they are still together at the last point, rather than parted by it.
  var isStill = true
}

extension EventHistory {
  /// Returns the times in which two tasks are proven to have shared a namespace. `choices` select the tasks at each
  /// point.
  func spans(
    _ choices: [(EventHistory, Int) -> Int?], _ type: NamespaceType
  ) -> [EventSpan] {
    var spans: [EventSpan] = []
    for point in points.indices {
      // An event proves one moment, even if a gap follows.
      if let now = together(choices, point, type), !isGoing(spans, now, to: point),
        points[point].isEvent, isCutOff(point + 1)
      {
        spans.append(
          .init(actors: now.actors, key: now.key, from: point, until: point, isExact: true))
      }
      let coverage = coverage(after: point)
      guard coverage != .gap, let now = together(choices, point, type) else { continue }
      if coverage == .sampled {
        guard let then = together(choices, point + 1, type), then == now else { continue }
      }
      let isStill = together(choices, point + 1, type) == now
      if isGoing(spans, now, to: point) {
        spans[spans.count - 1].until = point + 1
        spans[spans.count - 1].isStill = isStill
        if coverage == .sampled { spans[spans.count - 1].isExact = false }
      } else {
        spans.append(
          .init(
            actors: now.actors, key: now.key, from: point, until: point + 1,
            isExact: coverage == .exact, isStill: isStill))
      }
    }
    return spans
  }

  private struct Together: Equatable {
    let actors: [Int]
    let key: Key
  }

  private func together(
    _ choices: [(EventHistory, Int) -> Int?], _ point: Int, _ type: NamespaceType
  ) -> Together? {
    let actors = choices.compactMap { $0(self, point) }
    let keys = actors.map { namespace($0, point, type) }
    guard actors.count == choices.count, let key = keys[0], Set(keys).count == 1 else {
      return nil
    }
    return Together(actors: actors, key: key)
  }

  private func isGoing(_ spans: [EventSpan], _ now: Together, to point: Int) -> Bool {
    guard let last = spans.last else { return false }
    return last.until == point && last.actors == now.actors && last.key == now.key
      && !isBound(point)
  }

  /// Whether a reported time is that of a span. Its start may be anywhere in the pass of a sample.
  func isTime(_ from: WallTime, _ until: WallTime, of span: EventSpan) -> Bool {
    let begins =
      points[span.from].end > points[span.from].boot
      ? from >= wall(span.from) && from <= wallEnd(span.from)
      : Self.isTime(from, wall(span.from))
    return begins && Self.isTime(until, wall(span.until))
  }

  /// Whether a time is the moment of a single sample, which may or may not prove it.
  func isMoment(_ from: WallTime, _ until: WallTime) -> Bool {
    from == until && points.indices.contains { !points[$0].isExact && wall($0) == from }
  }
}
