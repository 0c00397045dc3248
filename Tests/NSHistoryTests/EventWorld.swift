// Makes up histories of events: sessions of samples, and between them processes and threads that
// start, move, pause and exit, some of it unheard.

import NSHistory
import NamespaceModel
import TestSupport

/// A machine that is going on, and a recorder that listens to it.
struct EventWorld {
  var random: SeededRandom
  var history = EventHistory()
  /// On the boot clock.
  var now: Int64 = 1000 * HistoryScript.second
  var machine = EventMachine()
  /// What was reported of each, as of now.
  var told: [Int: [LinkState]] = [:]
  var pending = EventBatch(epoch: 0)
  /// Those whose main thread exited, and that may go on.
  var paused: [Int: [LinkState]] = [:]
  /// Those that a sample has observed.
  var met: Set<Int> = []
  /// Those that something happened to unheard, by when; nothing else does until samples find out.
  var unheard: [Int: Int64] = [:]
  /// How many samples came since.
  var misses: [Int: Int] = [:]
  /// The sample before the last, and the last: what events reported is certain up to the one.
  var confirmed: Int64 = 0
  var lastSample: Int64 = 0
  /// Whether events are reported in this session.
  var listens = true
  /// One object for all who have the same links.
  private var sets: [[LinkState]: ObservedSet] = [:]

  /// The history of a seed.
  static func history(seed: UInt64, sessions: ClosedRange<Int> = 2...3) -> EventHistory {
    var world = EventWorld(random: SeededRandom(seed: seed))
    for _ in 0..<Int.random(in: sessions, using: &world.random) { world.runSession() }
    // The last session is ended by whoever writes it, or is not.
    world.history.steps.removeLast()
    return world.history
  }

  private init(random: SeededRandom) { self.random = random }

  mutating func chance(_ one: Int, of: Int) -> Bool {
    Int.random(in: 0..<of, using: &random) < one
  }

  /// Lets time go by: nothing, less than a microsecond, or up to a second and more.
  private mutating func wait() {
    let longest: [Int64] = [
      0, 999, 20_000, 3_000_000, 200_000_000, 200_000_000, 1_500_000_000, 1_500_000_000,
    ]
    now += Int64.random(
      in: 0...(longest.randomElement(using: &random) ?? 0), using: &random)
  }

  mutating func intern(_ links: [LinkState]) -> ObservedSet {
    // Two objects may be the same set.
    if let known = sets[links], !chance(1, of: 10) { return known }
    let set = ObservedSet(links: links)
    sets[links] = set
    return set
  }

  private mutating func runSession() {
    if history.epochs.isEmpty {
      for _ in 0..<4 { _ = machine.start(at: now, in: &history, elsewhere: true, &random) }
    }
    happen(Int.random(in: 0...6, using: &random))
    now += Int64.random(in: 1...20, using: &random) * HistoryScript.second
    listens = !chance(1, of: 4)
    beginSession()
    for _ in 0..<Int.random(in: 3...5, using: &random) { runRound() }
    if listens, chance(1, of: 2) {
      // The last of it is told by events.
      wait()
      hear()
      cut(isWritten: true)
    }
    unheardAtTheEnd()
    history.steps.append(.end)
  }

  private mutating func runRound() {
    guard listens else {
      happen(Int.random(in: 0...3, using: &random))
      now += Int64.random(in: 1_000...500_000_000, using: &random)
      return addSample(SampleTiming())
    }
    for _ in 0..<Int.random(in: 0...9, using: &random) {
      wait()
      hear()
      if chance(1, of: 4) { cut(isWritten: chance(2, of: 3)) }
    }
    now += Int64.random(in: 1_000...500_000_000, using: &random)
    takeSample()
  }

  /// Something that nothing tells of.
  mutating func happen(_ count: Int) {
    for _ in 0..<count {
      now += Int64.random(in: 1_000...50_000_000, using: &random)
      let actors = machine.processes.filter { unheard[$0] == nil && machine.pid($0) != 1 }
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

  /// Something that an event reports.
  private mutating func hear() {
    let actors = machine.alive.filter {
      unheard[$0] == nil && told[$0] != nil && machine.pid($0) != 1
    }
    let actor = actors.randomElement(using: &random)
    switch (Int.random(in: 0..<12, using: &random), actor) {
    case (0...2, _), (_, nil): _ = start(isThread: false)
    case (3, _): _ = start(isThread: true)
    case (4...6, let actor?):
      if machine.tid(actor) != nil, chance(1, of: 3) {
        if machine.comeBack(actor, at: now, in: &history) { tellMove(actor) }
      } else if machine.move(actor, at: now, in: &history, &random) {
        tellMove(actor)
      }
    case (7, _):
      if let actor = paused.keys.sorted().first, let links = paused[actor] {
        paused[actor] = nil
        machine.resume(actor, links, at: now, in: &history)
        add(.resumed(token(actor), intern(links)), actor)
      } else {
        startBrief()
      }
    case (8, let actor?): exit(actor, mayResume: chance(1, of: 3))
    case (9, _), (10, _): startBrief()
    case (_, let actor?): exit(actor, mayResume: false)
    }
  }

  /// Starts one that exits soon, and perhaps a child of it that does so too.
  private mutating func startBrief() {
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
    let parents = machine.processes.filter { unheard[$0] == nil && told[$0] != nil }
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

  private mutating func tellMove(_ actor: Int) {
    guard let links = machine.links[actor] else { return }
    add(.moved(token(actor), intern(links)), actor)
  }

  private mutating func exit(_ actor: Int, mayResume: Bool) {
    guard let links = machine.links[actor] else { return }
    for thread in machine.threads(of: actor) where told[thread] != nil {
      machine.exit(thread, at: now, in: &history)
      add(.exited(token(thread), mayResume: false), thread)
    }
    let mayResume = mayResume && machine.tid(actor) == nil
    machine.exit(actor, at: now, in: &history, staysKnown: mayResume)
    if mayResume { paused[actor] = links }
    add(.exited(token(actor), mayResume: mayResume), actor)
  }

  private mutating func add(_ change: ProcessEvent.Change, _ actor: Int) {
    pending.events.append(ProcessEvent(boot: now, change))
    told[actor] = machine.links[actor]
    history.points.append(
      .init(
        session: history.epochs.count - 1, boot: now, end: now, isEvent: true, isExact: true,
        told: told, actor: actor))
  }
}
