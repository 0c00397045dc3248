// The times in which actors of made up events were together, worked out point by point.

import NSHistory
import NamespaceModel

/// A time in which two actors are told to be in one namespace, from a point to another.
struct EventSpan {
  let actors: [Int]
  let key: EventHistory.Key
  let from: Int
  var until: Int
  /// Whether all in between was reported.
  var isExact: Bool
  /// Whether they are together at its last point still, which may be the event that ended it.
  var isStill = true
}

extension EventHistory {
  /// The times that two processes or threads, chosen at each point, are proven to have shared.
  func spans(
    _ choices: [(EventHistory, Int) -> Int?], _ type: NamespaceType
  ) -> [EventSpan] {
    var spans: [EventSpan] = []
    for point in points.indices {
      // An event reports one moment, also where nothing follows.
      if let now = together(choices, point, type), !isGoing(spans, now, to: point),
        points[point].isEvent, isCutOff(point + 1)
      {
        spans.append(
          .init(actors: now.actors, key: now.key, from: point, until: point, isExact: true))
      }
      let stretch = stretch(after: point)
      guard stretch != .gap, let now = together(choices, point, type) else { continue }
      if stretch == .sampled {
        guard let then = together(choices, point + 1, type), then == now else { continue }
      }
      let isStill = together(choices, point + 1, type) == now
      if isGoing(spans, now, to: point) {
        spans[spans.count - 1].until = point + 1
        spans[spans.count - 1].isStill = isStill
        if stretch == .sampled { spans[spans.count - 1].isExact = false }
      } else {
        spans.append(
          .init(
            actors: now.actors, key: now.key, from: point, until: point + 1,
            isExact: stretch == .exact, isStill: isStill))
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
    let places = actors.map { place($0, point, type) }
    guard actors.count == choices.count, let key = places[0], Set(places).count == 1 else {
      return nil
    }
    return Together(actors: actors, key: key)
  }

  private func isGoing(_ spans: [EventSpan], _ now: Together, to point: Int) -> Bool {
    guard let last = spans.last else { return false }
    return last.until == point && last.actors == now.actors && last.key == now.key
      && !isEdge(point)
  }

  /// Whether a time that was reported is that of a span: the first may be in a pass.
  func isTime(_ from: WallTime, _ until: WallTime, of span: EventSpan) -> Bool {
    let begins =
      points[span.from].end > points[span.from].boot
      ? from >= wall(span.from) && from <= wallEnd(span.from)
      : Self.isTime(from, wall(span.from))
    return begins && Self.isTime(until, wall(span.until))
  }

  /// Whether a time is that of one sample alone, in a pass that may prove it or not.
  func isMoment(_ from: WallTime, _ until: WallTime) -> Bool {
    from == until && points.indices.contains { !points[$0].isExact && wall($0) == from }
  }
}
