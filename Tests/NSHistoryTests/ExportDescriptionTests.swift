// If the name of a process changes between two samples, its exported rows leave no hole between the names.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct ExportDescriptionTests {
  private func rows(_ reader: HistoryReader) throws -> [ExportRow] {
    var rows: [ExportRow] = []
    try reader.export(ExportFilter(pids: [10], types: [.net])) {
      rows.append($0)
      return true
    }
    return rows
  }

  @Test("a row ends where the row with the next description begins")
  func noHole() throws {
    let history = try SmallHistory()
    try history.sample([.init(pid: 10, comm: "first")])
    try history.sample([.init(pid: 10, comm: "first")])
    try history.sample([.init(pid: 10, comm: "second")])
    try history.sample([.init(pid: 10, comm: "second")])
    let rows = try rows(try history.end())
    #expect(rows.map(\.comm) == ["first", "second"])
    #expect(rows.first?.until == rows.last?.from)
    #expect(rows.first?.isExactUntil == false && rows.last?.isExactFrom == false)
    #expect((rows.last?.until ?? 0) - (rows.last?.from ?? 0) == 10 * SmallHistory.second)
  }

  @Test("a row ends with its session, not at the next session's description")
  func gap() throws {
    let history = try SmallHistory()
    try history.sample([.init(pid: 10, comm: "first")])
    let last = history.now.wall
    try history.writer.endSession(.stopped)
    history.boot += 100 * SmallHistory.second
    try history.begin()
    try history.sample([.init(pid: 10, comm: "second")])
    let rows = try rows(try history.end())
    #expect(rows.map(\.comm) == ["first", "second"])
    #expect(rows.first?.until == last)
  }
}
