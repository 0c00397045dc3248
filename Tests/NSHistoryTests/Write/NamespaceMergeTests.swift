// An event reported a namespace without its kernel ID, so it got a row of its own. Later it turns out to be a
// namespace that already has a row. The two rows are merged, and every question answers as if there had been one row
// from the beginning.

import NamespaceModel
import SQLite
import Testing

@testable import NSHistory

struct NamespaceMergeTests {
  private let history: EventfulHistory
  private static let named = ObservedNamespace(
    type: .net, inode: 4_026_533_000, kernelID: 9009, inodeGeneration: 0, isInitial: false)
  private static let unnamed = ObservedNamespace(
    type: .net, inode: 4_026_533_000, kernelID: nil, inodeGeneration: 1 << 40, isInitial: false)

  init() throws { history = try EventfulHistory() }

  private func move(_ pid: Int32, to net: ObservedNamespace, at time: Double) -> ProcessEvent {
    var links = history.links(pid)
    links[Int(NamespaceLink.net.rawValue)] = .namespace(net)
    return ProcessEvent(
      boot: EventfulHistory.reading(time).boot,
      .moved(ProcessToken(number: UInt64(pid)), ObservedSet(links: links)))
  }

  /// Writes a sample that confirms the events.
  private func confirm(_ time: Double, renamed: [ProcessSample.Renaming] = []) throws {
    var sample = ProcessSample(start: EventfulHistory.reading(time))
    sample.renamed = renamed
    _ = try history.writer.write(sample, SampleTiming(isExact: true))
  }

  /// Process 20 enters the namespace and exits; its ID is read. Then 30 and 31 enter and 31 exits; no ID is read of
  /// them.
  private func record() throws {
    _ = try history.sample(0, [(1, -1), (2, -1), (20, -1), (30, -1), (31, -1)], isExact: false)
    _ = try history.write([
      move(20, to: Self.named, at: 1), history.exit(20, at: 2),
      move(30, to: Self.unnamed, at: 3), move(31, to: Self.unnamed, at: 4),
      history.exit(31, at: 5),
    ])
  }

  private func namespaces() throws -> [Int64?] {
    try history.writer.connection.prepare(
      "SELECT kernel_id FROM namespace WHERE inode = \(Self.named.inode)"
    ).map { $0.optionalInteger(0) }
  }

  @Test("merged rows answer every question as one namespace")
  func merged() throws {
    try record()
    #expect(try namespaces().count == 2)
    try confirm(10, renamed: [.init(from: Self.unnamed, to: Self.named)])
    #expect(try namespaces() == [9009])
    // The next process to enter uses a namespace set that is in the file.
    _ = try history.write([move(2, to: Self.named, at: 11)])
    try confirm(20)
    try history.writer.endSession(.completed)
    let reader = try HistoryReader(path: history.path)

    let answer = try reader.same(
      SameQuestion(
        pids: [.init(pid: 30), .init(pid: 2)], time: .at(EventfulHistory.reading(12).wall),
        types: [.net]))
    #expect(answer.verdict == .same && answer.types[0].isExact)
    let changes = try reader.allChanges(.init(types: [.net]))
    #expect(
      changes.filter { $0.kind == .moved }.map {
        [$0.process?.pid ?? 0, $0.marks == [.joined] ? 1 : 0]
      }
        == [[20, 0], [30, 1], [31, 1], [2, 1]])
    #expect(
      changes.filter { $0.kind == .moved }.allSatisfy { $0.parts.map(\.to?.kernelID) == [9009] })
    var members: [Int64] = []
    try reader.members(of: .kernelID(.net, 9009)) { member in
      members.append(member.process.pid)
      return true
    }
    #expect(members.sorted() == [2, 20, 30, 31])
    #expect(
      try reader.namespaces(at: EventfulHistory.reading(12).wall).namespaces
        .filter { $0.namespace.inode == Self.named.inode }.map(\.processes) == [2])
    // A process whose set was stored with both rows has not moved between them.
    var entries = 0
    try reader.history(.pid(30)) { _ in
      entries += 1
      return true
    }
    #expect(entries == 2)
  }

  @Test("the last process of either row empties the merged namespace")
  func emptied() throws {
    try record()
    try confirm(10, renamed: [.init(from: Self.unnamed, to: Self.named)])
    #expect(
      try history.writer.connection.prepare(
        "SELECT last_seq IS NULL FROM namespace WHERE kernel_id = 9009"
      ).first { $0.integer(0) } == 1)
    _ = history.writer.takePinScanRequest()
    _ = try history.write([history.exit(30, at: 11)])
    #expect(history.writer.takePinScanRequest())
    #expect(
      try history.writer.connection.prepare(
        "SELECT last_seq IS NULL FROM namespace WHERE kernel_id = 9009"
      ).first { $0.integer(0) } == 0)
    try confirm(20)
    try history.writer.endSession(.completed)
    let emptied = try HistoryReader(path: history.path).allChanges(.init(types: [.net])).filter {
      $0.kind == .lastExit
    }
    #expect(emptied.count == 1)
  }
}
