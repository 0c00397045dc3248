// Compares `shared` of sampled histories with `same` of every pair of processes, and with the samples.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct BruteForceSharedTests {
  private static let types: [NamespaceType] = [.net, .uts, .pid, .user, .time]

  /// A group of the question, and the indexes of its processes.
  private struct Group {
    let group: SharedQuestion.Group
    let processes: [Int]
  }

  private func groups(_ oracle: BruteForce) -> [Group] {
    let all = oracle.history.processes.indices
    let containers = TestContainer.all.map { id in
      Group(
        group: .processes(.container(id)),
        processes: all.filter { TestContainer.id(of: $0) == id })
    }
    let pids = Set(oracle.history.processes.map(\.pid)).sorted().map { pid in
      Group(
        group: .processes(.pid(Int64(pid))),
        processes: all.filter { oracle.history.processes[$0].pid == pid })
    }
    let names = all.map { Group(group: .processes(.comm("p\($0)")), processes: [$0]) }
    return containers + pids + names
  }

  @Test(
    "two groups share when `same` finds any two of their processes together",
    arguments: BruteForce.seeds)
  func pairs(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let records = try oracle.records()
    var random = SeededRandom(seed: seed)
    let groups = groups(oracle)
    var times = (0..<6).map { _ in
      let one = Int.random(in: 0..<oracle.history.count, using: &random)
      let other = Int.random(in: 0..<oracle.history.count, using: &random)
      return TimeWindow(
        since: oracle.history.start(min(one, other)) + Int64.random(in: -1...12, using: &random)
          * HistoryScript.second,
        until: oracle.history.start(max(one, other)) + 30 * HistoryScript.second)
    }
    times += [TimeWindow(), TimeWindow()]
    for _ in 0..<16 {
      guard let one = groups.randomElement(using: &random),
        let other = groups.randomElement(using: &random), one.group != other.group,
        let window = times.randomElement(using: &random)
      else { continue }
      let answer = try oracle.reader.shared(
        .init([one.group, other.group], in: window, types: Self.types))
      let expected = try together(oracle, records, one, other, window)
      for line in answer.types {
        let what = "\(one.group) and \(other.group) in \(window), \(line.type)"
        let found = Self.union(line.visits.map { ($0.from, $0.until) })
        oracle.check(
          found == expected[line.type] ?? [],
          "\(what): \(found), not \(expected[line.type] ?? [])")
        oracle.check((line.verdict == .shared) == !found.isEmpty, "\(what): \(line.verdict)")
        oracle.check(line.verdict != .never || !line.isExact, "\(what): exactly never, of samples")
        oracle.check(
          line.verdict != .unknown || line.reason != nil, "\(what): unknown without a reason")
        oracle.check(
          line.verdict != .never || !mayBeUnseen(oracle, one, other, window),
          "\(what): never, though another process may have had the PID")
        for visit in line.visits { check(oracle, visit, one, other, what) }
      }
    }
    oracle.report()
  }

  /// Whether `never` would be wrong. One group is all processes of a PID, and within the time some sample shows none
  /// of them but a process of the other group: shortly before that sample an unknown process may have had the PID.
  private func mayBeUnseen(
    _ oracle: BruteForce, _ one: Group, _ other: Group, _ window: TimeWindow
  ) -> Bool {
    func isSeen(_ group: Group, _ sample: Int) -> Bool {
      group.processes.contains { oracle.history.observedSamples($0).contains(sample) }
    }
    func isSeenAnywhere(_ group: Group) -> Bool {
      (0..<oracle.history.count).contains { isWithin($0) && isSeen(group, $0) }
    }
    func isWithin(_ sample: Int) -> Bool {
      let start = oracle.history.start(sample)
      return window.since ?? .min < start
        && start + 9 * HistoryScript.second < window.until ?? .max
    }
    return [(one, other), (other, one)].contains { pid, others in
      guard case .processes(.pid) = pid.group, isSeenAnywhere(pid) else { return false }
      return (0..<oracle.history.count).contains {
        isWithin($0) && !isSeen(pid, $0) && isSeen(others, $0)
      }
    }
  }

  /// Checks that each named process belongs to the group for which it is named.
  private func check(
    _ oracle: BruteForce, _ visit: SharedAnswer.Visit, _ one: Group, _ other: Group, _ what: String
  ) {
    let sides = visit.group == 0 ? (one, other) : (other, one)
    oracle.check(
      sides.0.processes.contains(oracle.number(visit.process))
        && visit.others.allSatisfy { sides.1.processes.contains(oracle.number($0)) }
        && !visit.others.contains { $0.id == visit.process?.id },
      "\(what): \(visit)")
  }

  /// Returns the times in which any two processes of two groups were together, according to `same`.
  private func together(
    _ oracle: BruteForce, _ records: [Int: ProcessRecord], _ one: Group, _ other: Group,
    _ window: TimeWindow
  ) throws -> [NamespaceType: [ClosedRange<WallTime>]] {
    var times: [NamespaceType: [(WallTime, WallTime)]] = [:]
    for first in one.processes {
      for second in other.processes where first != second {
        let pids = [first, second].map { number in
          SameQuestion.Selector(
            pid: Int64(oracle.history.processes[number].pid), process: records[number]?.id)
        }
        // Two processes with one PID never ran at once.
        guard pids[0].pid != pids[1].pid else { continue }
        let answer = try oracle.reader.same(
          .init(
            pids: pids, time: .range(since: window.since, until: window.until),
            types: Self.types))
        for line in answer.types {
          times[line.type, default: []] += line.intervals.map { ($0.from, $0.until) }
        }
      }
    }
    return times.mapValues(Self.union).filter { !$1.isEmpty }
  }

  static func union(_ times: [(WallTime, WallTime)]) -> [ClosedRange<WallTime>] {
    times.sorted { $0 < $1 }.reduce(into: []) { union, time in
      if let last = union.last, time.0 <= last.upperBound {
        union[union.count - 1] = last.lowerBound...max(last.upperBound, time.1)
      } else {
        union.append(time.0...time.1)
      }
    }
  }

  @Test(
    "a group shares with the host if one of its processes was in an initial namespace",
    arguments: BruteForce.seeds)
  func host(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    for group in groups(oracle) {
      let answer = try oracle.reader.shared(.init([.host, group.group], types: Self.types))
      for line in answer.types {
        let isShared = group.processes.contains { process in
          oracle.history.observedSamples(process).contains {
            oracle.history.namespace(process, $0, line.type.link)?.isInitial == true
          }
        }
        oracle.check(
          (line.verdict == .shared) == isShared,
          "\(group.group) and the host in \(line.type): \(line.verdict), not \(isShared)")
      }
    }
    oracle.report()
  }
}
