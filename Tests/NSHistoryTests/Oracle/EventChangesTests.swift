// Compares the reader's changes with the reports that the recorder got, and their times with the actual ones.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventChangesTests {
  /// An expected change.
  private struct Expected: Hashable {
    let kind: NamespaceChange.Kind
    let after: Int?
    let by: Int
    let isExact: Bool

    /// The latest time of the change: that of the event, or the end of the sample.
    func time(_ history: EventHistory) -> WallTime {
      isExact ? history.wall(by) : history.wallEnd(by)
    }
  }

  @Test(
    "changes of each process are its starts, moves and exits with their times",
    arguments: EventOracle.seeds)
  func ofProcesses(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    for pid: Int32 in 1...12 {
      let own = try oracle.reader.allChanges(.init(process: .pid(Int64(pid))))
      for change in own { checkTruth(oracle, change) }
      let records = try oracle.reader.processes(.pid(Int64(pid))).map(history.number)
      for actor in Set(records) where !history.wronglyReported.contains(actor) {
        let rows = 1 + history.points.indices.count { history.isForgotten(actor, at: $0) }
        let count = records.count { $0 == actor }
        oracle.check(count == rows, "a\(actor): \(count) rows, not \(rows)")
        let found = own.filter { history.number($0.process) == actor }
        let expected = expected(history, actor)
        let isRight =
          found.count == expected.count
          && zip(found, expected).allSatisfy { change, one in
            change.kind == one.kind && change.isExact == one.isExact
              && EventHistory.isTime(change.by, one.time(history))
              && EventHistory.isTime(
                change.after, one.isExact ? history.wall(one.by) : one.after.map(history.wall))
          }
        oracle.check(
          isRight, "a\(actor): \(found.map { "\($0.kind) \($0.by ?? 0)" }), not \(expected)")
      }
    }
    oracle.report()
  }

  @Test("changes lists each move of a process or thread once", arguments: EventOracle.seeds)
  func moves(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    let all = try oracle.reader.allChanges(.init())
    for change in all { checkTruth(oracle, change) }
    let times = all.compactMap(\.by)
    oracle.check(times == times.sorted(), "out of order")
    for actor in history.actors.indices where !history.wronglyReported.contains(actor) {
      let kinds: [NamespaceChange.Kind] = [.moved, .returned]
      let found = all.filter { kinds.contains($0.kind) && history.number($0.process) == actor }
      let expected = expected(history, actor).filter { kinds.contains($0.kind) }
      let isRight =
        found.count == expected.count
        && zip(found, expected).allSatisfy {
          EventHistory.isTime($0.by, $1.time(history)) && $0.isExact == $1.isExact
            && $0.kind == $1.kind
        }
      oracle.check(isRight, "a\(actor): \(found.map(\.by)), not \(expected)")
    }
    oracle.report()
  }

  private func expected(_ history: EventHistory, _ actor: Int) -> [Expected] {
    var all: [Expected] = []
    var last: Int?
    for point in history.points.indices {
      guard let links = history.points[point].reported[actor] else { continue }
      let isEvent = history.points[point].isEvent && history.points[point].actor == actor
      if let seen = last, history.isForgotten(actor, at: point) {
        all.append(.init(kind: .lastSeen, after: seen, by: point, isExact: false))
        last = nil
      }
      if let last {
        if history.points[last].reported[actor] != links {
          let parent = history.actors[actor].parent
          let isReturn = history.isReturned(
            actor, links, parent.flatMap { history.points[point].reported[$0] })
          all.append(
            .init(kind: isReturn ? .returned : .moved, after: last, by: point, isExact: isEvent))
        }
      } else {
        all.append(
          .init(
            kind: history.actors[actor].hasMoved && isEvent
              ? .moved : history.isCutOff(point) ? .firstSeen : .started,
            after: point > 0 ? point - 1 : nil, by: point, isExact: isEvent))
      }
      last = point
    }
    if let last, last + 1 < history.points.count {
      let next = history.points[last + 1]
      all.append(
        .init(
          kind: history.isCutOff(last + 1) ? .lastSeen : .exited, after: last, by: last + 1,
          isExact: next.isEvent && next.actor == actor))
    }
    return all
  }

  /// Checks that the process did change in the reported time.
  private func checkTruth(_ oracle: EventOracle, _ change: NamespaceChange) {
    let history = oracle.history
    let actor = history.number(change.process)
    guard actor >= 0, let after = change.after, let by = change.by else { return }
    // Skips changes across sessions, whose clocks may differ, and actors whose wrong reports no sample corrected.
    guard change.missing == nil,
      !history.wrongReports.contains(where: { $0.actor == actor && !$0.isFound })
    else { return }
    let (point, _) = history.point(before: by + EventHistory.blur)
    guard let point else { return }
    let epoch = history.epochs[history.points[point].session]
    let end = max(by + EventHistory.blur, history.wallEnd(point))
    let isTrue = history.actors[actor].entries.contains { entry in
      [entry.from, entry.until].compactMap(\.self).contains {
        epoch + $0 >= after - EventHistory.blur && epoch + $0 <= end
      }
    }
    oracle.check(
      isTrue,
      "a\(actor) \(change.kind) from \(after) to \(by): "
        + "\(history.actors[actor].entries.map { [epoch + $0.from, epoch + ($0.until ?? 0)] })"
    )
  }
}
