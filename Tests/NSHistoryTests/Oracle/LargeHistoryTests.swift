// Queries have one plan for few processes and another for very many. Both plans have to give the same answers.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct LargeHistoryTests {
  private static let kinds = "SELECT DISTINCT type, inode FROM namespace ORDER BY 1, 2"

  /// Returns time windows of a history: all of it, and a few parts.
  private func windows(_ reader: HistoryReader) throws -> [TimeWindow] {
    let span = try #require(try reader.recordedSpan())
    let length = span.upperBound - span.lowerBound
    return [TimeWindow()]
      + [Int64(0), 3, 6].map { part in
        let since = span.lowerBound + length / 10 * part
        return TimeWindow(since: since, until: since + length / 5)
      }
  }

  private func checkMembers(_ reader: HistoryReader) throws {
    let kinds = try reader.connection.prepare(Self.kinds)
      .map { ($0.integer(0), UInt64(bitPattern: $0.integer(1))) }
    var count = 0
    for window in try windows(reader) {
      try reader.reading(.recording()) { (reading) throws(SQLiteError) in
        guard let samples = try reading.index.samples(around: window) else { return }
        for (code, inode) in kinds {
          guard let type = UInt8(exactly: code).flatMap(NamespaceType.init(rawValue:)) else {
            continue
          }
          for history in try NamespaceFinder(reading: reading).lifetimes(.inode(type, inode)) {
            var ways: [[Member]] = []
            for most in [0, Int.max] {
              var members: [Member] = []
              let query = MembersQuery(
                reading: reading, window: window, samples: samples, most: most)
              _ = try query.forEach(in: history.namespace) {
                members.append($0)
                return true
              }
              ways.append(members)
            }
            #expect(ways[0] == ways[1], "\(type):[\(inode)] in \(window)")
            count += ways[0].count
          }
        }
      }
    }
    #expect(count > 10)
  }

  private func checkNames(_ reader: HistoryReader) throws {
    let names = try reader.connection.prepare(
      "SELECT comm FROM task UNION SELECT comm FROM past_description UNION SELECT comm FROM short_lived_task"
    ).map { $0.text(0) }
    for window in try windows(reader) {
      try reader.reading(.recording()) { (reading) throws(SQLiteError) in
        guard let samples = try reading.index.samples(around: window) else { return }
        for name in names {
          let ways = try [0, Int64(1) << 40].map { (count) throws(SQLiteError) in
            try DescribedTasks(
              reading: reading, condition: "comm IN (?, ?)", values: [.text(name), .text(name)],
              assumedCount: count
            ).tasks(in: samples)
          }
          #expect(ways[0] == ways[1], "\(name) in \(window)")
        }
      }
    }
  }

  @Test(
    "both query plans give the same members and names in histories of samples",
    arguments: BruteForce.seeds)
  func samples(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    try withExtendedLifetime(oracle) {
      try checkMembers(oracle.reader)
      try checkNames(oracle.reader)
    }
  }

  @Test(
    "both query plans give the same members and names in histories of events",
    arguments: EventOracle.seeds)
  func events(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    try withExtendedLifetime(oracle) {
      try checkMembers(oracle.reader)
      try checkNames(oracle.reader)
    }
  }

  @Test(
    "the presence index finds the presences that overlap a range",
    arguments: 1...20 as ClosedRange<UInt64>)
  func presences(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let all = (0..<Int.random(in: 0...60, using: &random)).map { member in
      let from = SequenceNumber(rawValue: .random(in: 0...40, using: &random))
      let until = from + Int64.random(in: 0...20, using: &random)
      return Presence(
        member: member, owner: TaskID(rawValue: Int64(member)), namespace: 1, from: from,
        until: until,
        end: until + Int64.random(in: 0...1, using: &random))
    }
    let index = PresenceIndex(all)
    let numbers = SequenceNumber.zero...SequenceNumber(rawValue: 62)
    for low in numbers {
      for high in low...numbers.upperBound {
        var found: [Int] = []
        index.forEach(from: low, to: high) {
          found.append($0.member)
          return true
        }
        let expected = all.filter { $0.from <= high && $0.end >= low }
        #expect(Set(found) == Set(expected.map(\.member)) && found.count == expected.count)
      }
    }
  }
}
