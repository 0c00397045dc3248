// An export reads rows in blocks. It has to read the same as the questions, which read rows one by one.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ExportReadingTests {
  @Test(
    "an export reads the same sequence numbers as the sample index", arguments: EventOracle.seeds)
  func points(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    defer { withExtendedLifetime(oracle) {} }
    let reader = oracle.reader
    let index = try SampleIndex(reader.connection, isRecorded: reader.isRecorded)
    var points = ExportPoints(index, reader.connection)
    let first = try #require(index.first)
    let last = try #require(index.last)
    for id in first...last {
      let sampleWindow = try index.sampleWindow(before: id)
      #expect(try points.wall(id) == sampleWindow.after?.wall, "seed \(seed), \(id)")
      #expect(try points.isExact(before: id) == sampleWindow.isExact, "seed \(seed), \(id)")
      #expect(points.session(of: id) == sampleWindow.after?.session, "seed \(seed), \(id)")
    }
    for id in [first - 1, last + 1, .min, .max] {
      #expect(throws: SQLiteError.self, "seed \(seed), \(id)") { try points.wall(id) }
    }
  }

  @Test(
    "an export splits intervals at the same gaps as the sample index, cached or not",
    arguments: BruteForce.seeds)
  func cuts(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    defer { withExtendedLifetime(oracle) {} }
    let reader = oracle.reader
    let index = try SampleIndex(reader.connection, isRecorded: reader.isRecorded)
    let kept = try ExportCuts(index, reader.connection)
    let none = try ExportCuts(index, reader.connection, most: 0)
    let samples = try #require(index.first)...(try #require(index.last))
    for from in samples {
      for until in from...samples.upperBound {
        let pieces = try index.pieces(of: from...until)
        #expect(try kept.pieces(of: from...until) ?? [from...until] == pieces)
        #expect(try none.pieces(of: from...until) ?? [from...until] == pieces)
      }
    }
  }

  @Test(
    "every exported row has its boot, also of short-lived processes", arguments: EventOracle.seeds)
  func boots(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    defer { withExtendedLifetime(oracle) {} }
    let connection = oracle.reader.connection
    let uuids = try connection.prepare("SELECT uuid FROM boot").map { $0.text(0) }
    let row = try connection.prepare("SELECT boot_id FROM boot").first { $0.integer(0) }
    #expect(uuids.count == 1)
    var shortLivedTasks = 0
    try oracle.reader.exportPieces(ExportFilter(types: [.net])) { process, piece in
      if process.row < 0 { shortLivedTasks += 1 }
      #expect(process.boot == uuids[0] && process.bootRow == row, "seed \(seed): \(process)")
      #expect(ExportRow(process, piece).boot == uuids[0])
      return true
    }
    let all =
      try connection.prepare("SELECT COUNT(*) FROM short_lived_task").first { $0.integer(0) } ?? 0
    #expect(shortLivedTasks >= all, "seed \(seed)")
  }

  @Test("a slot of the cache holds the last row that was stored in it")
  func slots() {
    var slots = Slots<String>(bits: 2)
    #expect(slots[0] == nil)
    slots[1] = "one"
    slots[-3] = "minus three"
    #expect(slots[1] == nil)
    #expect(slots[-3] == "minus three")
    slots[5] = "five"
    slots[.min] = "least"
    #expect(slots[-3] == nil)
    #expect(slots[5] == "five")
    #expect(slots[.min] == "least")
    #expect(slots[0] == nil)
  }
}
