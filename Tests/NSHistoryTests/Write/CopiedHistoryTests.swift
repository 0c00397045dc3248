// A copy of a file that was made while the recorder had it open. The copy cannot know how the recording ended.

import Foundation
import NSHistory
import TestSupport
import Testing

struct CopiedHistoryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func states(_ reader: HistoryReader) throws -> [String] {
    var states: [String] = []
    try reader.coverage { period in
      if let recorded = period.recorded { states.append(recorded.state) }
      return true
    }
    return states
  }

  /// Copies a history file, and its write-ahead log if that is wanted.
  private func copy(_ path: String, withLog: Bool = true) throws -> String {
    let copy = folder.file("copy.db")
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    if withLog { try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal") }
    return copy
  }

  @Test("a copy of an open file has a session of unknown end, not a died one")
  func copied() throws {
    let history = try SmallHistory()
    try history.sample([.init(pid: 2)])
    try history.sample([.init(pid: 2)])
    let path = try copy(history.path)
    let reader = try HistoryReader(path: path)
    #expect(try states(reader) == ["unknown-end"])
    #expect(try reader.isCopiedWhileOpen() && reader.hasWriteAheadLog)
    #expect(try reader.caveats(in: .init()).map(\.code).contains("copied-while-open"))
    // The original is still being recorded into.
    #expect(try states(HistoryReader(path: history.path)) == ["open"])
  }

  @Test("recording into a copy leaves the copied session's end unknown")
  func recordedInto() throws {
    let history = try SmallHistory()
    try history.sample([.init(pid: 2)])
    try history.sample([.init(pid: 2)])
    let path = try copy(history.path)
    let closed = try HistoryWriter(path: path).closedSession
    #expect(closed?.isCopied == true)
    #expect(try states(HistoryReader(path: path)) == ["unknown-end"])
  }

  @Test("a copy without its write-ahead log is recognised")
  func withoutLog() throws {
    let history = try SmallHistory()
    try history.sample([.init(pid: 2)])
    let reader = try HistoryReader(path: try copy(history.path, withLog: false))
    #expect(try states(reader) == [])
    #expect(try reader.isCopiedWhileOpen() && !reader.hasWriteAheadLog)
  }

  @Test("in the original file, a session that was not ended has died")
  func died() throws {
    var history: SmallHistory? = try SmallHistory()
    try history?.sample([.init(pid: 2)])
    let path = folder.file("moved.db")
    for ending in ["", "-wal"] {
      // A hard link is the same file, and outlives the folder of the history.
      try FileManager.default.linkItem(
        atPath: try #require(history?.path) + ending, toPath: path + ending)
    }
    history = nil
    let reader = try HistoryReader(path: path)
    #expect(try states(reader) == ["died"])
    #expect(try !reader.isCopiedWhileOpen())
  }
}
