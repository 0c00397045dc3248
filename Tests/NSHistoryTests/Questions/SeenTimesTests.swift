// The first and last time at which a namespace was seen, in its summary: from the earliest start of its members to
// the latest end.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct SeenTimesTests {
  /// Compares the summary of every namespace with its members.
  private func check(_ reader: HistoryReader, _ seed: UInt64) throws {
    let kinds = try reader.connection.prepare("SELECT DISTINCT type, inode FROM namespace")
      .map { ($0.integer(0), UInt64(bitPattern: $0.integer(1))) }
    #expect(kinds.count > 2)
    for (code, inode) in kinds {
      let type = try #require(UInt8(exactly: code).flatMap(NamespaceType.init(rawValue:)))
      var members: [Member] = []
      func add(_ member: Member) -> Bool {
        members.append(member)
        return true
      }
      try reader.members(of: .inode(type, inode), add)
      try reader.parents(of: .inode(type, inode), add)
      for summary in try reader.namespaces(.inode(type, inode)) where summary.pins.isEmpty {
        let own = members.filter { $0.namespace == summary.namespace }
        guard let from = own.map(\.from).min(), let until = own.map(\.until).max() else { continue }
        #expect(
          summary.firstSeen == from && summary.lastSeen == until,
          """
          seed \(seed), \(type):[\(inode)]: \(summary.firstSeen ?? 0) to \(summary.lastSeen ?? 0), \
          not \(from) to \(until)
          """)
      }
    }
  }

  @Test(
    "a namespace is seen from its first member's start to its last member's end",
    arguments: BruteForce.seeds)
  func samples(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    try withExtendedLifetime(oracle) { try check(oracle.reader, seed) }
  }

  @Test(
    "with events, a namespace is also seen from its first member's start to its last one's end",
    arguments: EventOracle.seeds)
  func events(seed: UInt64) throws {
    let oracle = try EventOracle(seed: seed)
    try withExtendedLifetime(oracle) { try check(oracle.reader, seed) }
  }

  private static let second = HistoryScript.second

  private static func sample(_ index: Int64, length: Int64 = second) -> ProcessSample {
    func reading(_ boot: Int64) -> ClockReading {
      ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
    }
    var sample = ProcessSample(start: reading((100 + 10 * index) * second))
    sample.end = reading((100 + 10 * index) * second + length)
    return sample
  }

  /// Returns a process in net namespace 7 that started at this clock tick after boot.
  private static func appearance(_ pid: Int32, ticks: UInt64) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: UInt64(pid)),
      facts: ProcessFacts(
        pid: pid, startTicks: ticks, parentPID: 1, isKernelThread: false, nspid: [pid]),
      description: .init(comm: nil, uid: 0, cgroup: nil),
      links: NamespaceLink.allCases.map {
        .namespace(SmallHistory.namespace($0.type, $0 == .net ? 7 : 1))
      })
  }

  @Test("a process that started during a sample is seen from its start")
  func startedInSample() throws {
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: 10 * Self.second, identity: "name_to_handle_at",
        procRoot: "/proc", started: Self.sample(0).start))
    _ = try writer.write(Self.sample(0), SampleTiming())
    var seen = Self.sample(1)
    // The sample began 110 s after boot.
    seen.appeared = [Self.appearance(20, ticks: 11_050), Self.appearance(21, ticks: 11_030)]
    _ = try writer.write(seen, SampleTiming())
    var gone = Self.sample(2)
    gone.disappeared = [20, 21].map(ProcessToken.init)
    _ = try writer.write(gone, SampleTiming())
    try writer.endSession(.completed)
    let reader = try HistoryReader(path: folder.file("history.db"))
    let network = SmallHistory.namespace(.net, 7).inode
    let summary = try #require(try reader.namespaces(.inode(.net, network)).first)
    #expect(summary.firstSeen == HistoryScript.epoch + 110_300_000_000)
    #expect(summary.lastSeen == HistoryScript.epoch + 110_500_000_000)
    try check(reader, 0)
  }
}
