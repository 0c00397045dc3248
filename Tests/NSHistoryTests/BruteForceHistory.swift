// Compares `history` of a process, entry by entry, with the exported rows and the samples. An entry is an interval in
// which no link of the process changes.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceHistoryTests {
  @Test(
    "the entries of a history are the exported rows of all types side by side",
    arguments: BruteForce.seeds)
  func stays(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    var stays: [Int: [HistoryEntry]] = [:]
    for pid in Set(brute.history.processes.map(\.pid)) {
      try brute.reader.history(.pid(Int64(pid))) { stay in
        stays[brute.number(stay.process), default: []].append(stay)
        return true
      }
    }
    for process in brute.history.processes.indices {
      check(brute, process, stays[process] ?? [])
    }
    brute.report()
  }

  private func check(_ brute: BruteForce, _ process: Int, _ stays: [HistoryEntry]) {
    let history = brute.history
    var covered: [Int] = []
    var before: HistoryEntry?
    for stay in stays {
      let first = brute.sample(stay.from)
      let samples = first...max(first, brute.sample(stay.until))
      covered += samples
      for type in NamespaceType.allCases {
        let rows = brute.rows.filter {
          $0.process == process && $0.type == type && $0.samples.overlaps(samples)
        }
        let isRow =
          rows.count == 1 && rows[0].namespace == stay.links[type.link]?.namespace?.key
          && rows[0].samples.clamped(to: samples) == samples
        brute.check(isRow, "p\(process) in \(samples): \(type) is not as in \(rows)")
      }
      let links = NamespaceLink.allCases.map { state(stay.links[$0]) }
      brute.check(
        samples.allSatisfy { history.sight(process, $0)?.links.map(state) == links },
        "p\(process) in \(samples): \(links)")
      check(brute, process, stay, before, samples)
      BruteForceEdges(brute).check(process, samples, stay.beginning, stay.end, "stays")
      before = stay
    }
    brute.check(
      covered == history.sighted(process), "p\(process): stays are of samples \(covered)")
  }

  private func check(
    _ brute: BruteForce, _ process: Int, _ stay: HistoryEntry, _ before: HistoryEntry?,
    _ samples: ClosedRange<Int>
  ) {
    let history = brute.history
    let first = samples.lowerBound
    guard let before else {
      // The first entry's changes are the differences from the namespaces for the parent's children.
      let allowed = history.startsElsewhere(isSure: false).filter { $0.process == process }
        .flatMap(\.parts)
      brute.check(
        stay.changes.allSatisfy { change in
          allowed.contains {
            $0.type == change.link.type && $0.to == change.to.namespace?.key
              && $0.from == change.from?.namespace?.key
          }
        }, "p\(process) in \(samples): \(stay.changes), not of \(allowed)")
      return
    }
    let differing = NamespaceLink.allCases.filter { link in
      before.links[link] != stay.links[link]
        // A link for children is listed only if the process itself did not go there.
        && (link == link.type.link || stay.links[link] != stay.links[link.type.link]
          || before.links[link.type.link] == stay.links[link.type.link])
    }
    brute.check(
      stay.changes.map(\.link).sorted { $0.rawValue < $1.rawValue } == differing,
      "p\(process) in \(samples): changes \(stay.changes.map(\.link)), not \(differing)")
    var joined: [BruteForce.Key] = []
    for change in stay.changes {
      let read = history.lastRead(process, change.link, before: first)
      let old = read.flatMap { history.place(process, $0, change.link) }
      brute.check(
        (change.from?.namespace == nil || change.from?.namespace?.key == old)
          && change.to == stay.links[change.link], "p\(process) in \(samples): \(change)")
      if change.how == .readAgain {
        brute.check(change.to.namespace?.key == old, "p\(process) in \(samples): \(change)")
        continue
      }
      guard let key = change.to.namespace?.key else {
        brute.check(change.how == nil, "p\(process) in \(samples): \(change)")
        continue
      }
      if stay.isFirst == false, history.followsItsChildren(process, change.link, key, at: first) {
        brute.check(change.how == .inherited, "p\(process) in \(samples): \(change)")
        continue
      }
      let isShown = brute.rows.contains { $0.namespace == key && $0.samples.lowerBound < first }
      let isKnown = history.samples[..<first].contains { sample in
        sample.values.contains { $0.links.contains { $0.key == key } }
      }
      brute.check(
        change.how == history.how(key, at: first) && !(isShown && change.how == .new),
        "p\(process) in \(samples): \(change), though known before: \(isKnown)")
      if isKnown, !key.isInitial, change.link == key.type.link { joined.append(key) }
    }
    guard let other = stay.joined else { return }
    let number = brute.number(other)
    brute.check(
      number != process && joined.contains { history.place(number, first - 1, $0.type.link) == $0 },
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
