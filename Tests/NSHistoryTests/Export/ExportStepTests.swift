// An export of a file that is being recorded reads in steps of limited time, and still shows the history as it was
// when the export started.

import Foundation
import NamespaceModel
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import NSHistory

struct ExportStepTests {
  /// A writer that adds random samples while a test reads.
  private final class BusyWriter: @unchecked Sendable {
    private let writer: HistoryWriter
    private var running: [ProcessToken] = []
    private var last: UInt64 = 0
    private var time: Int64
    private var random: SeededRandom

    init(_ path: String, after time: WallTime, seed: UInt64) throws {
      self.time = time.nanoseconds
      random = SeededRandom(seed: seed)
      writer = try HistoryWriter(path: path)
      try writer.beginSession(
        SessionInfo(
          bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
          program: "test", interval: HistoryScript.second, identity: "name_to_handle_at",
          procRoot: "/proc", started: reading()))
      for _ in 0..<3 { try write() }
    }

    private func reading() -> ClockReading {
      ClockReading(
        wall: WallTime(nanoseconds: time), boot: BootTime(nanoseconds: time), monotonic: time)
    }

    /// Writes a sample in which each process may have moved or exited, and some are new.
    func write() throws {
      time += HistoryScript.second
      var sample = ProcessSample(start: reading())
      var left: [ProcessToken] = []
      for token in running {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: sample.disappeared.append(token)
        case 1, 2:
          sample.changed.append(.init(token: token, links: links()))
          left.append(token)
        default: left.append(token)
        }
      }
      for _ in 0..<(last == 0 ? 120 : 12) {
        last += 1
        let token = ProcessToken(number: last)
        let pid = Int32(last % 90) + 300
        sample.appeared.append(
          .init(
            token: token,
            facts: ProcessFacts(
              pid: pid, startTicks: last, parentPID: 1, isKernelThread: false, nspid: [pid]),
            description: .init(comm: Array("p\(last)".utf8), uid: 0, cgroup: Array("0::/".utf8)),
            links: links()))
        left.append(token)
      }
      running = left
      _ = try writer.write(sample, SampleTiming())
    }

    private func links() -> [LinkState] {
      let number = UInt64.random(in: 1...3, using: &random)
      return NamespaceLink.allCases.map { link in
        let number = link.type == .net || link.type == .uts ? number : 1
        return .namespace(
          ObservedNamespace(
            type: link.type, inode: 4_026_532_000 + number * 10 + UInt64(link.type.rawValue),
            kernelID: number * 10 + UInt64(link.type.rawValue), inodeGeneration: 0,
            isInitial: false))
      }
    }
  }

  @Test(
    "an export in steps has the rows of the moment at which it started",
    arguments: EventOracle.seeds
  )
  func steps(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try Self.write(path, seed: seed)
    let last = try #require(HistoryReader(path: path).recordedSpan()?.upperBound)
    let writer = try BusyWriter(path, after: last + HistoryScript.second, seed: seed)
    let reader = try HistoryReader(path: path)
    #expect(reader.isRecorded)
    for filter in [
      ExportFilter(types: [.net, .mnt]), ExportFilter(since: last, until: nil, types: [.net]),
      ExportFilter(pids: Set(300...330), types: [.net, .uts]),
    ] {
      func rows(_ whileReading: (Int) throws -> Void) throws -> [ExportRow] {
        var rows: [ExportRow] = []
        var failure: (any Error)?
        try reader.export(filter) { row in
          rows.append(row)
          do { try whileReading(rows.count) } catch { failure = error }
          return failure == nil
        }
        if let failure { throw failure }
        return rows
      }
      reader.exportStep = .max / 2
      let whole = try rows { _ in }
      reader.exportStep = 0
      var written = 0
      let inSteps = try rows { count in
        guard count % 40 == 0 else { return }
        try writer.write()
        written += 1
      }
      #expect(whole.count > 20 && written > 0, "seed \(seed)")
      #expect(inSteps == whole, "seed \(seed), \(filter)")
      reader.exportStep = .max / 2
      #expect(try rows { _ in } != whole, "seed \(seed)")
    }
  }

  /// Writes a random history of events with an ended session.
  private static func write(_ path: String, seed: UInt64) throws {
    try EventWorld.history(seed: seed).write(HistoryWriter(path: path), ends: true)
  }

  /// Exports a history while another thread writes to it. Returns the largest size of the `-wal` file.
  private func largestLog(step: Int64) throws -> Int64 {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try BusyWriter(path, after: WallTime(nanoseconds: HistoryScript.second), seed: 1)
    for _ in 0..<20 { try writer.write() }
    let reader = try HistoryReader(path: path)
    reader.exportStep = step
    let isDone = Mutex(false)
    let written = DispatchSemaphore(value: 0)
    let thread = Thread {
      while !isDone.withLock({ $0 }) {
        do { try writer.write() } catch { Issue.record(error) }
      }
      written.signal()
    }
    thread.start()
    defer {
      isDone.withLock { $0 = true }
      written.wait()
    }
    var largest: Int64 = 0
    let end = ClockReading.now().monotonic + 60_000_000_000
    try reader.export(ExportFilter(types: NamespaceType.allCases)) { _ in
      usleep(500)
      largest = max(largest, FileSpace.size(path + "-wal"))
      // Stops when enough was written to tell the two cases apart.
      return FileSpace.size(path) + largest < 48 << 20 && ClockReading.now().monotonic < end
    }
    return largest
  }

  @Test("the -wal file is reused while an export in steps runs")
  func logIsFree() throws {
    let inSteps = try largestLog(step: 20_000_000)
    #expect(inSteps < 32 << 20)
    // Without steps the export holds one read transaction, and the `-wal` file grows.
    #expect(try largestLog(step: .max / 2) > 32 << 20)
  }
}
