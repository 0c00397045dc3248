// Compares `same` at a moment with the actual state.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventSameTests {
  @Test(
    "`same` at a moment is right where events cover it, and never wrong elsewhere",
    arguments: EventOracle.seeds)
  func moments(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    var random = SeededRandom(seed: seed)
    for time in oracle.history.times(&random) {
      let pids = (1...12).map { Int32($0) }.shuffled(using: &random).prefix(2)
      let answer = try oracle.reader.same(
        .init(pids: pids.map { .init(pid: Int64($0)) }, time: .at(time)))
      check(oracle, Array(pids), time, answer)
    }
    oracle.report()
  }

  private func check(_ oracle: EventOracle, _ pids: [Int32], _ time: WallTime, _ answer: SameAnswer)
  {
    let history = oracle.history
    let (point, isNear) = history.point(before: time)
    let what = "PIDs \(pids) at \(time), behind \(point.map { $0 + 1 } ?? 0)"
    let isInPass = point.map { time <= history.wallEnd($0) && !history.points[$0].isExact } ?? true
    let coverage = history.coverage(after: point)
    for line in answer.types {
      if !isNear {
        oracle.check(
          line.isExact == (coverage == .exact && !isInPass),
          "\(what): exact \(line.isExact), though it is \(coverage)")
        oracle.check(
          coverage != .gap && !(isInPass && point.map(history.isCutOff) ?? true)
            || line.verdict == .unknown, "\(what): \(line.verdict) in a gap")
      }
      guard let point, coverage != .gap else { continue }
      if coverage == .sampled || isInPass {
        guard !isNear, !isInPass else { continue }
        let expected = sampled(history, pids, point, line.type)
        oracle.check(line.verdict == expected, "\(what): \(line.verdict), sampled \(expected)")
        continue
      }
      let boot = time - history.epochs[history.points[point].session]
      // Rounding to a microsecond may put the time on either side of an event.
      let moments = [boot] + (isNear ? [boot - 1000, boot + 1000] + near(history, boot) : [])
      let truths = moments.map { truth(history, pids, $0, line.type) }
      if isLost(history, pids, boot) { continue }
      oracle.check(
        line.verdict == .unknown || truths.contains(line.verdict),
        "\(what): \(line.type) \(line.verdict), never: \(truths)")
      if isNear { continue }
      if isWronglyReported(history, pids, boot) {
        oracle.check(
          line.reason != .notRunning
            || pids.contains { history.process($0, at: boot) == nil },
          "\(what): not running, though they were")
        continue
      }
      oracle.check(line.verdict == truths[0], "\(what): \(line.type) \(line.verdict): \(truths[0])")
      let isKnown = pids.allSatisfy { pid in
        history.points.indices.contains { history.reportedActor(pid, at: $0) != nil }
      }
      let reason: UnknownReason? = truths[0] == .unknown ? .notRunning : nil
      oracle.check(
        !isKnown || line.reason == reason,
        "\(what): \(line.reason?.rawValue ?? "-"), not \(reason?.rawValue ?? "-")")
    }
  }

  private func near(_ history: EventHistory, _ boot: Int64) -> [Int64] {
    history.points.map(\.boot).filter { abs($0 - boot) <= 2000 }.flatMap { [$0, $0 - 1] }
  }

  /// Whether the reports on one of the PIDs are wrong, and no sample corrected that later.
  private func isLost(_ history: EventHistory, _ pids: [Int32], _ boot: Int64) -> Bool {
    history.wrongReports.contains {
      !$0.isFound && pids.contains(history.actors[$0.actor].pid) && boot >= $0.from
    }
  }

  private func isWronglyReported(_ history: EventHistory, _ pids: [Int32], _ boot: Int64) -> Bool {
    history.wrongReports.contains {
      pids.contains(history.actors[$0.actor].pid) && boot >= $0.from && boot <= $0.until
    }
  }

  private func truth(
    _ history: EventHistory, _ pids: [Int32], _ boot: Int64, _ type: NamespaceType
  ) -> Verdict {
    let keys = pids.map { pid in
      history.process(pid, at: boot).flatMap {
        EventHistory.part(history.links($0, at: boot), type.link)?.key
      }
    }
    guard let one = keys[0], let other = keys[1] else { return .unknown }
    return one == other ? .same : .different
  }

  /// Returns the verdict of the samples before and after a time, if they agree.
  private func sampled(
    _ history: EventHistory, _ pids: [Int32], _ point: Int, _ type: NamespaceType
  ) -> Verdict {
    let keys = pids.map { pid -> EventHistory.Key? in
      guard let actor = history.reportedActor(pid, at: point),
        history.reportedActor(pid, at: point + 1) == actor,
        let key = history.namespace(actor, point, type),
        history.namespace(actor, point + 1, type) == key
      else { return nil }
      return key
    }
    guard let one = keys[0], let other = keys[1] else { return .unknown }
    return one == other ? .same : .different
  }
}
