// Compares the changes of one process, or of one namespace, with the list of all changes and with the samples.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceScopeTests {
  @Test(
    "the changes of a process are those of all changes that concern it", arguments: BruteForce.seeds
  )
  func ofProcess(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let all = try oracle.reader.allChanges(.init())
    for pid in Set(oracle.history.processes.map(\.pid)) {
      let own = try oracle.reader.allChanges(.init(process: .pid(Int64(pid))))
      let moved = own.filter { $0.kind == .moved }
      oracle.check(
        moved == all.filter { $0.process?.pid == Int64(pid) && $0.kind == .moved },
        "moves of PID \(pid): \(moved)")
      oracle.check(own.allSatisfy { $0.process?.pid == Int64(pid) }, "others than PID \(pid)")
      for (process, facts) in oracle.history.processes.enumerated() where facts.pid == pid {
        let mine = own.filter { oracle.number($0.process) == process }
        check(oracle, process, mine, all)
      }
    }
    oracle.report()
  }

  private func check(
    _ oracle: BruteForce, _ process: Int, _ own: [NamespaceChange], _ all: [NamespaceChange]
  ) {
    let history = oracle.history
    let observedSamples = history.observedSamples(process)
    let namespaces = observedSamples.map { sample in
      NamespaceType.allCases.compactMap { history.namespace(process, sample, $0.link) }
    }
    guard let first = observedSamples.first, let last = observedSamples.last else { return }
    let begun = own.filter { $0.kind == .started || $0.kind == .firstSeen }
    let kind: NamespaceChange.Kind = history.isCutOff(first) ? .firstSeen : .started
    oracle.check(
      begun.count == (namespaces[0].isEmpty ? 0 : 1)
        && begun.allSatisfy { change in
          change.kind == kind && oracle.sample(endedAt: change.by) == first
            && Set(change.parts.compactMap(\.to?.key)) == Set(namespaces[0])
        }, "p\(process) began with \(begun)")
    for change in all where oracle.number(change.process) == process {
      let isKept = own.contains { one in
        one.kind == change.kind && one.by == change.by
          && Set(one.parts).isSuperset(of: change.parts)
      }
      oracle.check(isKept, "p\(process): only among all is \(change)")
    }
    let ended = own.filter { $0.kind == .exited || $0.kind == .lastSeen }
    let isToTell = last + 1 < history.count && namespaces.contains { !$0.isEmpty }
    oracle.check(
      ended.count == (isToTell ? 1 : 0)
        && ended.allSatisfy {
          oracle.sample(endedAt: $0.by) == last + 1
            && ($0.kind == .lastSeen) == history.isCutOff(last + 1)
        }, "p\(process) ended with \(ended)")
  }

  @Test(
    "the changes of a namespace are those of all changes that concern it",
    arguments: BruteForce.seeds)
  func ofNamespace(seed: UInt64) throws { try check(seed, afterUnread: false) }

  @Test(
    "the changes of a namespace include those of processes that could not be read meanwhile",
    arguments: BruteForce.seeds)
  func ofNamespaceAfterUnread(seed: UInt64) throws { try check(seed, afterUnread: true) }

  private func check(_ seed: UInt64, afterUnread: Bool) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    let all = try oracle.reader.allChanges(.init())
    for key in history.namespaces {
      guard let id = key.id else { continue }
      let own = try oracle.reader.allChanges(.init(namespace: .kernelID(key.type, id)))
      let samples = own.map { oracle.sample(endedAt: $0.by) }
      oracle.check(samples == samples.sorted(), "\(key): out of order: \(samples)")
      oracle.check(Set(own).count == own.count, "\(key): a change twice")
      for change in own {
        oracle.check(
          change.parts.allSatisfy { $0.from?.key == key || $0.to?.key == key },
          "\(key): a part of another namespace: \(change.parts)")
      }
      for change in all {
        let parts = change.parts.filter { $0.from?.key == key || $0.to?.key == key }
        // A start is listed for the namespaces the process is in, not for those that it might have been in.
        let isStart = change.kind == .started || change.kind == .firstSeen
        if parts.isEmpty || isStart && parts.allSatisfy({ $0.to?.key != key }) { continue }
        let isDirect = parts.allSatisfy { part in
          part.to?.key == key || change.kind == .lastExit
            || history.namespace(
              oracle.number(change.process), oracle.sample(endedAt: change.by) - 1, part.link)
              == key
        }
        guard isDirect != afterUnread else { continue }
        let isReported = own.contains { one in
          one.kind == change.kind && one.by == change.by && one.process == change.process
            && Set(one.parts) == Set(parts)
        }
        oracle.check(
          isReported,
          "\(key): only among all p\(oracle.number(change.process)) \(change.kind.rawValue) "
            + "by \(oracle.sample(endedAt: change.by)): \(parts)")
      }
      for process in history.processes.indices {
        check(oracle, key, process, own, afterUnread: afterUnread)
      }
    }
    oracle.report()
  }

  /// Checks that for each process in a namespace the changes show how it came and how it left, unless it is still
  /// there.
  private func check(
    _ oracle: BruteForce, _ key: RandomHistory.Key, _ process: Int, _ own: [NamespaceChange],
    afterUnread: Bool
  ) {
    let history = oracle.history
    let mine = own.filter { oracle.number($0.process) == process }
    let observedSamples = history.observedSamples(process)
    guard let first = observedSamples.first, let last = observedSamples.last else { return }
    let isFirst = history.namespace(process, first, key.type.link) == key
    let began = mine.contains { change in
      (change.kind == .started || change.kind == .firstSeen)
        && change.parts.contains { $0.to?.key == key }
    }
    oracle.check(began == isFirst, "p\(process) in \(key): began there: \(began)")
    guard (history.namespace(process, last, key.type.link) == nil) == afterUnread else { return }
    let lastRead = observedSamples.last { history.namespace(process, $0, key.type.link) != nil }
    let isOver =
      last + 1 < history.count
      || history.observation(process, last)?[key.type.link] == .unread(.zombie)
    let isLast =
      isOver
      && lastRead.map { history.namespace(process, $0, key.type.link) == key } ?? false
    let left = mine.contains { [.exited, .lastSeen, .zombie].contains($0.kind) }
    oracle.check(left == isLast, "p\(process) in \(key): left by exiting: \(left)")
  }
}
