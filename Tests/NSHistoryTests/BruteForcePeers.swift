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
    let brute = try BruteForce(seed: seed)
    let found = try peers(brute)
    for one in brute.history.processes.indices {
      for other in brute.history.processes.indices where other != one {
        compareWithRows(brute, one, other, (found[one] ?? [:]).filter { $0.key.peer == other })
      }
      brute.check(found[one]?.keys.contains { $0.peer == one } != true, "p\(one) is its own peer")
    }
    brute.report()
  }

  @Test("peers are the processes that `same` finds together", arguments: BruteForce.seeds)
  func same(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    let found = try peers(brute)
    let records = try brute.records()
    for one in brute.history.processes.indices {
      for other in brute.history.processes.indices where other > one {
        try compareWithSame(
          brute, records, one, other, (found[one] ?? [:]).filter { $0.key.peer == other })
      }
    }
    brute.report()
  }

  private func peers(_ brute: BruteForce) throws -> [Int: [Shared: [Peer.Together]]] {
    var found: [Int: [Shared: [Peer.Together]]] = [:]
    for pid in Set(brute.history.processes.map(\.pid)) {
      try brute.reader.peers(.init(.pid(Int64(pid)), countsInitial: true)) { peer in
        for shared in peer.shared {
          let key = Shared(peer: brute.number(peer.peer), key: shared.namespace.key)
          let isNew = found[brute.number(peer.process), default: [:]]
            .updateValue(shared.intervals, forKey: key)
          brute.check(isNew == nil, "\(key) comes twice")
        }
        return true
      }
    }
    return found
  }

  private func compareWithRows(
    _ brute: BruteForce, _ one: Int, _ other: Int, _ shared: [Shared: [Peer.Together]]
  ) {
    var proven: [Key: Int] = [:]
    var overlaps: [Key: [ClosedRange<Int>]] = [:]
    for row in brute.rows where row.process == one {
      guard let key = row.namespace else { continue }
      for second in brute.rows where second.process == other && second.namespace == key {
        guard row.samples.overlaps(second.samples) else { continue }
        let both = row.samples.clamped(to: second.samples)
        overlaps[key, default: []].append(both)
        if both.count > 1 { proven[key, default: 0] += 1 }
      }
    }
    for (key, count) in proven {
      let times = shared[Shared(peer: other, key: key)]?.count ?? 0
      brute.check(times >= count, "p\(one) and p\(other) in \(key): \(times) of \(count) times")
    }
    for (what, times) in shared {
      for time in times {
        let isInside = (overlaps[what.key] ?? []).contains { both in
          let isLong = both.count > 1 || isProven(brute.history, one, other, what.key, both)
          return isLong && time.from >= brute.history.start(both.lowerBound)
            && time.until <= brute.history.start(both.upperBound) && time.from <= time.until
        }
        brute.check(isInside, "p\(one) and p\(other) in \(what.key) at \(time)")
      }
    }
  }

  /// Whether one sample alone proves that two processes were in a namespace at once: one of them stayed from before
  /// it until after it, or both stayed on one side of it.
  private func isProven(
    _ history: RandomHistory, _ one: Int, _ other: Int, _ key: Key, _ samples: ClosedRange<Int>
  ) -> Bool {
    let sample = samples.lowerBound
    func stays(_ process: Int, _ side: Int) -> Bool {
      side >= 0 && side < history.count && !history.isCutOff(max(side, sample))
        && history.place(process, side, key.type.link) == key
    }
    let before = [one, other].map { stays($0, sample - 1) }
    let after = [one, other].map { stays($0, sample + 1) }
    return before == [true, true] || after == [true, true] || before[0] && after[0]
      || before[1] && after[1]
  }

  private func compareWithSame(
    _ brute: BruteForce, _ records: [Int: ProcessRecord], _ one: Int, _ other: Int,
    _ shared: [Shared: [Peer.Together]]
  ) throws {
    let pids = [one, other].map { number in
      SameQuestion.Selector(
        pid: Int64(brute.history.processes[number].pid), process: records[number]?.id)
    }
    // `same` cannot compare two processes with one PID.
    guard pids[0].pid != pids[1].pid else { return }
    let answer = try brute.reader.same(
      .init(pids: pids, time: .range(since: nil, until: nil)))
    for line in answer.types {
      let times = shared.filter { $0.key.key.type == line.type }.flatMap { what, times in
        times.map { Time(key: what.key, from: $0.from, until: $0.until, isOpen: $0.isOpen) }
      }
      let expected = line.intervals.map {
        Time(key: $0.namespace.key, from: $0.from, until: $0.until, isOpen: $0.isOpen)
      }
      brute.check(
        Set(times) == Set(expected) && times.count == expected.count,
        "p\(one) and p\(other) as peers: \(times); \(line.verdict) by `same`: \(expected)")
      brute.check(
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
