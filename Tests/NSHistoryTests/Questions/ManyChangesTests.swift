// A process that moves between namespaces very often. The work of a question about changes must grow linearly with
// their number, not quadratically. The tests count steps of work instead of measuring time.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ManyChangesTests {
  private static let every: [HistoryScript.Observation] = [.inFirst, .inSecond, .denied, .inSecond]

  private func reader(changes: Int, in folder: TemporaryFolder) throws -> HistoryReader {
    let path = folder.file("\(changes).db")
    try HistoryScript(
      steps: Array(repeating: .init(), count: changes),
      actors: [.init(pid: 1, observations: (0..<changes).map { Self.every[$0 % 4] })]
    ).write(path)
    return try HistoryReader(path: path)
  }

  /// Returns the work in hundreds of steps of SQLite's virtual machine, and the number of changes.
  private func work(_ reader: HistoryReader) throws -> (steps: Int, changes: Int) {
    final class Count { var steps = 0 }
    let count = Count()
    reader.connection.onProgress(every: 100) { count.steps += 1 }
    var changes = 0
    try reader.changes(ChangesQuestion()) { _ in
      changes += 1
      return true
    }
    return (count.steps, changes)
  }

  @Test func sqlite() throws {
    let folder = try TemporaryFolder()
    let few = try work(reader(changes: 400, in: folder))
    let many = try work(reader(changes: 1600, in: folder))
    #expect(many.changes > 3 * few.changes)
    #expect(many.steps < 6 * few.steps, "\(few) \(many)")
  }

  @Test("the last read links are found in linear work, and equal those found by reading everything")
  func looks() throws {
    let folder = try TemporaryFolder()
    let changes = 1000
    let reader = try reader(changes: changes, in: folder)
    try reader.reading(.recording()) { (reading) throws(SQLiteError) in
      let history = try reading.taskHistories.histories(pid: 1)[0]
      let count = history.memberships.count
      #expect(count > changes / 2)
      let lastRead = LastReadLinks(reading.sets)
      for index in 0...count { _ = try lastRead.links(of: history, before: index) }
      #expect(lastRead.readCount <= count + 16 * 17)
      for index in [0, 1, 5, 16, 17, 18, 19, 20, count / 2, count] {
        var links: LinkComparison.Links = [:]
        var samples: [NamespaceLink: SequenceNumber] = [:]
        for membership in history.memberships[..<index] {
          let new = try reading.sets.links(of: membership.set)
          links.update(new)
          for (link, value) in new where links[link] == value { samples[link] = membership.until }
        }
        let found = try lastRead.links(of: history, before: index)
        #expect(found.links == links && found.samples == samples, "before \(index)")
      }
    }
  }

  @Test("the memberships of a process are read once for all of its namespaces")
  func members() throws {
    let folder = try TemporaryFolder()
    try reader(changes: 200, in: folder).reading(.recording()) { (reading) throws(SQLiteError) in
      let history = try reading.taskHistories.histories(pid: 1)[0]
      let all = try reading.pidHistories.runs(of: history.memberships)[.net]
      let namespaces = Set(all.compactMap(\.value.namespace))
      #expect(namespaces.count == 2)
      let runs = MemberIntervals(reading)
      for _ in 0..<3 {
        for namespace in namespaces {
          let found = try runs.runs(of: history, .net, to: namespace)
          #expect(found == all.filter { $0.value == .namespace(namespace) } && !found.isEmpty)
        }
      }
      #expect(runs.readings == 1)
    }
  }

  @Test("the cached history of a process with many memberships is not evicted by many short ones")
  func kept() throws {
    let folder = try TemporaryFolder()
    let changes = 80
    let path = folder.file("history.db")
    try HistoryScript(
      steps: Array(repeating: .init(), count: changes),
      actors: (1...300 as ClosedRange<Int32>).map { pid in
        let observations: [HistoryScript.Observation] =
          pid == 1
          ? (0..<changes).map { Self.every[$0 % 2] } : Array(repeating: .inFirst, count: changes)
        return .init(pid: pid, observations: observations)
      }
    ).write(path)
    let reader = try HistoryReader(path: path)
    try reader.reading(.recording()) { (reading) throws(SQLiteError) in
      let tasks = try reading.connection.prepare("SELECT task_id FROM task").map { $0.task(0) }
      final class Count { var steps = 0 }
      let count = Count()
      let long = try reading.taskHistories.histories(pid: 1)[0].process.task
      _ = try reading.taskHistories.history(of: long)
      for task in tasks { _ = try reading.taskHistories.history(of: task) }
      reading.connection.onProgress(every: 100) { count.steps += 1 }
      _ = try reading.taskHistories.history(of: long)
      #expect(count.steps == 0)
    }
  }
}
