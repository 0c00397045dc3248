// `same` against the model: over every small history, then over seeded random ones.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct SameModelTests {
  @Test("every history of two processes and three samples", arguments: [0, 1, 2])
  func everySmallHistory(variant: Int) throws {
    var steps = [HistoryScript.Step](repeating: .init(), count: 3)
    if variant == 1 { steps[2].gap = .stalled }
    if variant == 2 { steps[2].startsSession = true }
    let lives = Self.everySequence(of: [.absent, .inFirst, .inSecond], length: 3)
    // All of them are in one file, each with two PIDs of its own.
    var script = HistoryScript(steps: steps, actors: [])
    var pairs: [[HistoryScript.Actor]] = []
    for first in lives {
      for second in lives {
        let pid = Int32(pairs.count * 2 + 1)
        pairs.append([.init(pid: pid, sights: first), .init(pid: pid + 1, sights: second)])
      }
    }
    script.actors = pairs.flatMap { $0 }
    try compare(script, pairs)
  }

  @Test("random histories with gaps, sessions, reused PIDs and denied reads", arguments: 1...12)
  func randomHistories(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let steps = (0..<9).map { index in
      HistoryScript.Step(
        gap: Int.random(in: 0..<6, using: &random) == 0
          ? GapCause.allCases.randomElement(using: &random) : nil,
        startsSession: index > 0 && Int.random(in: 0..<7, using: &random) == 0)
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
        if answer != expected {
          wrong.append("\(pair.map(\.sights)) at \(time): \(answer), not \(expected)")
        }
      }
      for time in Self.times(script.steps.count) { try ask(.at(time), model.at(time)) }
      try ask(.range(since: nil, until: nil), model.overAll())
    }
    let count = wrong.count
    #expect(count == 0, "\(wrong.prefix(4).joined(separator: "\n"))")
  }

  /// Before all samples, in each, before and after a birth between two, and after all.
  private static func times(_ samples: Int) -> [Int64] {
    var times = [HistoryScript.start(0) - 1]
    for index in 0..<samples {
      times.append(HistoryScript.start(index) + HistoryScript.second / 2)
      times.append(HistoryScript.end(index) + HistoryScript.second)
      times.append(HistoryScript.birth(index + 1) + HistoryScript.second)
    }
    return times
  }

  private static func everySequence(
    of sights: [HistoryScript.Sight], length: Int
  ) -> [[HistoryScript.Sight]] {
    guard length > 0 else { return [[]] }
    return everySequence(of: sights, length: length - 1).flatMap { head in
      sights.map { head + [$0] }
    }
  }

  private static func randomActor(
    _ pid: Int32, _ samples: Int, _ random: inout SeededRandom
  ) -> HistoryScript.Actor {
    var actor = HistoryScript.Actor(pid: pid, sights: [])
    var sight = HistoryScript.Sight.allCases.randomElement(using: &random) ?? .absent
    for index in 0..<samples {
      if Int.random(in: 0..<3, using: &random) == 0 {
        sight = HistoryScript.Sight.allCases.randomElement(using: &random) ?? .absent
      }
      actor.sights.append(sight)
      if index > 0, sight != .absent, actor.sights[index - 1] != .absent,
        Int.random(in: 0..<8, using: &random) == 0
      {
        actor.replacedAt.insert(index)
      }
    }
    return actor
  }
}
