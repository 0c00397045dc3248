// Compares `same` with `SameModel`: over every small history, and over random ones.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct SameModelTests {
  @Test(
    "`same` is right for every history of two processes and three samples", arguments: [0, 1, 2])
  func everySmallHistory(variant: Int) throws {
    var steps = [HistoryScript.Step](repeating: .init(), count: 3)
    if variant == 1 { steps[2].gap = .stalled }
    if variant == 2 { steps[2].startsSession = true }
    let histories = Self.everySequence(of: [.absent, .inFirst, .inSecond], length: 3)
    // All histories are in one file, each with two PIDs of its own.
    var script = HistoryScript(steps: steps, actors: [])
    var pairs: [[HistoryScript.Actor]] = []
    for first in histories {
      for second in histories {
        let pid = Int32(pairs.count * 2 + 1)
        pairs.append([
          .init(pid: pid, observations: first), .init(pid: pid + 1, observations: second),
        ])
      }
    }
    script.actors = pairs.flatMap { $0 }
    try compare(script, pairs)
  }

  @Test(
    "`same` is right for random histories with gaps, clock steps, reused PIDs and denied reads",
    arguments: 1...16)
  func randomHistories(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var steps: [HistoryScript.Step] = []
    for index in 0..<9 {
      var step = HistoryScript.Step(space: steps.last?.space ?? 0)
      if Int.random(in: 0..<6, using: &random) == 0 {
        step.gap = GapCause.allCases.randomElement(using: &random)
      }
      if index > 0, Int.random(in: 0..<6, using: &random) == 0 {
        step.startsSession = true
        step.space = Int.random(in: 0..<2, using: &random)
      }
      if index > 0, seed % 2 == 0, Int.random(in: 0..<5, using: &random) == 0 {
        step.clockStep = Int64.random(in: -40...40, using: &random) * HistoryScript.second
      }
      steps.append(step)
    }
    let pairs = (0..<12).map { number in
      (0..<2).map { side in
        Self.randomActor(Int32(number * 2 + side + 1), steps.count, &random)
      }
    }
    try compare(HistoryScript(steps: steps, actors: pairs.flatMap { $0 }), pairs)
  }

  private func compare(_ script: HistoryScript, _ pairs: [[HistoryScript.Actor]]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    let reader = try HistoryReader(path: path)
    var wrong: [String] = []
    for pair in pairs {
      let model = SameModel(script: script, pair: pair)
      let pids = pair.map { SameQuestion.Selector(pid: Int64($0.pid)) }
      func ask(_ time: SameQuestion.Time, _ expected: SameModel.Answer) throws {
        let line = try reader.same(.init(pids: pids, time: time, types: [.net])).types[0]
        let answer = SameModel.Answer(verdict: line.verdict, reason: line.reason)
        if line.intervals.contains(where: { $0.from > $0.until }) {
          wrong.append("\(pair.map(\.observations)) at \(time): an interval runs backwards")
        }
        if answer != expected {
          wrong.append("\(pair.map(\.observations)) at \(time): \(answer), not \(expected)")
        }
      }
      for time in Self.times(script) { try ask(.at(time), model.at(time)) }
      try ask(.range(since: nil, until: nil), model.over())
      let ends = Self.endsBetweenSamples(script)
      for (index, since) in ends.enumerated() {
        for until in [WallTime?.none] + ends[index...].map(Optional.some) {
          try ask(.range(since: since, until: until), model.over(since: since, until: until))
        }
        try ask(.range(since: nil, until: since), model.over(until: since))
      }
    }
    let count = wrong.count
    #expect(count == 0, "\(wrong.prefix(4).joined(separator: "\n"))")
  }

  /// Times before all samples, in each one, before and after a start between two of them, and after all.
  private static func times(_ script: HistoryScript) -> [WallTime] {
    var times: [WallTime] = [script.start(0) - 1]
    for index in script.steps.indices {
      times.append(script.start(index) + HistoryScript.second / 2)
      for later: Int64 in [1, 6, 15] {
        times.append(script.end(index) + later * HistoryScript.second)
      }
    }
    return times
  }

  /// Times in ascending order that are not within any sample, whichever clock setting showed them.
  private static func endsBetweenSamples(_ script: HistoryScript) -> [WallTime] {
    let second = HistoryScript.second
    return
      ([script.start(0) - 5 * second] + script.steps.indices.map { script.end($0) + 3 * second })
      .filter { time in
        !script.steps.indices.contains { time >= script.start($0) && time <= script.end($0) }
      }.sorted()
  }

  private static func everySequence(
    of observations: [HistoryScript.Observation], length: Int
  ) -> [[HistoryScript.Observation]] {
    guard length > 0 else { return [[]] }
    return everySequence(of: observations, length: length - 1).flatMap { head in
      observations.map { head + [$0] }
    }
  }

  private static func randomActor(
    _ pid: Int32, _ samples: Int, _ random: inout SeededRandom
  ) -> HistoryScript.Actor {
    var actor = HistoryScript.Actor(pid: pid, observations: [])
    var observation = HistoryScript.Observation.allCases.randomElement(using: &random) ?? .absent
    for index in 0..<samples {
      if Int.random(in: 0..<3, using: &random) == 0 {
        observation = HistoryScript.Observation.allCases.randomElement(using: &random) ?? .absent
      }
      actor.observations.append(observation)
      if index > 0, observation != .absent, actor.observations[index - 1] != .absent,
        Int.random(in: 0..<8, using: &random) == 0
      {
        actor.replacedAt.insert(index)
      }
    }
    return actor
  }
}
