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

  @Test("a change of the user leaves no hole in the rows of a container")
  func noHoleOfContainer() throws {
    let history = try SmallHistory()
    let id = String(repeating: "ab", count: 32)
    let web = SmallHistory.Process(pid: 10, cgroup: "0::/docker/\(id)", comm: "web")
    for _ in 0..<3 { try history.sample([web]) }
    var renamed = web
    renamed.comm = "other"
    for _ in 0..<2 { try history.sample([renamed]) }
    let reader = try history.end()
    for filter in [
      ExportFilter(container: id, types: [.net]), ExportFilter(pids: [10], types: [.net]),
    ] {
      var rows: [ExportRow] = []
      try reader.export(filter) {
        rows.append($0)
        return true
      }
      #expect(rows.map(\.comm) == ["web", "other"])
      #expect(rows.first?.until == rows.last?.from, "\(rows)")
    }
    // The time of the change is not known, so that the rows of a name do not reach up to it.
    var named = ExportFilter(types: [.net])
    named.names = [.comm("web")]
    var until: WallTime?
    try reader.export(named) {
      until = $0.until
      return true
    }
    #expect(until == history.now.wall - 20 * SmallHistory.second, "\(until as Any)")
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
