// Inode numbers on a kernel that gives no namespace IDs, and how `same` judges them. A fake /proc gives no IDs
// either.

import NSHistory
import NamespaceModel
import Procfs
import TestSupport
import Testing

struct ContinuityTests {
  private let folder: TemporaryFolder
  private let proc: FakeProc
  private let source: ProcfsSource
  private let writer: HistoryWriter

  init() throws {
    folder = try TemporaryFolder()
    proc = try FakeProc()
    source = ProcfsSource(root: try ProcRoot(path: proc.path))
    writer = try HistoryWriter(path: folder.file("history.db"))
    try writer.beginSession(
      SessionInfo(
        bootID: "b", ticksPerSecond: 100, recorderPID: 1, program: "test", interval: 1,
        identity: source.identity.rawValue, procRoot: proc.path, started: .now()))
  }

  private func sample() throws { _ = try writer.write(source.takeSample(), SampleTiming()) }

  private func ask(_ first: Int64, _ second: Int64) throws -> SameAnswer.TypeAnswer {
    try writer.endSession(.completed)
    return try HistoryReader(path: writer.path).same(
      .init(
        pids: [.init(pid: first), .init(pid: second)], time: .range(since: nil, until: nil),
        types: [.net])
    ).types[0]
  }

  private static let inode: UInt64 = 4_026_532_281

  /// The start of a process that appears now, in clock ticks of 10 ms.
  private static var now: UInt64 { UInt64(ClockReading.now().boot.nanoseconds / 10_000_000) }

  @Test("an inode number that no process had between two samples may be another namespace")
  func reusedInode() throws {
    #expect(source.identity == .continuity)
    try proc.add(10, links: ["net": Self.inode])
    try sample()
    try sample()
    try proc.remove(10)
    try sample()
    try proc.add(20, start: Self.now, links: ["net": Self.inode])
    try sample()
    try sample()
    let line = try ask(10, 20)
    #expect(line.verdict == .unknown)
    #expect(line.reason == .inodeMayBeReused)
    #expect(line.namespaces.count == 2)
  }

  @Test(
    "an inode number that passes to another process between two samples may be another namespace")
  func passedOn() throws {
    try proc.add(10, links: ["net": Self.inode])
    try sample()
    try proc.remove(10)
    try proc.add(20, start: Self.now, links: ["net": Self.inode])
    try sample()
    let line = try ask(10, 20)
    #expect(line.verdict == .unknown)
    #expect(line.namespaces.count == 2)
  }

  @Test("an inode number that one process had in every sample is one namespace")
  func heldAllTheTime() throws {
    try proc.add(10, links: ["net": Self.inode])
    try proc.add(15, links: ["net": Self.inode])
    try sample()
    try proc.remove(10)
    try sample()
    try proc.add(20, start: Self.now, links: ["net": Self.inode])
    try sample()
    try sample()
    let line = try ask(15, 20)
    #expect(line.verdict == .same)
    #expect(line.namespaces.count == 1)
  }

  @Test("different inode numbers in one sample are different namespaces")
  func otherNumbers() throws {
    try proc.add(10, links: ["net": Self.inode])
    try proc.add(20, links: ["net": Self.inode + 1])
    try sample()
    try sample()
    #expect(try ask(10, 20).verdict == .different)
  }
}
