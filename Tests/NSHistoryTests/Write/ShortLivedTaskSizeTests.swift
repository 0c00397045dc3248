// The size in the file of processes that start and exit within a second. A build makes thousands of them.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct ShortLivedTaskSizeTests {
  private static let names = [
    "sh", "bash", "make", "cc1plus", "as", "ld", "ar", "sed", "awk", "grep", "git", "python3",
    "cat",
    "rm", "mv", "cp", "tar", "gzip", "swift-frontend", "clang-18",
  ].map { Array($0.utf8.prefix(15)) }
  private static let batches = 10
  private static let count = 20_000
  private static let epoch = HistoryScript.epoch
  /// The limits in bytes: for a process that executes one program, and for one that executes two.
  private static let most = [95, 280]
  private static let login = Login(uid: 1000, session: 4711, terminal: 34816)

  private let folder: TemporaryFolder
  private var random = SeededRandom(seed: 1)
  private let sets =
    (0..<3).map { number in
      ObservedSet(
        links: NamespaceLink.allCases.map { link in
          .namespace(
            ObservedNamespace(
              type: link.type, inode: 4_026_532_000 + UInt64(link.type.rawValue) * 10 + number,
              kernelID: 100 + number, inodeGeneration: 0, isInitial: false))
        })
    } as [ObservedSet]

  init() throws { folder = try TemporaryFolder() }

  private func size(_ path: String) throws -> Int {
    #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
  }

  @Test(arguments: [1, 2]) mutating func bytesOfEach(programs: Int) throws {
    let (before, after) = (folder.file("before.db"), folder.file("after.db"))
    do { try write(before, batches: 0, programs) }
    do { try write(after, batches: Self.batches, programs) }
    let bytes = Double(try size(after) - size(before)) / Double(Self.count)
    print("a short-lived process of \(programs) programs takes \(bytes) bytes")
    #expect(bytes <= Double(Self.most[programs - 1]))
    let reader = try HistoryReader(path: after)
    var shortLivedTasks = 0
    try reader.export(ExportFilter(types: [.net])) { row in
      if row.isExactFrom, row.isExactUntil { shortLivedTasks += 1 }
      return true
    }
    #expect(shortLivedTasks == Self.count * programs)
  }

  private mutating func write(_ path: String, batches: Int, _ programs: Int) throws {
    let writer = try HistoryWriter(path: path)
    let start = Self.reading(0)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: 5 * HistoryScript.second, identity: "name_to_handle_at",
        procRoot: "/proc", hasEvents: true, started: start))
    var sample = ProcessSample(start: start)
    for parent in 0..<6 {
      sample.appeared.append(
        .init(
          token: ProcessToken(number: UInt64(parent + 1)), facts: Self.facts(Int32(parent + 1)),
          description: Self.description(Self.names[parent], "parent"),
          links: sets[parent % 3].links))
    }
    _ = try writer.write(sample, SampleTiming())
    var number: UInt64 = 0
    for batch in 0..<batches {
      let events = self.batch(from: Int64(batch) * HistoryScript.second + 1000, &number, programs)
      #expect(writer.add(events))
      _ = try writer.writeEvents()
    }
    try writer.endSession(.completed)
  }

  /// Returns the events of one second, in which processes start one after the other and partly run at once.
  private mutating func batch(
    from start: Int64, _ number: inout UInt64, _ programs: Int
  ) -> EventBatch {
    let share = Self.count / Self.batches
    var timed: [(time: Int64, order: Int, event: ProcessEvent.Change)] = []
    for index in 0..<share {
      let parent = Int.random(in: 0..<6, using: &random)
      let begins = start + Int64(index) * 990_000_000 / Int64(share)
      let ends = min(
        begins + Int64.random(in: 1_000_000...40_000_000, using: &random), start + 999_000_000)
      let token = ProcessToken(number: number + 100)
      // PIDs ascend, and wrap around at the default limit (`proc_sys_kernel(5)`).
      let pid = Int32(300 + (number + 20_000) % (32_768 - 300))
      let name = Self.names.randomElement(using: &random) ?? []
      // A build runs each of its programs with some hundred command lines.
      let file = Int.random(in: 0..<20, using: &random)
      timed.append(
        (
          begins, index * 2,
          .started(
            EventStart(
              token: token, parent: ProcessToken(number: UInt64(parent + 1)),
              facts: Self.facts(pid),
              description: Self.description(name, "\(file).c"),
              set: sets[parent % 3]))
        ))
      if programs > 1 {
        timed.append(
          (
            begins + 500_000, index * 2,
            .described(token, Self.description(Array("program".utf8), "\(file).o"))
          ))
      }
      timed.append((ends, index * 2 + 1, .exited(token, mayResume: false)))
      number += 1
    }
    var batch = EventBatch(epoch: Self.epoch)
    batch.events = timed.sorted { ($0.time, $0.order) < ($1.time, $1.order) }.map {
      ProcessEvent(boot: Self.reading($0.time).boot, $0.event)
    }
    return batch
  }

  private static func description(_ comm: [UInt8], _ argument: String) -> ProcessDescription {
    ProcessDescription(
      comm: comm, uid: 1000, cgroup: Array("0::/build".utf8),
      program: Program(
        executable: Array("/usr/bin/".utf8) + comm, commandLine: comm + [0] + Array(argument.utf8)),
      login: login)
  }

  private static func facts(_ pid: Int32) -> ProcessFacts {
    ProcessFacts(pid: pid, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [pid])
  }

  private static func reading(_ later: Int64) -> ClockReading {
    let boot = HistoryScript.bootAtFirst + later
    return ClockReading(wall: epoch + boot, boot: boot, monotonic: boot)
  }
}
