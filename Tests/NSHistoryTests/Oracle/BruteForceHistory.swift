// Compares `history` of a process, entry by entry, with the exported rows and the samples. An entry is an interval in
// which no link of the process changes.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceHistoryTests {
  @Test(
    "the entries of a history are the exported rows of all types side by side",
    arguments: BruteForce.seeds)
  func entries(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    var entries: [Int: [HistoryEntry]] = [:]
    for pid in Set(oracle.history.processes.map(\.pid)) {
      try oracle.reader.history(.pid(Int64(pid))) { entry in
        entries[oracle.number(entry.process), default: []].append(entry)
        return true
      }
    }
    for process in oracle.history.processes.indices {
      check(oracle, process, entries[process] ?? [])
    }
    oracle.report()
  }

  private func check(_ oracle: BruteForce, _ process: Int, _ entries: [HistoryEntry]) {
    let history = oracle.history
    var covered: [Int] = []
    var before: HistoryEntry?
    for entry in entries {
      let first = oracle.sample(entry.from)
      let samples = first...max(first, oracle.sample(entry.until))
      covered += samples
      for type in NamespaceType.allCases {
        let rows = oracle.rows.filter {
          $0.process == process && $0.type == type && $0.samples.overlaps(samples)
        }
        let isRow =
          rows.count == 1 && rows[0].namespace == entry.links[type.link]?.namespace?.key
          && rows[0].samples.clamped(to: samples) == samples
        oracle.check(isRow, "p\(process) in \(samples): \(type) is not as in \(rows)")
      }
      let links = NamespaceLink.allCases.map { state(entry.links[$0]) }
      oracle.check(
        samples.allSatisfy { history.observation(process, $0)?.links.map(state) == links },
        "p\(process) in \(samples): \(links)")
      check(oracle, process, entry, before, samples)
      BruteForceBounds(oracle).check(process, samples, entry.beginning, entry.end, "entries")
      before = entry
    }
    oracle.check(
      covered == history.observedSamples(process), "p\(process): entries are of samples \(covered)")
  }

  private func check(
    _ oracle: BruteForce, _ process: Int, _ entry: HistoryEntry, _ before: HistoryEntry?,
    _ samples: ClosedRange<Int>
  ) {
    let history = oracle.history
    let first = samples.lowerBound
    guard let before else {
      // The first entry's changes are the differences from the namespaces for the parent's children.
      let allowed = history.startsElsewhere(isSure: false).filter { $0.process == process }
        .flatMap(\.parts)
      oracle.check(
        entry.changes.allSatisfy { change in
          allowed.contains {
            $0.type == change.link.type && $0.to == change.to.namespace?.key
              && $0.from == change.from?.namespace?.key
          }
        }, "p\(process) in \(samples): \(entry.changes), not of \(allowed)")
      return
    }
    let differing = NamespaceLink.allCases.filter { link in
      before.links[link] != entry.links[link]
        // A link for children is listed only if the process itself did not go there.
        && (link == link.type.link || entry.links[link] != entry.links[link.type.link]
          || before.links[link.type.link] == entry.links[link.type.link])
    }
    oracle.check(
      entry.changes.map(\.link).sorted { $0.rawValue < $1.rawValue } == differing,
      "p\(process) in \(samples): changes \(entry.changes.map(\.link)), not \(differing)")
    var joined: [BruteForce.Key] = []
    for change in entry.changes {
      let read = history.lastRead(process, change.link, before: first)
      let old = read.flatMap { history.namespace(process, $0, change.link) }
      oracle.check(
        (change.from?.namespace == nil || change.from?.namespace?.key == old)
          && change.to == entry.links[change.link], "p\(process) in \(samples): \(change)")
      if change.how == .readAgain {
        oracle.check(change.to.namespace?.key == old, "p\(process) in \(samples): \(change)")
        continue
      }
      guard let key = change.to.namespace?.key else {
        oracle.check(change.how == nil, "p\(process) in \(samples): \(change)")
        continue
      }
      if entry.isFirst == false, history.followsItsChildren(process, change.link, key, at: first) {
        oracle.check(change.how == .inherited, "p\(process) in \(samples): \(change)")
        continue
      }
      let isShown = oracle.rows.contains { $0.namespace == key && $0.samples.lowerBound < first }
      let isKnown = history.samples[..<first].contains { sample in
        sample.values.contains { $0.links.contains { $0.key == key } }
      }
      oracle.check(
        change.how == history.how(key, at: first) && !(isShown && change.how == .new),
        "p\(process) in \(samples): \(change), though known before: \(isKnown)")
      if isKnown, !key.isInitial, change.link == key.type.link { joined.append(key) }
    }
    guard let other = entry.joined else { return }
    let number = oracle.number(other)
    oracle.check(
      number != process
        && joined.contains { history.namespace(number, first - 1, $0.type.link) == $0 },
      "p\(process) in \(samples) joined p\(number), which was not in \(joined)")
  }

  private func state(_ value: LinkValue?) -> String {
    switch value {
    case .namespace(let namespace): "\(namespace.key)"
    case .unread(let reason): reason.name
    case nil: "nothing"
    }
  }

  private func state(_ state: LinkState) -> String {
    if let key = state.key { return "\(key)" }
    if case .unread(let reason) = state { return reason.name }
    return "nothing"
  }
}
