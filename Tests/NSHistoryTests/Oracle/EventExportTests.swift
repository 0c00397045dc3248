// Compares the exported rows of random events with the runs of the reports; and members, history entries and timeline
// rows with the exported rows.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventExportTests {
  /// An interval of an actor as it is reported.
  private struct Piece {
    let actor: Int
    let from: WallTime
    let until: WallTime
    var isExactFrom = false
    var isExactUntil = false
    var isOpen = false
  }

  @Test(
    "exported rows are the runs of the reports, with exact ends where events reported them",
    arguments: EventOracle.seeds)
  func rows(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var found: [Int: [NamespaceType: [ExportRow]]] = [:]
    try oracle.reader.export(ExportFilter()) { row in
      found[history.number(row.comm), default: [:]][row.type, default: []].append(row)
      return true
    }
    for actor in history.actors.indices where !history.wronglyReported.contains(actor) {
      for type in NamespaceType.allCases {
        let rows = found[actor]?[type] ?? []
        let runs = history.runs(actor) { EventHistory.part($0, type.link) }
        let isRight =
          rows.count == runs.count
          && zip(rows, runs).allSatisfy { row, run in
            let key = row.inode.map { EventHistory.Key(type: type, inode: $0, id: row.kernelID) }
            return isSame(
              oracle, run,
              Piece(
                actor: history.number(row.comm), from: row.from, until: row.until,
                isExactFrom: row.isExactFrom, isExactUntil: row.isExactUntil, isOpen: row.isOpen))
              && key == run.value?.key && row.pid == Int64(history.actors[actor].pid)
              && row.tid == history.actors[actor].tid.map(Int64.init)
          }
        oracle.check(isRight, "a\(actor) \(type): \(rows), not \(runs)")
      }
    }
    let actors = Set(found.keys)
    let reported = Set(history.points.flatMap(\.reported.keys))
    oracle.check(actors == reported, "exported are \(actors), reported \(reported)")
    oracle.report()
  }

  @Test("the members of a namespace are the runs in it", arguments: EventOracle.seeds)
  func members(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    let certain = history.actors.indices.filter { !history.wronglyReported.contains($0) }
    for type in [NamespaceType.net, .pid, .user] {
      let runs = certain.flatMap { history.runs($0) { EventHistory.part($0, type.link) } }
      for key in Set(runs.compactMap { $0.value?.key }) {
        var found: [Piece] = []
        try oracle.reader.members(of: .kernelID(type, key.id ?? 0)) { member in
          found.append(
            Piece(
              actor: history.number(member.process), from: member.from, until: member.until,
              isExactFrom: member.beginning.isExact, isExactUntil: member.end.isExact,
              isOpen: member.end.kind == .open))
          return true
        }
        let expected = runs.filter { $0.value?.key == key }
        let sure = found.filter { !history.wronglyReported.contains($0.actor) }
          .sorted { ($0.actor, $0.from) < ($1.actor, $1.from) }
        oracle.check(
          sure.count == expected.count
            && zip(sure, expected).allSatisfy { isSame(oracle, $1, $0) },
          "members of \(key): \(sure), not \(expected)")
      }
    }
    oracle.report()
  }

  @Test(
    "history entries are the runs in one namespace set, timeline rows those in one namespace",
    arguments: EventOracle.seeds)
  func entries(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var entries: [Int: [NSHistory.HistoryEntry]] = [:]
    for pid: Int64 in 1...12 {
      try oracle.reader.history(.pid(pid)) { entry in
        entries[history.number(entry.process), default: []].append(entry)
        return true
      }
    }
    for actor in history.actors.indices
    where history.actors[actor].tid == nil && !history.wronglyReported.contains(actor) {
      let runs = history.runs(actor) { $0 }
      let found = entries[actor] ?? []
      oracle.check(found.count == runs.count, "a\(actor): \(found.count) entries of \(runs.count)")
      for (entry, run) in zip(found, runs) {
        let piece = Piece(
          actor: history.number(entry.process), from: entry.from, until: entry.until,
          isExactFrom: entry.beginning.isExact, isExactUntil: entry.end.isExact,
          isOpen: entry.end.kind == .open)
        let links = NamespaceLink.allCases.map { entry.links[$0]?.namespace?.key }
        oracle.check(
          isSame(oracle, run, piece) && links == run.value.map(\.key),
          "a\(actor) in \(run.points): \(entry)")
        EventBounds(oracle).check(run, entry.beginning, entry.end)
      }
    }
    try checkTimelineRows(oracle)
    oracle.report()
  }

  private func checkTimelineRows(_ oracle: EventOracle) throws {
    let history = oracle.history
    for timelineRow in try oracle.reader.timeline((1...12).map { .pid($0) }) {
      let actor = history.number(timelineRow.process)
      if history.wronglyReported.contains(actor) { continue }
      let known = timelineRow.segments.filter {
        if case .namespace = $0.state { true } else { false }
      }
      let runs = history.runs(actor) { EventHistory.part($0, timelineRow.type.link) }
      // A process that was not recognised in a later session has two timeline rows.
      let isRight = known.allSatisfy { segment in
        runs.contains {
          EventHistory.isTime(segment.from, history.seenFrom($0))
            && EventHistory.isTime(segment.until, history.seenUntil($0))
        }
      }
      oracle.check(
        isRight, "the row of a\(actor) in \(timelineRow.type): \(known), not \(runs)")
      oracle.check(
        timelineRow.segments.allSatisfy { $0.from <= $0.until },
        "a\(actor) backwards: \(timelineRow.segments)")
    }
  }

  private func isSame<Value>(_ oracle: EventOracle, _ run: EventRun<Value>, _ piece: Piece) -> Bool
  {
    let history = oracle.history
    return piece.actor == run.actor && EventHistory.isTime(piece.from, history.seenFrom(run))
      && EventHistory.isTime(piece.until, history.seenUntil(run))
      && piece.isExactFrom == history.beginsExactly(run)
      && piece.isExactUntil == history.endsExactly(run)
      && piece.isOpen
        == (oracle.isRecorded && run.points.upperBound == history.points.count - 1)
  }
}

/// Checks the bounds of intervals.
struct EventBounds {
  let oracle: EventOracle

  init(_ oracle: EventOracle) { self.oracle = oracle }

  func check<Value>(_ run: EventRun<Value>, _ beginning: IntervalBound, _ end: IntervalBound) {
    let history = oracle.history
    let (first, last) = (run.points.lowerBound, run.points.upperBound)
    let wasThere = first > 0 && history.points[first - 1].reported[run.actor] != nil
    let began: IntervalBound.Kind =
      history.isCutOff(first) ? .firstSeen : wasThere ? .changed : .started
    let before =
      history.beginsExactly(run) ? history.wall(first) : first > 0 ? history.wall(first - 1) : nil
    oracle.check(
      beginning.kind == began && EventHistory.isTime(beginning.other, before),
      "a\(run.actor) in \(run.points) began \(beginning), not \(began) \(before ?? 0)")
    let isLast = last == history.points.count - 1
    let isThere = !isLast && history.points[last + 1].reported[run.actor] != nil
    let ended: IntervalBound.Kind =
      isLast && oracle.isRecorded
      ? .open : history.isCutOff(last + 1) ? .lastSeen : isThere ? .changed : .exited
    let after = isLast ? nil : history.wall(last + 1)
    oracle.check(
      end.kind == ended && EventHistory.isTime(end.other, after),
      "a\(run.actor) in \(run.points) ended \(end), not \(ended) \(after ?? 0)")
  }
}
