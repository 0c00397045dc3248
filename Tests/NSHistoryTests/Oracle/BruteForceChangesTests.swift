// Compares the reader's changes with those that the samples show.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceChangesTests {
  private typealias Key = RandomHistory.Key

  @Test(
    "changes lists every change of the samples once, in order, and nothing else",
    arguments: BruteForce.seeds)
  func everything(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    let found = try oracle.reader.allChanges(.init())
    let samples = found.map { oracle.sample(endedAt: $0.by) }
    oracle.check(samples == samples.sorted(), "out of order: \(samples)")
    let moved = Self.summaries(oracle, found, [.moved])
    compare(
      oracle, moved, required: history.moves(isDirect: true),
      allowed: history.moves(isDirect: false)
    )
    let started = Self.summaries(oracle, found, [.started, .firstSeen])
    compare(
      oracle, started, required: history.startsElsewhere(isSure: true),
      allowed: history.startsElsewhere(isSure: false))
    for change in found { check(oracle, change) }
    for change in found where change.kind == .exited || change.kind == .lastSeen {
      let process = oracle.number(change.process)
      let sample = oracle.sample(endedAt: change.by)
      oracle.check(
        history.observation(process, sample - 1) != nil
          && history.observation(process, sample) == nil
          && (change.kind == .lastSeen) == history.isCutOff(sample)
          && history.observedSamples(process).last == sample - 1,
        "p\(process) \(change.kind.rawValue) by \(sample)")
    }
    oracle.report()
  }

  @Test("a namespace ends when its last process has left it", arguments: BruteForce.seeds)
  func ends(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    checkEnds(oracle, try oracle.reader.allChanges(.init()).filter { $0.kind == .lastExit })
    oracle.report()
  }

  @Test("a move is between the samples that read the links", arguments: BruteForce.seeds)
  func timesOfMoves(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    for change in try oracle.reader.allChanges(.init()) where change.kind == .moved {
      let (process, sample) = (oracle.number(change.process), oracle.sample(endedAt: change.by))
      for part in change.parts where part.from != nil {
        let read = history.observedSamples(process).last {
          $0 < sample && history.namespace(process, $0, part.link) != nil
        }
        oracle.check(
          oracle.sample(change.after) <= read ?? -1
            || history.observation(process, sample - 1)?[part.link] == .unread(.pending),
          "p\(process) moved to \(part.to?.key.description ?? "") after sample "
            + "\(oracle.sample(change.after)), though its link was read last in \(read ?? -1)")
      }
    }
    oracle.report()
  }

  @Test(
    "a process that started before its parent moved is not reported as started elsewhere",
    arguments: BruteForce.seeds)
  func startsBesideMoves(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    for change in try oracle.reader.allChanges(.init()) where change.kind == .started {
      let (process, sample) = (oracle.number(change.process), oracle.sample(endedAt: change.by))
      guard let parent = history.samples[sample][history.processes[process].parentPID] else {
        continue
      }
      for part in change.parts {
        let children = part.link.type.linkForChildren
        oracle.check(
          history.namespace(parent.process, sample - 1, children) != part.to?.key,
          "p\(process) started by \(sample) in \(part.to?.key.description ?? ""), where the "
            + "children of p\(parent.process) went; reported to come from "
            + "\(part.from?.key.description ?? ""); marks \(change.marks)")
      }
    }
    oracle.report()
  }

  /// Converts the changes of some kinds into expected changes, without the links for children.
  static func summaries(
    _ oracle: BruteForce, _ changes: [NamespaceChange], _ kinds: Set<NamespaceChange.Kind>
  ) -> [BruteForceChange] {
    changes.filter { kinds.contains($0.kind) }.compactMap { change in
      let own = change.parts.filter { $0.link == $0.link.type.link }
      guard !own.isEmpty else { return nil }
      return BruteForceChange(
        process: oracle.number(change.process), sample: oracle.sample(endedAt: change.by),
        kind: change.kind,
        parts: Set(
          own.map { .init(type: $0.link.type, from: $0.from?.key, to: $0.to?.key) }))
    }
  }

  /// Every required change has to be found, perhaps with more parts; every found change has to be allowed.
  private func compare(
    _ oracle: BruteForce, _ found: [BruteForceChange], required: Set<BruteForceChange>,
    allowed: Set<BruteForceChange>
  ) {
    for one in required {
      let reported = found.filter { $0.process == one.process && $0.sample == one.sample }
      oracle.check(
        reported.count == 1 && reported[0].kind == one.kind
          && reported[0].parts.isSuperset(of: one.parts),
        "reported is \(reported), not \(one)")
    }
    for one in found { oracle.check(allowed.contains(one), "reported is \(one), which was not") }
    oracle.check(Set(found).count == found.count, "a change is reported twice")
  }

  private func check(_ oracle: BruteForce, _ change: NamespaceChange) {
    let history = oracle.history
    let sample = oracle.sample(endedAt: change.by)
    let what = "\(change.kind.rawValue) p\(oracle.number(change.process)) by \(sample)"
    guard sample > 0 else { return oracle.check(false, what) }
    let after = oracle.sample(change.after)
    let read =
      [.moved, .zombie, .exited, .lastSeen].contains(change.kind)
      ? change.parts.compactMap { part in
        history.lastRead(oracle.number(change.process), part.link, before: sample)
      }.min() : sample - 1
    oracle.check(after == read ?? sample - 1, "\(what): after \(after), not \(read ?? -1)")
    oracle.check(
      (change.missing != nil) == ((after + 1)...sample).contains(where: history.isCutOff),
      "\(what): missing \(String(describing: change.missing))")
    var marks: Set<NamespaceChange.Mark> = change.kind == .lastExit ? [.lastExit] : []
    for part in change.parts {
      guard let to = part.to?.key else { continue }
      let isKnown = to.isInitial || history.knew(to, before: sample)
      let process = oracle.number(change.process)
      if change.kind == .moved, history.followsItsChildren(process, part.link, to, at: sample) {
        oracle.check(part.how == .inherited, "\(what): \(part) is where its children were to go")
        continue
      }
      let how = history.how(to, at: sample)
      oracle.check(
        part.how.rawValue == how.rawValue, "\(what): \(part), known before: \(isKnown)")
      if how == .joinedOrNew { marks.insert(.joined) }
      if how == .new { marks.insert(.created) }
      guard isKnown else { continue }
      if !to.isInitial { marks.insert(.joined) }
      if to.isInitial, let from = part.from?.key, !from.isInitial { marks.insert(.leftContainer) }
    }
    oracle.check(
      Set(change.marks) == marks && change.marks.count == marks.count,
      "\(what): marks \(change.marks), not \(marks)")
    guard let joined = change.joined else { return }
    let other = oracle.number(joined)
    let isThere = change.parts.contains { part in
      part.to != nil && part.to?.isInitial != true
        && history.namespace(other, sample - 1, part.link.type.link) == part.to?.key
    }
    oracle.check(other != oracle.number(change.process) && isThere, "\(what) joined p\(other)")
  }

  private func checkEnds(_ oracle: BruteForce, _ found: [NamespaceChange]) {
    let history = oracle.history
    let ends = history.ends()
    var reported: Set<Key> = []
    for change in found {
      guard change.parts.count == 1, let key = change.parts[0].from?.key else {
        oracle.check(false, "an end of \(change.parts)")
        continue
      }
      let sample = oracle.sample(endedAt: change.by)
      oracle.check(reported.insert(key).inserted, "\(key) ended twice")
      let isKept = history.mayLiveOn(key, after: sample - 1)
      oracle.check(
        ends[key] == sample && !isKept,
        "\(key) ended by \(sample), not by \(ends[key] ?? -1); may live on: \(isKept)")
    }
    for (key, sample) in ends where !history.mayLiveOn(key, after: sample - 1) {
      oracle.check(reported.contains(key), "\(key) ended by \(sample), which is not reported")
    }
  }
}
