// `same` over ranges, and peers, against the times in which two were told to be together.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

/// A time in which two actors are told to be in one namespace, from a point to another.
struct EventSpan {
  let actors: [Int]
  let key: EventHistory.Key
  let from: Int
  var until: Int
  /// Whether all in between was told.
  var isExact: Bool
}

extension EventHistory {
  /// The times that two processes or threads, chosen at each point, are proven to have shared.
  func spans(
    _ choices: [(EventHistory, Int) -> Int?], _ type: NamespaceType
  ) -> [EventSpan] {
    var spans: [EventSpan] = []
    for point in points.indices {
      // An event tells of one moment, also where nothing follows.
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
      if isGoing(spans, now, to: point) {
        spans[spans.count - 1].until = point + 1
        if stretch == .sampled { spans[spans.count - 1].isExact = false }
      } else {
        spans.append(
          .init(
            actors: now.actors, key: now.key, from: point, until: point + 1,
            isExact: stretch == .exact))
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

  /// Whether a time that was told is that of a span: the first may be in a pass.
  func isTime(_ from: Int64, _ until: Int64, of span: EventSpan) -> Bool {
    let begins =
      points[span.from].end > points[span.from].boot
      ? from >= wall(span.from) && from <= wallEnd(span.from)
      : Self.isTime(from, wall(span.from))
    return begins && Self.isTime(until, wall(span.until))
  }

  /// Whether a time is that of one sample alone, in a pass that may prove it or not.
  func isMoment(_ from: Int64, _ until: Int64) -> Bool {
    from == until && points.indices.contains { !points[$0].isExact && wall($0) == from }
  }
}

struct EventRangeTests {
  @Test("all that is recorded: the times together, to the microsecond", arguments: EventBrute.seeds)
  func everything(seed: UInt64) throws {
    let brute = try EventBrute(seed: seed)
    let history = brute.history
    for one: Int32 in 1...12 {
      for other: Int32 in 1...12 where other > one {
        let answer = try brute.reader.same(
          .init(
            pids: [.init(pid: Int64(one)), .init(pid: Int64(other))],
            time: .range(since: nil, until: nil)))
        for line in answer.types {
          let spans = history.spans([one, other].map(Self.process), line.type)
          check(brute, "PIDs \(one), \(other) in \(line.type)", line, spans)
        }
      }
    }
    brute.report()
  }

  static func process(_ pid: Int32) -> (EventHistory, Int) -> Int? {
    { history, point in history.told(pid, at: point) }
  }

  private func check(
    _ brute: EventBrute, _ what: String, _ line: SameAnswer.TypeAnswer, _ spans: [EventSpan]
  ) {
    let history = brute.history
    let intervals = line.intervals.filter { !history.isMoment($0.from, $0.until) }
    let doubtful = history.doubtful
    let pids = Set(doubtful.map { history.actors[$0].pid })
    let isDoubtful =
      intervals.contains { interval in
        interval.processes.contains { pids.contains(Int32($0.pid)) }
      } || spans.contains { !doubtful.isDisjoint(with: $0.actors) }
    if isDoubtful { return }
    let isRight =
      intervals.count == spans.count
      && zip(intervals, spans).allSatisfy { interval, span in
        history.isTime(interval.from, interval.until, of: span)
          && interval.namespace.key == span.key
          && interval.processes.map { history.number($0) } == span.actors
          && interval.isOpen == (brute.isRecorded && span.until == history.points.count - 1)
      }
    brute.check(
      isRight,
      "\(what): \(intervals.map { [$0.from, $0.until] }), not "
        + "\(spans.map { [history.wall($0.from), history.wall($0.until)] })")
    brute.check(
      spans.isEmpty || line.verdict == .same, "\(what): \(line.verdict), though together")
    guard line.verdict == .same, intervals.count == line.intervals.count else { return }
    brute.check(
      line.isExact == spans.allSatisfy(\.isExact), "\(what): exact is \(line.isExact)")
  }

  @Test("a part of the time: the times together in it", arguments: EventBrute.seeds)
  func parts(seed: UInt64) throws {
    let brute = try EventBrute(seed: seed)
    let history = brute.history
    var random = SeededRandom(seed: seed)
    let ends = history.times(&random).filter { time in
      let (point, isNear) = history.point(before: time)
      return !isNear && history.stretch(after: point) == .exact
        && point.map { time > history.wallEnd($0) } ?? false
    }
    let doubtful = Set(history.doubtful.map { history.actors[$0].pid })
    let pids = (1...12).map { Int32($0) }.filter { !doubtful.contains($0) }
    for _ in 0..<60 {
      let range = (0..<2).compactMap { _ in ends.randomElement(using: &random) }.sorted()
      let pair = Array(pids.shuffled(using: &random).prefix(2))
      guard range.count == 2, pair.count == 2 else { continue }
      let answer = try brute.reader.same(
        .init(
          pids: pair.map { .init(pid: Int64($0)) },
          time: .range(since: range[0], until: range[1]), types: [.net, .uts]))
      for line in answer.types {
        let spans = history.spans(pair.map(Self.process), line.type).filter {
          history.wall($0.until) >= range[0] && history.wallEnd($0.from) <= range[1]
        }
        let found = line.intervals.filter { !history.isMoment($0.from, $0.until) }
        let isRight =
          found.count == spans.count
          && zip(found, spans).allSatisfy { interval, span in
            let from = max(interval.from, history.wall(span.from))
            let isClamped = interval.until == range[1] && history.wall(span.until) >= range[1]
            return interval.from == range[0] && history.wallEnd(span.from) <= range[0]
              && (isClamped || EventHistory.isTime(interval.until, history.wall(span.until)))
              || history.isTime(
                interval.from, isClamped ? history.wall(span.until) : interval.until, of: span)
                && from >= range[0]
          }
        brute.check(
          isRight,
          "PIDs \(pair) in \(range), \(line.type): \(found.map { [$0.from, $0.until] }), "
            + "not \(spans.map { [history.wall($0.from), history.wall($0.until)] })")
      }
    }
    brute.report()
  }
}

struct EventPeersTests {
  @Test("peers are all that were together, brief ones and threads too", arguments: EventBrute.seeds)
  func peers(seed: UInt64) throws {
    let brute = try EventBrute(seed: seed)
    let history = brute.history
    var found: [[Int]: [NamespaceType: [(Peer.Together, EventHistory.Key)]]] = [:]
    for pid: Int64 in 1...12 {
      try brute.reader.peers(.init(.pid(pid), countsInitial: true)) { peer in
        let pair = [history.number(peer.process), history.number(peer.peer)]
        for shared in peer.shared {
          found[pair, default: [:]][shared.namespace.type, default: []] += shared.intervals.map {
            ($0, shared.namespace.key)
          }
        }
        return true
      }
    }
    let actors = history.actors.indices.filter { !history.doubtful.contains($0) }
    for one in actors where history.actors[one].tid == nil {
      for other in actors where other != one {
        for type in NamespaceType.allCases {
          let spans = history.spans([one, other].map(Self.itself), type)
          let times = (found[[one, other]]?[type] ?? []).filter {
            !history.isMoment($0.0.from, $0.0.until)
          }.sorted { $0.0.from < $1.0.from }
          let isRight =
            times.count == spans.count
            && zip(times, spans).allSatisfy { time, span in
              history.isTime(time.0.from, time.0.until, of: span) && time.1 == span.key
            }
          brute.check(
            isRight,
            "a\(one) and a\(other), \(type): \(times.map { [$0.0.from, $0.0.until] }), not "
              + "\(spans.map { [history.wall($0.from), history.wall($0.until)] })")
        }
      }
    }
    brute.report()
  }

  private static func itself(_ actor: Int) -> (EventHistory, Int) -> Int? {
    { history, point in history.points[point].told[actor] == nil ? nil : actor }
  }
}
