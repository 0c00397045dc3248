// A slice out of the store has the same rows as one that was cut out of the file, however often the history was
// shipped while it was recorded. Since every question reads a slice with the same code, the answers are the same too.

import NSFleet
import NSHistory
import TestSupport
import Testing

@Suite(.enabled(if: PostgresServer.isThere, "needs the server of Debian's package postgresql"))
struct FleetSliceTests {
  @Test("a slice of the store is one of the file: events", arguments: RandomSeeds.usually(8))
  func events(seed: UInt64) throws {
    let trial = try FleetTrial(seed: seed)
    try trial.recordEvents(shippingOneOf: 6)
    try trial.ship()
    for _ in 0..<6 { try trial.compare(try trial.window()) }
    #expect(trial.compared >= 3)
  }

  @Test("a slice of the store is one of the file: samples", arguments: RandomSeeds.usually(4))
  func samples(seed: UInt64) throws {
    let trial = try FleetTrial(seed: seed)
    try trial.recordSamples()
    try trial.ship()
    for _ in 0..<4 { try trial.compare(try trial.window()) }
    #expect(trial.compared >= 2)
  }
}
