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
    let brute = try BruteForce(seed: seed)
    let history = brute.history
    let found = try brute.reader.allChanges(.init())
    let samples = found.map { brute.sample(endedAt: $0.by) }
    brute.check(samples == samples.sorted(), "out of order: \(samples)")
    let moved = Self.summaries(brute, found, [.moved])
    compare(
      brute, moved, required: history.moves(isDirect: true), allowed: history.moves(isDirect: false)
    )
    let started = Self.summaries(brute, found, [.started, .firstSeen])
    compare(
      brute, started, required: history.startsElsewhere(isSure: true),
      allowed: history.startsElsewhere(isSure: false))
    for change in found { check(brute, change) }
    for change in found where change.kind == .exited || change.kind == .lastSeen {
      let process = brute.number(change.process)
      let sample = brute.sample(endedAt: change.by)
      brute.check(
        history.sight(process, sample - 1) != nil && history.sight(process, sample) == nil
          && (change.kind == .lastSeen) == history.isCutOff(sample)
          && history.sighted(process).last == sample - 1,
        "p\(process) \(change.kind.rawValue) by \(sample)")
    }
    brute.report()
  }

  @Test("a namespace ends when its last process has left it", arguments: BruteForce.seeds)
  func ends(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    checkEnds(brute, try brute.reader.allChanges(.init()).filter { $0.kind == .lastExit })
    brute.report()
  }

  @Test("a move is between the samples that read the links", arguments: BruteForce.seeds)
  func timesOfMoves(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    let history = brute.history
    for change in try brute.reader.allChanges(.init()) where change.kind == .moved {
      let (process, sample) = (brute.number(change.process), brute.sample(endedAt: change.by))
      for part in change.parts where part.from != nil {
        let read = history.sighted(process).last {
          $0 < sample && history.place(process, $0, part.link) != nil
        }
        brute.check(
          brute.sample(change.after) <= read ?? -1
            || history.sight(process, sample - 1)?[part.link] == .unread(.pending),
          "p\(process) moved to \(part.to?.key.description ?? "") after sample "
            + "\(brute.sample(change.after)), though its link was read last in \(read ?? -1)")
      }
    }
    brute.report()
  }

  @Test(
    "a process that started before its parent moved is not reported as started elsewhere",
    arguments: BruteForce.seeds)
  func startsBesideMoves(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    let history = brute.history
    for change in try brute.reader.allChanges(.init()) where change.kind == .started {
      let (process, sample) = (brute.number(change.process), brute.sample(endedAt: change.by))
      guard let parent = history.samples[sample][history.processes[process].parentPID] else {
        continue
      }
      for part in change.parts {
        let children = part.link.type.linkForChildren
        brute.check(
          history.place(parent.process, sample - 1, children) != part.to?.key,
          "p\(process) started by \(sample) in \(part.to?.key.description ?? ""), where the "
            + "children of p\(parent.process) went; reported to come from "
            + "\(part.from?.key.description ?? ""); marks \(change.marks)")
      }
    }
    brute.report()
  }

  /// Converts the changes of some kinds into expected changes, without the links for children.
  static func summaries(
    _ brute: BruteForce, _ changes: [NamespaceChange], _ kinds: Set<NamespaceChange.Kind>
  ) -> [BruteForceChange] {
    changes.filter { kinds.contains($0.kind) }.compactMap { change in
      let own = change.parts.filter { $0.link == $0.link.type.link }
      guard !own.isEmpty else { return nil }
      return BruteForceChange(
        process: brute.number(change.process), sample: brute.sample(endedAt: change.by),
        kind: change.kind,
        parts: Set(
          own.map { .init(type: $0.link.type, from: $0.from?.key, to: $0.to?.key) }))
    }
  }

  /// Every required change has to be found, perhaps with more parts; every found change has to be allowed.
  private func compare(
    _ brute: BruteForce, _ found: [BruteForceChange], required: Set<BruteForceChange>,
    allowed: Set<BruteForceChange>
  ) {
    for one in required {
      let reported = found.filter { $0.process == one.process && $0.sample == one.sample }
      brute.check(
        reported.count == 1 && reported[0].kind == one.kind
          && reported[0].parts.isSuperset(of: one.parts),
        "reported is \(reported), not \(one)")
    }
    for one in found { brute.check(allowed.contains(one), "reported is \(one), which was not") }
    brute.check(Set(found).count == found.count, "a change is reported twice")
  }

  private func check(_ brute: BruteForce, _ change: NamespaceChange) {
    let history = brute.history
    let sample = brute.sample(endedAt: change.by)
    let what = "\(change.kind.rawValue) p\(brute.number(change.process)) by \(sample)"
    guard sample > 0 else { return brute.check(false, what) }
    let after = brute.sample(change.after)
    let read =
      [.moved, .zombie, .exited, .lastSeen].contains(change.kind)
      ? change.parts.compactMap { part in
        history.lastRead(brute.number(change.process), part.link, before: sample)
      }.min() : sample - 1
    brute.check(after == read ?? sample - 1, "\(what): after \(after), not \(read ?? -1)")
    brute.check(
      (change.missing != nil) == ((after + 1)...sample).contains(where: history.isCutOff),
      "\(what): missing \(String(describing: change.missing))")
    var marks: Set<NamespaceChange.Mark> = change.kind == .lastExit ? [.lastExit] : []
    for part in change.parts {
      guard let to = part.to?.key else { continue }
      let isKnown = to.isInitial || history.knew(to, before: sample)
      let process = brute.number(change.process)
      if change.kind == .moved, history.followsItsChildren(process, part.link, to, at: sample) {
        brute.check(part.how == .inherited, "\(what): \(part) is where its children were to go")
        continue
      }
      let how = history.how(to, at: sample)
      brute.check(
        part.how.rawValue == how.rawValue, "\(what): \(part), known before: \(isKnown)")
      if how == .joinedOrNew { marks.insert(.joined) }
      if how == .new { marks.insert(.created) }
      guard isKnown else { continue }
      if !to.isInitial { marks.insert(.joined) }
      if to.isInitial, let from = part.from?.key, !from.isInitial { marks.insert(.leftContainer) }
    }
    brute.check(
      Set(change.marks) == marks && change.marks.count == marks.count,
      "\(what): marks \(change.marks), not \(marks)")
    guard let joined = change.joined else { return }
    let other = brute.number(joined)
    let isThere = change.parts.contains { part in
      part.to != nil && part.to?.isInitial != true
        && history.place(other, sample - 1, part.link.type.link) == part.to?.key
    }
    brute.check(other != brute.number(change.process) && isThere, "\(what) joined p\(other)")
  }

  private func checkEnds(_ brute: BruteForce, _ found: [NamespaceChange]) {
    let history = brute.history
    let ends = history.ends()
    var reported: Set<Key> = []
    for change in found {
      guard change.parts.count == 1, let key = change.parts[0].from?.key else {
        brute.check(false, "an end of \(change.parts)")
        continue
      }
      let sample = brute.sample(endedAt: change.by)
      brute.check(reported.insert(key).inserted, "\(key) ended twice")
      let isKept = history.mayLiveOn(key, after: sample - 1)
      brute.check(
        ends[key] == sample && !isKept,
        "\(key) ended by \(sample), not by \(ends[key] ?? -1); may live on: \(isKept)")
    }
    for (key, sample) in ends where !history.mayLiveOn(key, after: sample - 1) {
      brute.check(reported.contains(key), "\(key) ended by \(sample), which is not reported")
    }
  }
}
