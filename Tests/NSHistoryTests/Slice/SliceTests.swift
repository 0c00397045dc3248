// A slice answers every question about its own time and processes as the history does from which it was cut, or
// refuses the question. The tests ask thousands of questions of every kind, of slices of random histories.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct SliceTests {
  /// How many questions are asked of each slice.
  private static let questions = 60
  /// A history that is large enough to be cut takes longer to write than to ask.
  private static let seeds = RandomSeeds.usually(8)

  @Test("a slice answers as the history does, or refuses", arguments: Self.seeds)
  func whole(seed: UInt64) throws {
    let trial = try SliceTrial(seed: seed)
    let slice = try trial.slice()
    try trial.check(slice)
    for _ in 0..<Self.questions { trial.ask(.all) }
    trial.report(mostRefused: 0.5)
  }

  @Test("a slice of a slice answers as the history does, or refuses", arguments: Self.seeds)
  func nested(seed: UInt64) throws {
    let trial = try SliceTrial(seed: seed)
    let outer = try trial.slice()
    let slice = try trial.slice(of: outer)
    try trial.check(slice)
    for _ in 0..<Self.questions / 3 { trial.ask(.all) }
    trial.report(mostRefused: 0.6)
  }

  @Test(
    "a slice of some processes answers as the history does, or refuses", arguments: Self.seeds)
  func limited(seed: UInt64) throws {
    let trial = try SliceTrial(seed: seed)
    let slice = try trial.slice(isLimited: true)
    try trial.check(slice)
    for _ in 0..<Self.questions / 2 { trial.ask(.limited) }
    trial.report(mostRefused: 0.8)
  }

  @Test(
    "a slice of a pruned history answers as the history does, or refuses",
    arguments: Self.seeds)
  func pruned(seed: UInt64) throws {
    let trial = try SliceTrial(seed: seed, isPruned: true)
    let slice = try trial.slice()
    try trial.check(slice)
    for _ in 0..<Self.questions / 3 { trial.ask(.all) }
    trial.report(mostRefused: 0.5)
  }
}
