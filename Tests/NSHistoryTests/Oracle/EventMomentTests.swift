// Compares the processes and namespaces at a moment, and the coverage, with the actual state.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventMomentTests {
  @Test(
    "where events cover a moment, exactly the processes that ran are listed",
    arguments: EventOracle.seeds)
  func moments(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var random = SeededRandom(seed: seed)
    for time in history.times(&random) {
      let (point, isNear) = history.point(before: time)
      guard let point, !isNear, history.coverage(after: point) == .exact,
        time > history.wallEnd(point)
      else { continue }
      let answer = try oracle.reader.processes(at: time)
      oracle.check(
        answer.samples.count == 1 && answer.samples.allSatisfy(\.isExact)
          && EventHistory.isTime(answer.samples.first?.before, history.since(point))
          && EventHistory.isTime(answer.samples.first?.after, history.wall(point + 1)),
        "around \(time): \(answer.samples)")
      let boot = time - history.epochs[history.points[point].session]
      check(oracle, boot, answer.processes)
      let isSure = history.wrongReports.allSatisfy {
        boot < $0.from || $0.isFound && boot > $0.until
      }
      if isSure { check(oracle, boot, try oracle.reader.namespaces(at: time)) }
      let coverage = try oracle.reader.coverage(at: time)
      oracle.check(
        coverage.isCovered && coverage.samples == answer.samples, "at \(time): \(coverage)")
    }
    oracle.report()
  }

  private func check(_ oracle: EventOracle, _ boot: Int64, _ found: [ProcessAtMoment]) {
    let history = oracle.history
    var listed: Set<Int> = []
    for one in found {
      let actor = history.number(one.process)
      oracle.check(listed.insert(actor).inserted, "a\(actor) is there twice at \(boot)")
      let isReturned =
        history.isReturned(actor, at: boot) && !isWronglyReported(history, actor, boot)
      oracle.check(!isReturned, "a\(actor) is there at \(boot), and is where its process is")
      if isWronglyReported(history, actor, boot) { continue }
      let links = history.links(actor, at: boot)
      oracle.check(
        one.presence == .certain && links != nil, "a\(actor) at \(boot): \(one.presence)")
      for type in NamespaceType.allCases {
        let link = one.links[type]
        oracle.check(
          link?.reason == nil && link?.others.isEmpty == true
            && link?.namespace?.key == EventHistory.part(links, type.link)?.key,
          "a\(actor) at \(boot): \(type) \(String(describing: link))")
      }
    }
    for actor in history.actors.indices where history.links(actor, at: boot) != nil {
      if isWronglyReported(history, actor, boot) || history.isReturned(actor, at: boot) { continue }
      oracle.check(listed.contains(actor), "a\(actor) is not there at \(boot)")
    }
  }

  private func isWronglyReported(_ history: EventHistory, _ actor: Int, _ boot: Int64) -> Bool {
    history.wrongReports.contains {
      $0.actor == actor && boot >= $0.from && (boot <= $0.until || !$0.isFound)
    }
  }

  private func check(_ oracle: EventOracle, _ boot: Int64, _ answer: NamespacesAnswer) {
    let history = oracle.history
    var counts: [EventHistory.Key: Int] = [:]
    for actor in history.actors.indices {
      // A thread that has returned to its process's namespaces is counted with the process.
      guard let links = history.links(actor, at: boot), !history.isReturned(actor, at: boot) else {
        continue
      }
      for type in NamespaceType.allCases {
        if let key = EventHistory.part(links, type.link)?.key { counts[key, default: 0] += 1 }
        // The namespace for its children is listed too, with a count of zero.
        if let key = EventHistory.part(links, type.linkForChildren)?.key {
          counts[key, default: 0] += 0
        }
      }
    }
    var found: [EventHistory.Key: Int] = [:]
    for one in answer.namespaces {
      found[one.namespace.key] = one.processes
      oracle.check(one.unsure == 0, "\(one.namespace.key) at \(boot): unsure \(one.unsure)")
    }
    oracle.check(found == counts, "at \(boot): \(found), not \(counts)")
  }

  @Test(
    "a recorded period has its numbers of samples, events and disagreements",
    arguments: EventOracle.seeds)
  func coverage(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var expected: [[Int64]] = []
    var first = 0
    for next in 1...history.points.count where history.isCutOff(next) {
      let points = history.points[first..<next]
      let session = points[first].session
      let listens = history.listens(session)
      expected.append([
        history.wall(first).nanoseconds, history.wallEnd(next - 1).nanoseconds, Int64(session + 1),
        Int64(points.count { !$0.isEvent }), listens ? Int64(points.count(where: \.isEvent)) : -1,
        points.reduce(0) { $0 + Int64($1.disagreements) },
      ])
      first = next
    }
    var found: [[Int64]] = []
    try oracle.reader.coverage { period in
      guard let recorded = period.recorded else { return true }
      found.append([
        period.from.nanoseconds, period.until.nanoseconds, recorded.session, recorded.samples,
        recorded.events ?? -1, recorded.disagreements,
      ])
      return true
    }
    let isRight =
      found.count == expected.count
      && zip(found, expected).allSatisfy { one, other in
        // The end of the period is compared to a microsecond: its last point may be a rounded event.
        one[0] == other[0] && one[2...] == other[2...] && abs(one[1] - other[1]) < 1000
      }
    oracle.check(isRight, "\(found), not \(expected)")
    oracle.report()
  }
}

extension EventHistory {
  /// Whether events were reported in a session.
  func listens(_ session: Int) -> Bool {
    var index = -1
    for step in steps {
      guard case .begin(let info) = step else { continue }
      index += 1
      if index == session { return info.hasEvents }
    }
    return false
  }
}
