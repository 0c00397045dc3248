// Compares peers (the processes that were in one namespace with a process at one time) with exported rows that
// overlap, and with `same`.

import NSHistory
import NamespaceModel
import Testing

struct BruteForcePeersTests {
  private typealias Key = RandomHistory.Key

  /// A peer and the shared namespace.
  private struct Shared: Hashable {
    let peer: Int
    let key: Key
  }

  @Test("peers are the processes whose exported rows overlap", arguments: BruteForce.seeds)
  func rows(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let found = try peers(oracle)
    for one in oracle.history.processes.indices {
      for other in oracle.history.processes.indices where other != one {
        compareWithRows(oracle, one, other, (found[one] ?? [:]).filter { $0.key.peer == other })
      }
      oracle.check(found[one]?.keys.contains { $0.peer == one } != true, "p\(one) is its own peer")
    }
    oracle.report()
  }

  @Test("peers are the processes that `same` finds together", arguments: BruteForce.seeds)
  func same(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let found = try peers(oracle)
    let records = try oracle.records()
    for one in oracle.history.processes.indices {
      for other in oracle.history.processes.indices where other > one {
        try compareWithSame(
          oracle, records, one, other, (found[one] ?? [:]).filter { $0.key.peer == other })
      }
    }
    oracle.report()
  }

  private func peers(_ oracle: BruteForce) throws -> [Int: [Shared: [Peer.Together]]] {
    var found: [Int: [Shared: [Peer.Together]]] = [:]
    for pid in Set(oracle.history.processes.map(\.pid)) {
      try oracle.reader.peers(.init(.pid(Int64(pid)), countsInitial: true)) { peer in
        for shared in peer.shared {
          let key = Shared(peer: oracle.number(peer.peer), key: shared.namespace.key)
          let isNew = found[oracle.number(peer.process), default: [:]]
            .updateValue(shared.intervals, forKey: key)
          oracle.check(isNew == nil, "\(key) comes twice")
        }
        return true
      }
    }
    return found
  }

  private func compareWithRows(
    _ oracle: BruteForce, _ one: Int, _ other: Int, _ shared: [Shared: [Peer.Together]]
  ) {
    var proven: [Key: Int] = [:]
    var overlaps: [Key: [ClosedRange<Int>]] = [:]
    for row in oracle.rows where row.process == one {
      guard let key = row.namespace else { continue }
      for second in oracle.rows where second.process == other && second.namespace == key {
        guard row.samples.overlaps(second.samples) else { continue }
        let both = row.samples.clamped(to: second.samples)
        overlaps[key, default: []].append(both)
        if both.count > 1 { proven[key, default: 0] += 1 }
      }
    }
    for (key, count) in proven {
      let times = shared[Shared(peer: other, key: key)]?.count ?? 0
      oracle.check(times >= count, "p\(one) and p\(other) in \(key): \(times) of \(count) times")
    }
    for (what, times) in shared {
      for time in times {
        let isInside = (overlaps[what.key] ?? []).contains { both in
          let isLong = both.count > 1 || isProven(oracle.history, one, other, what.key, both)
          return isLong && time.from >= oracle.history.start(both.lowerBound)
            && time.until <= oracle.history.start(both.upperBound) && time.from <= time.until
        }
        oracle.check(isInside, "p\(one) and p\(other) in \(what.key) at \(time)")
      }
    }
  }

  /// Whether one sample alone proves that two processes were in a namespace at once: one of them stayed from before
  /// it until after it, or both stayed on one side of it.
  private func isProven(
    _ history: RandomHistory, _ one: Int, _ other: Int, _ key: Key, _ samples: ClosedRange<Int>
  ) -> Bool {
    let sample = samples.lowerBound
    func isInNamespace(_ process: Int, _ side: Int) -> Bool {
      side >= 0 && side < history.count && !history.isCutOff(max(side, sample))
        && history.namespace(process, side, key.type.link) == key
    }
    let before = [one, other].map { isInNamespace($0, sample - 1) }
    let after = [one, other].map { isInNamespace($0, sample + 1) }
    return before == [true, true] || after == [true, true] || before[0] && after[0]
      || before[1] && after[1]
  }

  private func compareWithSame(
    _ oracle: BruteForce, _ records: [Int: ProcessRecord], _ one: Int, _ other: Int,
    _ shared: [Shared: [Peer.Together]]
  ) throws {
    let pids = [one, other].map { number in
      SameQuestion.Selector(
        pid: Int64(oracle.history.processes[number].pid), process: records[number]?.id)
    }
    // `same` cannot compare two processes with one PID.
    guard pids[0].pid != pids[1].pid else { return }
    let answer = try oracle.reader.same(
      .init(pids: pids, time: .range(since: nil, until: nil)))
    for line in answer.types {
      let times = shared.filter { $0.key.key.type == line.type }.flatMap { what, times in
        times.map { Time(key: what.key, from: $0.from, until: $0.until, isOpen: $0.isOpen) }
      }
      let expected = line.intervals.map {
        Time(key: $0.namespace.key, from: $0.from, until: $0.until, isOpen: $0.isOpen)
      }
      oracle.check(
        Set(times) == Set(expected) && times.count == expected.count,
        "p\(one) and p\(other) as peers: \(times); \(line.verdict) by `same`: \(expected)")
      oracle.check(
        (line.verdict == .same) == !times.isEmpty, "\(line.verdict) but as peers \(times)")
    }
  }

  private struct Time: Hashable, CustomStringConvertible {
    let key: Key
    let from: WallTime
    let until: WallTime
    let isOpen: Bool

    var description: String { "\(key) \(from)...\(until)" }
  }
}
