// Compares `same` over ranges with the times in which two processes were together according to the reports.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventRangeTests {
  @Test(
    "over all times, `same` lists the times together to the microsecond",
    arguments: EventOracle.seeds)
  func everything(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var random = SeededRandom(seed: seed)
    for one: Int32 in 1...12 {
      for other in (1...12).map({ Int32($0) }).shuffled(using: &random).prefix(2)
      where other != one {
        let answer = try oracle.reader.same(
          .init(
            pids: [.init(pid: Int64(one)), .init(pid: Int64(other))],
            time: .range(since: nil, until: nil)))
        for line in answer.types {
          let spans = history.spans([one, other].map(Self.process), line.type)
          check(oracle, "PIDs \(one), \(other) in \(line.type)", line, spans)
        }
      }
    }
    oracle.report()
  }

  static func process(_ pid: Int32) -> (EventHistory, Int) -> Int? {
    { history, point in history.reportedActor(pid, at: point) }
  }

  private func check(
    _ oracle: EventOracle, _ what: String, _ line: SameAnswer.TypeAnswer, _ spans: [EventSpan]
  ) {
    let history = oracle.history
    let intervals = line.intervals.filter { !history.isMoment($0.from, $0.until) }
    let wronglyReported = history.wronglyReported
    let pids = Set(wronglyReported.map { history.actors[$0].pid })
    let isWronglyReported =
      intervals.contains { interval in
        interval.processes.contains { pids.contains(Int32($0.pid)) }
      } || spans.contains { !wronglyReported.isDisjoint(with: $0.actors) }
    if isWronglyReported { return }
    let isRight =
      intervals.count == spans.count
      && zip(intervals, spans).allSatisfy { interval, span in
        history.isTime(interval.from, interval.until, of: span)
          && interval.namespace.key == span.key
          && interval.processes.map { history.number($0) } == span.actors
          && interval.isOpen
            == (oracle.isRecorded && span.isStill && span.until == history.points.count - 1)
      }
    oracle.check(
      isRight,
      "\(what): \(intervals.map { [$0.from, $0.until] }), not "
        + "\(spans.map { [history.wall($0.from), history.wall($0.until)] })")
    oracle.check(
      spans.isEmpty || line.verdict == .same, "\(what): \(line.verdict), though together")
    guard line.verdict == .same, intervals.count == line.intervals.count else { return }
    oracle.check(
      line.isExact == spans.allSatisfy(\.isExact), "\(what): exact is \(line.isExact)")
  }

  @Test(
    "over a part of the time, `same` lists the times together within it",
    arguments: EventOracle.seeds)
  func parts(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var random = SeededRandom(seed: seed)
    let ends = history.times(&random).filter { time in
      let (point, isNear) = history.point(before: time)
      return !isNear && history.coverage(after: point) == .exact
        && point.map { time > history.wallEnd($0) } ?? false
    }
    let wronglyReported = Set(history.wronglyReported.map { history.actors[$0].pid })
    let pids = (1...12).map { Int32($0) }.filter { !wronglyReported.contains($0) }
    for _ in 0..<60 {
      let range = (0..<2).compactMap { _ in ends.randomElement(using: &random) }.sorted()
      let pair = Array(pids.shuffled(using: &random).prefix(2))
      guard range.count == 2, pair.count == 2 else { continue }
      let answer = try oracle.reader.same(
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
        oracle.check(
          isRight,
          "PIDs \(pair) in \(range), \(line.type): \(found.map { [$0.from, $0.until] }), "
            + "not \(spans.map { [history.wall($0.from), history.wall($0.until)] })")
      }
    }
    oracle.report()
  }
}
