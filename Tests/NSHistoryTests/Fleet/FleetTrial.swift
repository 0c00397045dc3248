// A history that is shipped to a store while it is recorded, and slices of the file and of the store.

import Foundation
import NSFleet
import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

final class FleetTrial {
  let seed: UInt64
  let path: String
  let database: String
  let uri: String
  private(set) var random: SeededRandom
  private let folder: TemporaryFolder
  private var shipper: Shipper?
  private var slices = 0

  /// Makes an empty store.
  init(seed: UInt64, server given: PostgresServer? = nil) throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    let server = try given ?? PostgresServer.shared()
    database = try server.makeDatabase()
    uri = server.uri(database)
    _ = try FleetStore(uri).initialize()
  }

  /// Ships all that is in the file, in batches of a random size.
  func ship() throws {
    // Now and then the shipper is a new one, which knows nothing but the file and the store.
    if shipper == nil || Int.random(in: 0..<3, using: &random) == 0 {
      shipper = try Shipper(of: path, to: FleetStore(uri))
    }
    let limit = [3, 50, 5000].randomElement(using: &random) ?? 50
    while let progress = try shipper?.shipBatch(limit: limit), !progress.isWhole {}
  }

  /// Records a history with events, and ships it now and then meanwhile.
  func recordEvents(shippingOneOf share: Int) throws {
    let history = EventWorld.history(seed: seed, sessions: 3...8)
    let writer = try HistoryWriter(path: path)
    for step in history.steps {
      try history.write(step, writer)
      if Int.random(in: 0..<share, using: &random) == 0 { try ship() }
    }
    try writer.endSession(.completed)
  }

  /// Records another session into a file.
  func recordMore(_ path: String, seed: UInt64) throws {
    let writer = try HistoryWriter(path: path)
    // Each session of a simulated history is of another boot.
    try EventWorld.history(seed: seed, sessions: 1...1).write(writer, ends: true)
  }

  /// Copies the file.
  func copy(_ name: String) throws -> String {
    let copy = folder.file(name)
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    return copy
  }

  func uuid() throws -> String { try HistoryReader(path: path).uuid() }

  /// Records a history of samples alone.
  func recordSamples() throws {
    _ = try RandomWorld.history(seed: seed, samples: 40...80).write(path, ends: true)
  }

  /// The times at which something was recorded.
  func times() throws -> [WallTime] {
    try Connection(path: path, access: .readOnly).prepare(
      "SELECT wall_ns FROM sample UNION SELECT wall_ns FROM event_batch ORDER BY 1"
    ).map { WallTime(nanoseconds: $0.integer(0)) }
  }

  func window() throws -> TimeWindow { window(of: try times()) }

  func window(of times: [WallTime]) -> TimeWindow {
    guard let first = times.randomElement(using: &random),
      let second = times.randomElement(using: &random)
    else { return TimeWindow() }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return TimeWindow()
    case 1: return TimeWindow(since: first, until: first)
    default: return TimeWindow(since: min(first, second), until: max(first, second))
    }
  }

  /// Cuts a slice out of the file.
  func capture(_ window: TimeWindow, of source: String? = nil) throws -> String {
    slices += 1
    let file = folder.file("file\(slices).db")
    _ = try SliceWriter(of: source ?? path).write(SliceRequest(in: window), to: file, named: file)
    return file
  }

  /// Makes a slice of the store.
  func pull(_ window: TimeWindow) throws -> String {
    slices += 1
    let file = folder.file("store\(slices).db")
    _ = try Puller(from: FleetStore(uri)).pull(
      try uuid(), in: window, to: file, scratch: folder.file("replica\(slices).db"), named: file)
    return file
  }

  /// How many pairs of slices were compared row by row.
  private(set) var compared = 0

  /// Compares a slice of the file with one of the store, row by row.
  ///
  /// - Parameter source: the file; nil for the one that was shipped.
  func compare(_ window: TimeWindow, with source: String? = nil) throws {
    var results: [String] = []
    for make in [{ try self.capture(window, of: source) }, { try self.pull(window) }] {
      do { results.append(try make()) } catch let error as HistoryError {
        results.append("refused: \(error.kind) \(error.reason)")
      } catch ShipError.history(let error) {
        results.append("refused: \(error.kind) \(error.reason)")
      }
    }
    guard results.allSatisfy({ $0.hasPrefix("/") }) else {
      #expect(results[0] == results[1], "seed \(seed) \(window)")
      return
    }
    compared += 1
    // A slice does not use the numbers of the file that a session was recorded into.
    let differences = try TableDump.differences(results[0], results[1])
      .filter { !$0.dropFirst(2).hasPrefix("session_file") }
    #expect(differences == [], "seed \(seed) \(window)")
    let copied = try results.map { file in
      try Connection(path: file, access: .readOnly)
        .prepare("SELECT session_id, copied FROM session_file ORDER BY 1")
        .map { "\($0.integer(0)) \($0.integer(1))" }
    }
    #expect(copied[0] == copied[1], "seed \(seed) \(window)")
  }
}

extension HistoryReader {
  func uuid() throws -> String {
    try Connection(path: path, access: .readOnly).prepare("SELECT uuid FROM history").first {
      $0.text(0)
    } ?? ""
  }
}
