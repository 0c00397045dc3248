// Generates random histories: processes that start, move, become unreadable or zombies, and exit, in a small set of
// namespaces whose inode numbers are reused.

import NSHistory
import NamespaceModel
import TestSupport

/// The running machine.
struct RandomWorld {
  private enum Readability { case readable, denied, zombie }

  private struct Actor {
    var observation: RandomHistory.Observation
    var readability = Readability.readable
  }

  private var random: SeededRandom
  private var history = RandomHistory()
  private var live: [Int32: Actor] = [:]
  private var namespaces = SimulatedNamespaces()

  /// Generates the history of a seed. With even seeds the wall clock is set at times.
  static func history(seed: UInt64, samples: ClosedRange<Int> = 6...10) -> RandomHistory {
    var world = RandomWorld(seed: seed)
    for sample in 0..<Int.random(in: samples, using: &world.random) {
      world.run(to: sample, setsClock: seed.isMultiple(of: 2))
    }
    return world.history
  }

  private init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  private mutating func chance(_ one: Int, of: Int) -> Bool {
    Int.random(in: 0..<of, using: &random) < one
  }

  private mutating func run(to sample: Int, setsClock: Bool) {
    var step = RandomHistory.Step()
    if sample > 0 {
      if chance(1, of: 8) { step.gap = GapCause.allCases.randomElement(using: &random) }
      if chance(1, of: 9) { step.startsSession = true }
      if setsClock, !step.startsSession, chance(1, of: 5) {
        let seconds = Int64.random(in: 1...40, using: &random) * (chance(1, of: 2) ? 1 : -1)
        // Adds a millisecond, so that no two samples have the same wall-clock time.
        step.clockStep = seconds * HistoryScript.second + 1_000_000
      }
    }
    history.steps.append(step)
    for pid in live.keys.sorted() where pid != 1 {
      if chance(1, of: live[pid]?.readability == .zombie ? 2 : 7) {
        live[pid] = nil
      } else if chance(2, of: 5) {
        change(pid)
      }
    }
    if sample == 0 { start(1, sample, order: 0) }
    var order = 1
    for pid: Int32 in 2...9 where live[pid] == nil && chance(2, of: 5) {
      start(pid, sample, order: order)
      order += 1
    }
    history.samples.append(live.mapValues(seen))
  }

  /// Returns the state of a process as a sample reads it.
  private func seen(_ actor: Actor) -> RandomHistory.Observation {
    var observation = actor.observation
    for link in NamespaceLink.allCases {
      switch (actor.readability, link) {
      case (.denied, _): observation.links[Int(link.rawValue)] = .unread(.denied)
      case (.zombie, .pid), (.zombie, .user), (.readable, _): break
      case (.zombie, _): observation.links[Int(link.rawValue)] = .unread(.zombie)
      }
    }
    return observation
  }

  private mutating func change(_ pid: Int32) {
    guard let actor = live[pid], actor.readability != .zombie else { return }
    let dice = Int.random(in: 0..<8, using: &random)
    switch dice {
    case 0: live[pid]?.readability = .denied
    case 1: live[pid]?.readability = .zombie
    default:
      live[pid]?.readability = .readable
      if actor.readability == .readable || dice < 4 {
        let links = moved(actor.observation.links, isStart: false)
        live[pid]?.observation.links = links
      }
    }
  }

  private mutating func start(_ pid: Int32, _ sample: Int, order: Int) {
    let parents = live.keys.sorted().filter { live[$0]?.readability != .zombie }
    let parent = parents.randomElement(using: &random)
    var links = NamespaceLink.allCases.map { link in
      LinkState.namespace(self.namespaces.all(link.type).first ?? fresh(link.type))
    }
    if let parent, let old = live[parent]?.observation {
      if old[.pidForChildren] == .unread(.pending) {
        let made = LinkState.namespace(fresh(.pid))
        live[parent]?.observation.links[Int(NamespaceLink.pidForChildren.rawValue)] = made
      }
      let observation = live[parent]?.observation ?? old
      links = NamespaceLink.allCases.map { observation[$0.type.linkForChildren] }
      if chance(1, of: 3) { links = moved(links, isStart: true) }
    }
    live[pid] = Actor(observation: .init(process: history.processes.count, links: links))
    history.processes.append(
      .init(
        pid: pid, parentPID: parent ?? 0, first: sample,
        processStart: HistoryScript.boot(sample) - 8 * HistoryScript.second
          + Int64(order) * 700_000_000))
  }

  /// Returns the links with one to three types changed.
  private mutating func moved(_ old: [LinkState], isStart: Bool) -> [LinkState] {
    var links = old
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let type = NamespaceType.allCases.randomElement(using: &random) ?? .net
      let target = LinkState.namespace(destination(type))
      // A running process keeps its pid namespace; only that of its future children changes. The time namespace of
      // its future children changes alone, as by unshare(2), or together with its own, as by setns(2).
      if isStart || type != .pid && !(type == .time && chance(1, of: 2)) {
        links[Int(type.link.rawValue)] = target
      }
      let isPending = type == .pid && !isStart && chance(1, of: 3)
      links[Int(type.linkForChildren.rawValue)] = isPending ? .unread(.pending) : target
    }
    return links
  }

  private mutating func destination(_ type: NamespaceType) -> ObservedNamespace {
    let all = namespaces.all(type)
    if chance(1, of: 4), let initial = all.first { return initial }
    if all.count > 1, all.count > 4 || chance(3, of: 5) {
      return all[1...].randomElement(using: &random) ?? all[1]
    }
    return fresh(type)
  }

  private mutating func fresh(_ type: NamespaceType) -> ObservedNamespace {
    namespaces.fresh(type, live: live.values.map(\.observation.links))
  }
}
