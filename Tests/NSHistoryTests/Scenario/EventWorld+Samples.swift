// The samples of a random machine beside its events, and changes that no event reports.

import NSHistory
import NamespaceModel
import TestSupport

extension EventWorld {
  func token(_ actor: Int) -> ProcessToken {
    ProcessToken(number: UInt64(history.epochs.count * 1_000_000 + actor + 1))
  }

  func facts(_ actor: Int) -> ProcessFacts {
    let start = history.actors[actor].entries[0].from
    let parent = history.actors[actor].parent
    return ProcessFacts(
      pid: machine.pid(actor), startTicks: UInt64(start / EventHistory.tick),
      parentPID: parent.map { history.actors[$0].pid } ?? 0, isKernelThread: false,
      nspid: [machine.pid(actor)])
  }

  func description(_ actor: Int) -> ProcessDescription {
    .init(
      comm: Array("a\(actor)".utf8), uid: 0, cgroup: Array(TestContainer.cgroup(of: actor).utf8),
      program: actor % 7 == 0
        ? .unknown
        : Program(
          executable: Array("/bin/a\(actor % 4)".utf8),
          commandLine: Array("a\(actor % 9)\0--name\0\(actor % 2)".utf8)),
      login: Login(uid: 1000, session: Int32(actor % 5), terminal: 34816),
      inherited: actor % 3 == 0 && actor % 7 != 0 ? [.program, .login] : [])
  }

  /// Adds the collected events as a batch, which is written now or with the next sample.
  mutating func cut(isWritten: Bool) {
    guard let epoch = history.epochs.last else { return }
    pending.epoch = epoch
    history.steps.append(.events(pending, isWritten: isWritten))
    pending = EventBatch(epoch: epoch)
  }

  mutating func beginSession() {
    let later = Int64.random(in: 0...3, using: &random) * HistoryScript.second
    history.epochs.append((history.epochs.last ?? HistoryScript.epoch) + later)
    reported = [:]
    observed = []
    pending = EventBatch(epoch: 0)
    history.steps.append(.begin(session(reading(now))))
    addSample(SampleTiming(), isFirst: true)
  }

  private func reading(_ boot: Int64) -> ClockReading {
    ClockReading(wall: (history.epochs.last ?? 0) + boot, boot: boot, monotonic: boot)
  }

  mutating func takeSample() {
    let dice = Int.random(in: 0..<10, using: &random)
    // While a change is unreported, no sample with a gap follows: the second sample from it has to find it.
    let isSure = unreported.isEmpty
    switch dice {
    case 0,
      1 where isSure, 2 where isSure:
      guard isSure else { return takeExactSample() }
      cut(isWritten: false)
      makeUnreportedChanges(Int.random(in: 0...4, using: &random))
      now += Int64.random(in: 1_000...50_000_000, using: &random)
      addSample(SampleTiming(gap: GapCause.allCases.randomElement(using: &random)))
    case 4, 5:
      missChange()
      takeExactSample()
    default: takeExactSample()
    }
  }

  /// Adds a sample that shows all tasks, threads too, at its end.
  mutating func addSample(_ timing: SampleTiming, isFirst: Bool = false) {
    var sample = ProcessSample(start: reading(now))
    let start = now
    now += Int64.random(in: 5_000_000...200_000_000, using: &random)
    if chance(1, of: 3) { makeUnreportedChanges(1) }
    now += Int64.random(in: 5_000_000...200_000_000, using: &random)
    sample.end = reading(now)
    for actor in paused.keys { machine.release(actor) }
    paused = [:]
    let there = machine.links
    sample.disappeared = reported.keys.sorted().filter { there[$0] == nil }.map(token)
    for (actor, links) in there.sorted(by: { $0.key < $1.key }) {
      if reported[actor] == nil {
        sample.appeared.append(appearance(actor, links))
      } else if reported[actor] != links {
        sample.changed.append(.init(token: token(actor), links: links))
      }
    }
    identify(machine.processes, &sample)
    reported = there
    let end = now
    now += 1_000
    history.points.append(
      .init(
        session: history.epochs.count - 1, boot: start, end: end, gap: timing.gap,
        reported: reported))
    history.steps.append(.sample(sample, timing))
    confirmed = start
    lastSample = start
  }

  private func appearance(_ actor: Int, _ links: [LinkState]) -> ProcessSample.Appearance {
    let thread = machine.tid(actor).flatMap { tid in
      history.actors[actor].parent.map { ThreadFacts(tid: tid, process: token($0)) }
    }
    return .init(
      token: token(actor), facts: facts(actor), thread: thread,
      description: description(actor), links: links)
  }

  private mutating func identify(_ actors: some Sequence<Int>, _ sample: inout ProcessSample) {
    for actor in actors where observed.insert(actor).inserted && reported[actor] != nil {
      sample.identified.append(.init(token: token(actor), facts: facts(actor)))
    }
  }

  /// Makes a change that no event reports and that the next sample but one finds.
  private mutating func missChange() {
    let actors = machine.processes.filter {
      unreported[$0] == nil && machine.pid($0) != 1 && reported[$0] != nil
        && machine.threads(of: $0).isEmpty
    }
    now += 2_000
    guard let actor = actors.randomElement(using: &random) else { return }
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      guard machine.move(actor, at: now, in: &history, &random) else { return }
      unreported[actor] = now
    case 1:
      machine.exit(actor, at: now, in: &history, remainsKnown: true)
      unreported[actor] = now
    default:
      if let actor = machine.start(at: now, in: &history, elsewhere: chance(1, of: 2), &random) {
        unreported[actor] = now
      }
    }
    now += 2_000
  }

  /// Adds a sample that verifies the events. It reports what the sample before it was the first to find.
  private mutating func takeExactSample() {
    cut(isWritten: chance(1, of: 3))
    var sample = ProcessSample(start: reading(now))
    sample.end = reading(now + Int64.random(in: 5_000_000...200_000_000, using: &random))
    var timing = SampleTiming(isExact: true)
    let before = reported
    for actor in unreported.keys.sorted() {
      misses[actor, default: 0] += 1
      guard misses[actor] == 2, let since = unreported[actor] else { continue }
      unreported[actor] = nil
      misses[actor] = nil
      timing.disagreements += 1
      switch (before[actor], machine.links[actor]) {
      case (nil, let links?): sample.appeared.append(appearance(actor, links))
      case (_?, let links?): sample.changed.append(.init(token: token(actor), links: links))
      case (_, nil):
        sample.disappeared.append(token(actor))
        machine.release(actor)
      }
      if before[actor] != nil { sample.contradicted.insert(token(actor)) }
      reported[actor] = machine.links[actor]
      history.wrongReports.append(
        .init(actor: actor, from: min(since, confirmed), until: now, isFound: true))
    }
    identify(before.keys.filter { reported[$0] != nil }.sorted(), &sample)
    history.points.append(
      .init(
        session: history.epochs.count - 1, boot: now, end: now, isExact: true,
        disagreements: timing.disagreements, reported: reported))
    history.steps.append(.sample(sample, timing))
    confirmed = lastSample
    lastSample = now
    now += 1_000
  }

  /// Marks unreported changes that no sample found as wrong until the end.
  mutating func closeUnreported() {
    for (actor, since) in unreported {
      history.wrongReports.append(.init(actor: actor, from: since, until: now, isFound: false))
      machine.release(actor)
    }
    for actor in paused.keys { machine.release(actor) }
    unreported = [:]
    misses = [:]
    paused = [:]
  }

  private func session(_ started: ClockReading) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: HistoryScript.second, identity: "name_to_handle_at",
      procRoot: "/proc",
      shownPIDNamespace: ObservedNamespace(
        type: .pid, inode: InitialNamespace.pidInode, kernelID: 5, inodeGeneration: 0,
        isInitial: true),
      hasEvents: listens, started: started)
  }
}
