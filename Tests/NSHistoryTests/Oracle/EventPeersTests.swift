// Compares peers with the times in which two actors were together according to the reports.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventPeersTests {
  @Test(
    "peers are all processes and threads that were together, short-lived ones too",
    arguments: EventOracle.seeds)
  func peers(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    let history = oracle.history
    var found: [[Int]: [NamespaceType: [(Peer.Together, EventHistory.Key)]]] = [:]
    for pid: Int64 in 1...12 {
      try oracle.reader.peers(.init(.pid(pid), countsInitial: true)) { peer in
        let pair = [history.number(peer.process), history.number(peer.peer)]
        for shared in peer.shared {
          found[pair, default: [:]][shared.namespace.type, default: []] += shared.intervals.map {
            ($0, shared.namespace.key)
          }
        }
        return true
      }
    }
    let actors = history.actors.indices.filter { !history.wronglyReported.contains($0) }
    var random = SeededRandom(seed: seed)
    for one in actors.shuffled(using: &random).prefix(16) where history.actors[one].tid == nil {
      // The threads of a process are not its peers.
      for other in actors
      where other != one
        && (history.actors[other].tid == nil || history.actors[other].parent != one)
      {
        for type in [NamespaceType.net, .uts, .pid] {
          let spans = history.spans([one, other].map(Self.itself), type)
          let times = (found[[one, other]]?[type] ?? []).filter {
            !history.isMoment($0.0.from, $0.0.until)
          }.sorted { $0.0.from < $1.0.from }
          let isRight =
            times.count == spans.count
            && zip(times, spans).allSatisfy { time, span in
              history.isTime(time.0.from, time.0.until, of: span) && time.1 == span.key
            }
          oracle.check(
            isRight,
            "a\(one) and a\(other), \(type): \(times.map { [$0.0.from, $0.0.until] }), not "
              + "\(spans.map { [history.wall($0.from), history.wall($0.until)] })")
        }
      }
    }
    oracle.report()
  }

  private static func itself(_ actor: Int) -> (EventHistory, Int) -> Int? {
    { history, point in history.points[point].reported[actor] == nil ? nil : actor }
  }
}
