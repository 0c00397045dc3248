// The processes and threads of a random machine, and their namespaces.

import NSHistory
import NamespaceModel
import TestSupport

/// The running actors. Each change is added to the actual state of a history.
struct EventMachine {
  /// The links of each running actor.
  private(set) var links: [Int: [LinkState]] = [:]
  private var actors: [Int: EventHistory.Actor] = [:]
  /// PIDs that must not be reused for now.
  private var reservedPIDs: Set<Int32> = []
  private var namespaces = SimulatedNamespaces()
  private var nextTID: Int32 = 1000

  var alive: [Int] { links.keys.sorted() }
  var processes: [Int] { alive.filter { actors[$0]?.tid == nil } }
  func pid(_ actor: Int) -> Int32 { actors[actor]?.pid ?? 0 }
  func tid(_ actor: Int) -> Int32? { actors[actor]?.tid }
  func threads(of process: Int) -> [Int] {
    alive.filter { actors[$0]?.tid != nil && actors[$0]?.parent == process }
  }

  mutating func reserve(_ actor: Int) { reservedPIDs.insert(pid(actor)) }
  mutating func release(_ actor: Int) { reservedPIDs.remove(pid(actor)) }

  /// Starts a process or thread, and returns its number; nil if no PID is free.
  mutating func start(
    at now: Int64, in history: inout EventHistory, parent: Int? = nil, isThread: Bool = false,
    elsewhere: Bool, _ random: inout SeededRandom
  ) -> Int? {
    let parent = parent ?? processes.randomElement(using: &random)
    let used = reservedPIDs.union(processes.map(pid))
    let free: [Int32] = links.isEmpty ? [1] : (2...12).filter { !used.contains($0) }
    guard let pid = isThread ? parent.map(pid) : free.randomElement(using: &random) else {
      return nil
    }
    var links = NamespaceLink.allCases.map { link -> LinkState in
      let there = parent.flatMap { self.links[$0] }
      return EventHistory.part(there, isThread ? link : link.type.linkForChildren)
        ?? .namespace(namespaces.all(link.type).first ?? fresh(link.type))
    }
    if elsewhere, parent != nil { links = moved(links, isStart: !isThread, &random) }
    if isThread, let parent, links == self.links[parent] { return nil }
    if isThread { nextTID += 1 }
    let actor = EventHistory.Actor(
      pid: pid, tid: isThread ? nextTID : nil, parent: parent,
      entries: [.init(from: now, until: nil, links: links)])
    let number = history.actors.count
    history.actors.append(actor)
    actors[number] = actor
    self.links[number] = links
    return number
  }

  /// Moves an actor to random namespaces, and returns whether its links changed.
  @discardableResult
  mutating func move(
    _ actor: Int, at now: Int64, in history: inout EventHistory, _ random: inout SeededRandom
  ) -> Bool {
    guard let old = links[actor] else { return false }
    let new = moved(old, isStart: false, &random)
    guard new != old else { return false }
    leave(actor, at: now, &history)
    history.actors[actor].entries.append(.init(from: now, until: nil, links: new))
    links[actor] = new
    return true
  }

  /// Moves a thread into the namespaces of its process, and returns whether its links changed.
  mutating func comeBack(_ actor: Int, at now: Int64, in history: inout EventHistory) -> Bool {
    guard let parent = actors[actor]?.parent, let new = links[parent], new != links[actor] else {
      return false
    }
    leave(actor, at: now, &history)
    history.actors[actor].entries.append(.init(from: now, until: nil, links: new))
    links[actor] = new
    return true
  }

  mutating func exit(
    _ actor: Int, at now: Int64, in history: inout EventHistory, remainsKnown: Bool = false
  ) {
    for thread in threads(of: actor) { exit(thread, at: now, in: &history) }
    leave(actor, at: now, &history)
    links[actor] = nil
    if remainsKnown { reserve(actor) } else { release(actor) }
  }

  mutating func resume(
    _ actor: Int, _ there: [LinkState], at now: Int64, in history: inout EventHistory
  ) {
    history.actors[actor].entries.append(.init(from: now, until: nil, links: there))
    links[actor] = there
    release(actor)
  }

  private func leave(_ actor: Int, at now: Int64, _ history: inout EventHistory) {
    let last = history.actors[actor].entries.count - 1
    history.actors[actor].entries[last].until = now
  }

  /// Returns the links with one or two types changed.
  private mutating func moved(
    _ old: [LinkState], isStart: Bool, _ random: inout SeededRandom
  ) -> [LinkState] {
    var links = old
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      let type = NamespaceType.allCases.randomElement(using: &random) ?? .net
      let target = LinkState.namespace(destination(type, &random))
      // A running process keeps its pid and time namespaces. Only those of its future children change.
      if isStart || type != .pid && type != .time { links[Int(type.link.rawValue)] = target }
      links[Int(type.linkForChildren.rawValue)] = target
    }
    return links
  }

  private mutating func destination(
    _ type: NamespaceType, _ random: inout SeededRandom
  ) -> ObservedNamespace {
    let all = namespaces.all(type)
    let dice = Int.random(in: 0..<8, using: &random)
    if dice < 2, let initial = all.first { return initial }
    if all.count > 1, dice < 6 { return all[1...].randomElement(using: &random) ?? all[1] }
    return fresh(type)
  }

  private mutating func fresh(_ type: NamespaceType) -> ObservedNamespace {
    namespaces.fresh(type, live: links.values)
  }
}
