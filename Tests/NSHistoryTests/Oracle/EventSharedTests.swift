// Compares `shared` of histories with events with the actual state.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct EventSharedTests {
  private static let types: [NamespaceType] = [.net, .uts, .pid, .user]

  /// A group of the question, and its members.
  private struct Group {
    let group: SharedQuestion.Group
    /// Whether an actor belongs to the group at a moment.
    let isMember: (EventHistory, Int, Int64) -> Bool
    /// The namespaces of a type, for a group that consists of namespaces; nil for other groups.
    var namespaces: (NamespaceType) -> Set<EventHistory.Key>? = { _ in nil }
  }

  private func groups(_ oracle: EventOracle) -> [Group] {
    let history = oracle.history
    var groups = TestContainer.all.map { id in
      Group(group: .processes(.container(id))) { _, actor, _ in TestContainer.id(of: actor) == id }
    }
    groups += (1...12).map { pid in
      Group(group: .processes(.pid(Int64(pid)))) { history, actor, _ in
        history.actors[actor].pid == pid
      }
    }
    groups.append(
      Group(group: .host, isMember: { _, _, _ in false }) { type in
        Set(Self.keys(history, type).filter(\.isInitial))
      })
    for type in [NamespaceType.net, .uts] {
      for key in Self.keys(history, type).sorted(by: { $0.id ?? 0 < $1.id ?? 0 }).prefix(4) {
        guard let id = key.id else { continue }
        groups.append(
          Group(
            group: .namespace(.kernelID(type, id)),
            isMember: { history, actor, boot in
              EventHistory.part(history.links(actor, at: boot), type.link)?.key == key
            }, namespaces: { $0 == type ? [key] : nil }))
      }
    }
    return groups
  }

  private static func keys(_ history: EventHistory, _ type: NamespaceType) -> Set<EventHistory.Key>
  {
    Set(
      history.actors.flatMap { actor in
        actor.entries.compactMap { EventHistory.part($0.links, type.link)?.key }
      })
  }

  @Test(
    "no answer is wrong, and where events cover the time none is unknown",
    arguments: EventOracle.seeds)
  func answers(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    // Skips histories with wrong reports that no sample corrected: no answer can be right there.
    guard history.wrongReports.allSatisfy(\.isFound) else { return }
    var random = SeededRandom(seed: seed)
    let groups = groups(oracle)
    let times = history.times(&random)
    for round in 0..<90 {
      guard let one = groups.randomElement(using: &random),
        let other = groups.randomElement(using: &random), one.group != other.group
      else { continue }
      var ends = (0..<2).compactMap { _ in times.randomElement(using: &random) }.sorted()
      if round % 3 == 0, let first = ends.first { ends = [first, first] }
      if round % 3 == 1, let index = times.indices.randomElement(using: &random) {
        ends = [times[index], times[min(index + 4, times.count - 1)]].sorted()
      }
      let window = TimeWindow(since: ends[0], until: ends[1])
      let answer = try oracle.reader.shared(
        .init([one.group, other.group], in: window, types: Self.types))
      for line in answer.types { check(oracle, line, one, other, window) }
    }
    oracle.report()
  }

  /// Settings of a session that leave processes out of the file, and whether they also do so for questions by PID.
  private static let omissions: [(sql: String, isOfPIDs: Bool)] = [
    ("UPDATE session SET hidepid = 2", false),
    ("UPDATE session SET short_lived = 'none'", true),
    ("UPDATE session SET short_lived = 'changed'", false),
    ("UPDATE session SET events = 0", true),
  ]

  @Test(
    "the answer is not exactly never where processes may be missing from the file",
    arguments: [UInt64(1), 4, 7, 10, 13])
  func omissions(seed: UInt64) throws {
    for (sql, isOfPIDs) in Self.omissions {
      let oracle = try EventOracle(seed: seed)
      var random = SeededRandom(seed: seed)
      let before = try nevers(oracle, isOfPIDs: isOfPIDs, &random)
      try Connection(path: oracle.path, access: .readWrite).execute(sql)
      let reader = try HistoryReader(path: oracle.path)
      for question in before {
        let answer = try reader.shared(question)
        for line in answer.types where line.verdict == .never {
          // Processes that ran at different times never shared, whatever else is missing.
          oracle.check(!line.isExact, "\(sql): never in \(line.type) of \(question)")
        }
      }
      oracle.report()
    }
  }

  /// Returns questions for which events prove the answer never.
  private func nevers(
    _ oracle: EventOracle, isOfPIDs: Bool, _ random: inout SeededRandom
  ) throws -> [SharedQuestion] {
    let groups = groups(oracle).prefix(isOfPIDs ? 15 : 3)
    let times = oracle.history.times(&random)
    var found: [SharedQuestion] = []
    for _ in 0..<200 {
      guard let one = groups.randomElement(using: &random),
        let other = groups.randomElement(using: &random), one.group != other.group,
        let index = times.indices.randomElement(using: &random)
      else { continue }
      let ends = [times[index], times[min(index + 2, times.count - 1)]].sorted()
      let question = SharedQuestion(
        [one.group, other.group], in: TimeWindow(since: ends[0], until: ends[1]),
        types: Self.types)
      let isNever = try oracle.reader.shared(question).types.contains {
        $0.verdict == .never && $0.isExact
      }
      if isNever { found.append(question) }
    }
    return found
  }

  private func check(
    _ oracle: EventOracle, _ line: SharedAnswer.TypeAnswer, _ one: Group, _ other: Group,
    _ window: TimeWindow
  ) {
    let history = oracle.history
    let what = "\(one.group) and \(other.group) in \(window), \(line.type): \(line.verdict)"
    let truths = truths(history, one, other, line.type, window)
    switch line.verdict {
    case .shared:
      for visit in line.visits {
        oracle.check(isTrue(history, visit, truths), "\(what): \(visit), not of \(truths)")
      }
    case .never:
      oracle.check(truths.isEmpty, "\(what), though at \(truths)")
      oracle.check(line.visits.isEmpty, "\(what): \(line.visits)")
    case .unknown:
      oracle.check(line.reason != nil, "\(what) without a reason")
      guard isReported(history, window), line.reason != .notRunning, line.reason != .notRecorded
      else { return }
      oracle.check(false, "\(what) (\(line.reason?.rawValue ?? "")), in truth \(truths)")
    }
  }

  /// Whether events cover all of a window, and no report of the history is wrong.
  private func isReported(_ history: EventHistory, _ window: TimeWindow) -> Bool {
    guard let since = window.since, let until = window.until, history.wrongReports.isEmpty else {
      return false
    }
    let (low, isLowNear) = history.point(before: since)
    let (high, isHighNear) = history.point(before: until)
    guard let low, let high, !isLowNear, !isHighNear, since > history.wallEnd(low) else {
      return false
    }
    return (low...high).allSatisfy { history.coverage(after: $0) == .exact }
  }

  /// Returns the times, on the wall clock, in which two members actually shared. Leaves out those of a few
  /// microseconds, unless the window is one moment.
  private func truths(
    _ history: EventHistory, _ one: Group, _ other: Group, _ type: NamespaceType,
    _ window: TimeWindow
  ) -> [ClosedRange<WallTime>] {
    var bounds: Set<Int64> = []
    for actor in history.actors {
      for entry in actor.entries { bounds.formUnion([entry.from, entry.until].compactMap(\.self)) }
    }
    // The wall clock differs in each session.
    for session in history.epochs.indices {
      guard let first = history.points.first(where: { $0.session == session }) else { continue }
      bounds.insert(first.boot)
    }
    bounds.insert((history.points.last?.boot ?? 0) + 100 * HistoryScript.second)
    let all = bounds.sorted()
    var found: [(WallTime, WallTime)] = []
    for (from, until) in zip(all, all.dropFirst()) {
      guard isShared(history, one, other, type, from + (until - from) / 2) else { continue }
      let session = history.points.last { $0.boot <= from }.map(\.session) ?? 0
      let low = max(history.epochs[session] + from, window.since ?? .min)
      let high = min(history.epochs[session] + until, window.until ?? .max)
      if low <= high { found.append((low, high)) }
    }
    return BruteForceSharedTests.union(found).filter {
      $0.upperBound - $0.lowerBound >= 4 * EventHistory.blur || window.since == window.until
    }
  }

  private func isShared(
    _ history: EventHistory, _ one: Group, _ other: Group, _ type: NamespaceType, _ boot: Int64
  ) -> Bool {
    func namespaces(_ group: Group) -> [(owner: Int, key: EventHistory.Key)] {
      history.actors.indices.compactMap { actor in
        guard let key = EventHistory.part(history.links(actor, at: boot), type.link)?.key,
          group.isMember(history, actor, boot)
        else { return nil }
        let isThread = history.actors[actor].tid != nil
        return (isThread ? history.actors[actor].parent ?? actor : actor, key)
      }
    }
    switch (one.namespaces(type), other.namespaces(type)) {
    case (let some?, let others?): return !some.isDisjoint(with: others)
    case (let some?, nil): return namespaces(other).contains { some.contains($0.key) }
    case (nil, let others?): return namespaces(one).contains { others.contains($0.key) }
    case (nil, nil):
      let others = namespaces(other)
      return namespaces(one).contains { first in
        others.contains { $0.key == first.key && $0.owner != first.owner }
      }
    }
  }

  /// Whether a reported visit is within an actual time. A visit that is not exact, or is very short, is accepted: one
  /// sample may have seen it at any moment of its pass.
  private func isTrue(
    _ history: EventHistory, _ visit: SharedAnswer.Visit, _ truths: [ClosedRange<WallTime>]
  ) -> Bool {
    if !visit.isExact { return true }
    let blur = 2 * EventHistory.blur
    if visit.until - visit.from < 8 * EventHistory.blur { return true }
    return truths.contains {
      $0.lowerBound <= visit.from + blur && $0.upperBound >= visit.until - blur
    }
  }
}
