// Generates random histories of events: sessions with samples, and between the samples processes and threads that
// start, move, exit and resume, some of which no event reports.

import NSHistory
import NamespaceModel
import TestSupport

/// A running machine, and a recorder that listens to its events.
struct EventWorld {
  var random: SeededRandom
  var history = EventHistory()
  /// The time of the boot clock.
  var now: Int64 = 1000 * HistoryScript.second
  var machine = EventMachine()
  /// The links of each actor according to the reports so far.
  var reported: [Int: [LinkState]] = [:]
  var pending = EventBatch(epoch: 0)
  /// Processes whose main thread exited and that may resume, with their links.
  var paused: [Int: [LinkState]] = [:]
  /// Actors that a sample has shown.
  var observed: Set<Int> = []
  /// Actors with a change that no event reported, and its time. They do not change again until a sample finds it.
  var unreported: [Int: Int64] = [:]
  /// How many samples were taken since that change, by actor.
  var misses: [Int: Int] = [:]
  /// The times of the sample before the last and of the last one. Reports are certain up to the first of them.
  var confirmed: Int64 = 0
  var lastSample: Int64 = 0
  /// Whether events are reported in this session.
  var listens = true
  /// One object for all actors with the same links.
  private var sets: [[LinkState]: ObservedSet] = [:]

  /// Generates the history of a seed.
  static func history(seed: UInt64, sessions: ClosedRange<Int> = 2...3) -> EventHistory {
    var world = EventWorld(random: SeededRandom(seed: seed))
    for _ in 0..<Int.random(in: sessions, using: &world.random) { world.runSession() }
    // The caller decides whether the last session is ended.
    world.history.steps.removeLast()
    return world.history
  }

  private init(random: SeededRandom) { self.random = random }

  mutating func chance(_ one: Int, of: Int) -> Bool {
    Int.random(in: 0..<of, using: &random) < one
  }

  /// Lets time pass: none, less than a microsecond, or up to more than a second.
  private mutating func wait() {
    let longest: [Int64] = [
      0, 999, 20_000, 3_000_000, 200_000_000, 200_000_000, 1_500_000_000, 1_500_000_000,
    ]
    now += Int64.random(
      in: 0...(longest.randomElement(using: &random) ?? 0), using: &random)
  }

  mutating func intern(_ links: [LinkState]) -> ObservedSet {
    // Two objects may describe the same set.
    if let known = sets[links], !chance(1, of: 10) { return known }
    let set = ObservedSet(links: links)
    sets[links] = set
    return set
  }

  private mutating func runSession() {
    if history.epochs.isEmpty {
      for _ in 0..<4 { _ = machine.start(at: now, in: &history, elsewhere: true, &random) }
    }
    makeUnreportedChanges(Int.random(in: 0...6, using: &random))
    now += Int64.random(in: 1...20, using: &random) * HistoryScript.second
    listens = !chance(1, of: 4)
    beginSession()
    for _ in 0..<Int.random(in: 3...5, using: &random) { runRound() }
    if listens, chance(1, of: 2) {
      // The session ends with events.
      wait()
      makeReportedChange()
      cut(isWritten: true)
    }
    closeUnreported()
    history.steps.append(.end)
  }

  private mutating func runRound() {
    guard listens else {
      makeUnreportedChanges(Int.random(in: 0...3, using: &random))
      now += Int64.random(in: 1_000...500_000_000, using: &random)
      return addSample(SampleTiming())
    }
    for _ in 0..<Int.random(in: 0...9, using: &random) {
      wait()
      makeReportedChange()
      if chance(1, of: 4) { cut(isWritten: chance(2, of: 3)) }
    }
    now += Int64.random(in: 1_000...500_000_000, using: &random)
    takeSample()
  }

  /// Makes changes that nothing reports.
  mutating func makeUnreportedChanges(_ count: Int) {
    for _ in 0..<count {
      now += Int64.random(in: 1_000...50_000_000, using: &random)
      let actors = machine.processes.filter { unreported[$0] == nil && machine.pid($0) != 1 }
      switch Int.random(in: 0..<4, using: &random) {
      case 0, 1: _ = machine.start(at: now, in: &history, elsewhere: chance(1, of: 3), &random)
      case 2:
        if let actor = actors.randomElement(using: &random) {
          machine.move(actor, at: now, in: &history, &random)
        }
      default:
        if let actor = actors.randomElement(using: &random) {
          machine.exit(actor, at: now, in: &history)
        }
      }
    }
  }

  /// Makes a change that an event reports.
  private mutating func makeReportedChange() {
    let actors = machine.alive.filter {
      unreported[$0] == nil && reported[$0] != nil && machine.pid($0) != 1
    }
    let actor = actors.randomElement(using: &random)
    switch (Int.random(in: 0..<12, using: &random), actor) {
    case (0...2, _), (_, nil): _ = start(isThread: false)
    case (3, _): _ = start(isThread: true)
    case (4...6, let actor?):
      if machine.tid(actor) != nil, chance(1, of: 3) {
        if machine.comeBack(actor, at: now, in: &history) { reportMove(actor) }
      } else if machine.move(actor, at: now, in: &history, &random) {
        reportMove(actor)
      }
    case (7, _):
      if let actor = paused.keys.sorted().first, let links = paused[actor] {
        paused[actor] = nil
        machine.resume(actor, links, at: now, in: &history)
        add(.resumed(token(actor), intern(links)), actor)
      } else {
        startShortLived()
      }
    case (8, let actor?): exit(actor, mayResume: chance(1, of: 3))
    case (9, _), (10, _): startShortLived()
    case (_, let actor?): exit(actor, mayResume: false)
    }
  }

  /// Starts a process that exits soon, perhaps with a child that exits soon too.
  private mutating func startShortLived() {
    guard let actor = start(isThread: false) else { return }
    now += Int64.random(in: 0...3_000_000, using: &random)
    if chance(1, of: 3), let child = start(isThread: false, parent: actor) {
      now += Int64.random(in: 0...3_000_000, using: &random)
      if chance(2, of: 3) { exit(child, mayResume: false) }
    }
    now += Int64.random(in: 0...3_000_000, using: &random)
    exit(actor, mayResume: false)
  }

  private mutating func start(isThread: Bool, parent: Int? = nil) -> Int? {
    let parents = machine.processes.filter { unreported[$0] == nil && reported[$0] != nil }
    guard let parent = parent ?? parents.randomElement(using: &random) else { return nil }
    guard
      let actor = machine.start(
        at: now, in: &history, parent: parent, isThread: isThread,
        elsewhere: isThread || chance(1, of: 4), &random),
      let links = machine.links[actor]
    else { return nil }
    let origin: ThreadOrigin =
      isThread && chance(2, of: 3)
      ? machine.links[parent].map { .moved(from: $0) } ?? .started : .started
    history.actors[actor].hasMoved = origin != .started
    let isKnown = isThread || !chance(1, of: 12)
    let start = EventStart(
      token: token(actor), parent: isKnown ? token(parent) : nil, tid: machine.tid(actor),
      origin: origin,
      facts: facts(actor), description: description(actor), set: intern(links))
    add(.started(start), actor)
    return actor
  }

  private mutating func reportMove(_ actor: Int) {
    guard let links = machine.links[actor] else { return }
    add(.moved(token(actor), intern(links)), actor)
  }

  private mutating func exit(_ actor: Int, mayResume: Bool) {
    guard let links = machine.links[actor] else { return }
    for thread in machine.threads(of: actor) where reported[thread] != nil {
      machine.exit(thread, at: now, in: &history)
      add(.exited(token(thread), mayResume: false), thread)
    }
    let mayResume = mayResume && machine.tid(actor) == nil
    machine.exit(actor, at: now, in: &history, remainsKnown: mayResume)
    if mayResume { paused[actor] = links }
    add(.exited(token(actor), mayResume: mayResume), actor)
  }

  private mutating func add(_ change: ProcessEvent.Change, _ actor: Int) {
    pending.events.append(ProcessEvent(boot: now, change))
    reported[actor] = machine.links[actor]
    history.points.append(
      .init(
        session: history.epochs.count - 1, boot: now, end: now, isEvent: true, isExact: true,
        reported: reported, actor: actor))
  }
}
