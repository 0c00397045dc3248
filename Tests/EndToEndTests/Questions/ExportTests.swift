// An export has the same rows in every format, and only those asked for.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.serialized) struct ExportTests {
  let recording: Recording

  /// Records two sessions: PIDs 10 and 20 in the first, 10 and 30 in the second.
  init() throws {
    recording = try Recording([10, 20])
    try recording.record()
    try recording.proc.remove(20)
    try recording.proc.add(30, links: ["net": 4_026_532_100])
    try recording.record()
  }

  private func export(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(Command.nshist, ["export", "--db", recording.path] + arguments)
  }

  /// Returns the rows after the header as dictionaries.
  private func rows(_ arguments: String...) throws -> [[String: String]] {
    let outcome = try Command.run(
      Command.nshist, ["export", "--db", recording.path] + arguments)
    #expect(outcome.status == 0, "\(outcome.messages)")
    #expect(outcome.messages == "")
    let records = try StrictCSV.parse(outcome.output)
    let header = try #require(records.first)
    #expect(Set(header).count == header.count)
    return records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
  }

  /// Returns the time of a sample, moved by some nanoseconds, as an argument.
  private func time(_ sample: Int, movedBy offset: Int64 = 0) throws -> String {
    let sql = "SELECT wall_ns FROM sample WHERE seq = \(sample)"
    return argument(try #require(recording.number(sql)) + offset)
  }

  @Test func oneHeaderAndEveryRow() throws {
    let all = try rows()
    // PID 10 is in both sessions, 20 and 30 in one; each has eight types.
    #expect(all.count == 4 * 8)
    #expect(all.filter { $0["pid"] == "pid" }.isEmpty)
    #expect(all.filter { $0["pid"] == "10" }.count == 16)
    #expect(all.allSatisfy { $0["open"] == "false" && $0["comm"] == "sleep" })
    #expect(
      all.filter { $0["pid"] == "30" && $0["type"] == "net" }.map { $0["inode"] }
        == ["4026532100"])
  }

  @Test func everyFormatHasTheSameRows() throws {
    let csv = try StrictCSV.parse(try export("--format", "csv").output)
    let tsv = try export("--format", "tsv").output.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(tsv == csv)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(try export("--format", "json").output.utf8))
        as? [[String: Any]])
    let lines = try export("--format", "ndjson").output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(json.count == csv.count - 1)
    #expect(json as NSArray == lines as NSArray)
    for (object, record) in zip(json, csv.dropFirst()) {
      #expect(Set(object.keys) == Set(csv[0]))
      for (column, text) in zip(csv[0], record) {
        let value = try #require(object[column])
        let isTruth = ["open", "initial", "from_exact", "until_exact"].contains(column)
        let shown = value is NSNull ? "" : isTruth ? "\(value as? Bool == true)" : "\(value)"
        #expect(shown == text, "\(column)")
      }
    }
  }

  @Test func onlyThesePIDs() throws {
    #expect(try Set(rows("--pid", "10").map { $0["pid"] }) == ["10"])
    #expect(try Set(rows("--pid", "20,30").map { $0["pid"] }) == ["20", "30"])
    #expect(try Set(rows("--pid", "20", "--pid", "30").map { $0["pid"] }) == ["20", "30"])
  }

  @Test func onlyTheseTypes() throws {
    #expect(try rows("--type", "net").map { $0["type"] } == ["net", "net", "net", "net"])
    #expect(try Set(rows("--type", "net,mnt").map { $0["type"] }) == ["net", "mnt"])
    #expect(try rows("--type", "uts,mnt").count == 8)
  }

  @Test func onlyThisTime() throws {
    func pids(_ arguments: String...) throws -> [String] {
      try rows(arguments).map { $0["pid"] ?? "" }
    }
    // The first session has samples 1 to 3, the second 4 to 6.
    #expect(try pids("--until", time(3)) == ["10", "20"])
    #expect(try pids("--since", time(4)) == ["10", "30"])
    #expect(try pids("--since", time(3), "--until", time(4)) == ["10", "10", "20", "30"])
    #expect(try pids("--since", time(3, movedBy: 1), "--until", time(4, movedBy: -1)) == [])
    #expect(try pids("--until", time(1, movedBy: -1)) == [])
    #expect(try pids("--since", time(6, movedBy: 1)) == [])
  }

  private func rows(_ arguments: [String]) throws -> [[String: String]] {
    let outcome = try Command.run(
      Command.nshist, ["export", "--type", "net", "--db", recording.path] + arguments)
    let records = try StrictCSV.parse(outcome.output)
    // An empty export here is about a time outside of samples.
    #expect(outcome.status == 0 || (outcome.status == 2 && records.count == 1), "\(outcome)")
    return records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(records[0], $0)) }
  }

  @Test("a row has the text of its own cgroup, also if cache slots collide")
  func numbersAlike() throws {
    let numbers: [Int64] = [5, 5 + 1 << 10, 5 + 1 << 13, 5 + 1 << 61, 5 - 1 << 62]
    let recording = try Recording(Array(100..<120))
    try recording.record()
    let connection = try Connection(path: recording.path, access: .readWrite)
    for (index, number) in numbers.enumerated() {
      try connection.execute("INSERT INTO cgroup (cgroup_id, path) VALUES (\(number), '/\(index)')")
      try connection.execute(
        "UPDATE task SET cgroup_id = \(number) WHERE pid % \(numbers.count) = \(index)")
    }
    let outcome = try Command.nshist("export", "--type", "net", "--db", recording.path)
    let records = try StrictCSV.parse(outcome.output)
    let rows = records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(records[0], $0)) }
    #expect(rows.count == 20)
    for row in rows {
      let pid = try #require(row["pid"].flatMap(Int.init))
      #expect(row["cgroup"] == "/\(pid % numbers.count)", "\(pid)")
    }
  }

  @Test func rowsBeforeAnUnreadablePageArePrinted() throws {
    try Connection(path: recording.path, access: .readWrite).execute(
      """
      UPDATE membership SET set_id = 99
      WHERE membership_id = (SELECT MAX(membership_id) FROM membership)
      """
    )
    let outcome = try export()
    #expect(outcome.status == 65)
    expectOneLine(outcome.messages, saying: recording.path)
    // PID 10 is in both sessions and 20 in one; of 30 nothing can be read.
    let records = try StrictCSV.parse(outcome.output)
    #expect(records.first?.first == "boot")
    #expect(
      records.dropFirst().map { $0[2] } == Array(repeating: "10", count: 16)
        + Array(repeating: "20", count: 8))
    // Without any row, the header is not printed either.
    try Connection(path: recording.path, access: .readWrite).execute(
      "UPDATE membership SET set_id = 99")
    #expect(try export().output == "")
  }

  @Test(arguments: ["csv", "tsv", "json", "ndjson"]) func noRowsAreGoodText(format: String) throws {
    let outcome = try export("--pid", "40", "--format", format)
    // The status is 2, since nothing was observed between the two sessions.
    #expect(outcome.status == 2)
    let lines = outcome.messages.split(whereSeparator: \.isNewline)
    #expect(lines.count == 2 && lines[0].contains("nothing was recorded from"), "\(lines)")
    expectOneLine("\(lines.last ?? "")\n", saying: "no rows")
    switch format {
    case "json":
      let list = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [Any]
      #expect(list?.isEmpty == true)
    case "ndjson": #expect(outcome.output == "")
    default: #expect(outcome.output.split(whereSeparator: \.isNewline).count == 1)
    }
  }
}
