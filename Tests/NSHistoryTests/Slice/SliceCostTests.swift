// A slice costs what it holds: the history behind it may be long, with the same PIDs in use again and again.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct SliceCostTests {
  private static let second: Int64 = 1_000_000_000

  private static func reading(_ sample: Int) -> ClockReading {
    let boot = Int64(sample + 100) * second
    return ClockReading(
      wall: WallTime(nanoseconds: 1_700_000_000 * second) + boot,
      boot: BootTime(nanoseconds: boot), monotonic: boot)
  }

  /// A history in which 20 other processes run at each sample, which have PIDs out of 200.
  private static func write(_ path: String, samples: Int) throws {
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(SmallHistory.session(started: reading(0)))
    let links = NamespaceLink.allCases.map {
      LinkState.namespace(SmallHistory.namespace($0.type, 1))
    }
    var running: [ProcessToken] = []
    for number in 0..<samples {
      var sample = ProcessSample(start: reading(number))
      sample.disappeared = running
      running = (0..<20).map { ProcessToken(number: UInt64(number * 20 + $0 + 1)) }
      sample.appeared = running.map { token in
        let pid = Int32(token.number % 200) + 300
        return ProcessSample.Appearance(
          token: token,
          facts: ProcessFacts(
            pid: pid, startTicks: UInt64(sample.start.boot.nanoseconds / 10_000_000 - 50),
            parentPID: 1, isKernelThread: false, nspid: [pid]),
          description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array("0::/".utf8)),
          links: links)
      }
      _ = try writer.write(sample, SampleTiming())
    }
    try writer.endSession(.completed)
  }

  /// Returns how many hundreds of instructions SQLite runs to cut 10 samples out of a history.
  private static func cost(samples: Int) throws -> Int {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try write(path, samples: samples)
    let reader = try HistoryReader(path: path, writesBeside: true)
    let writer = SliceWriter(reading: reader)
    var steps = 0
    reader.connection.onProgress(every: 100) { steps += 1 }
    let window = TimeWindow(since: reading(10).wall, until: reading(20).wall)
    let slice = folder.file("slice.db")
    let result = try writer.write(SliceRequest(in: window), to: slice, named: slice)
    #expect(result.processes == 11 * 20)
    return steps
  }

  @Test("the processes that have the PIDs of a slice much later cost nothing")
  func laterProcesses() throws {
    let (short, long) = (try Self.cost(samples: 60), try Self.cost(samples: 3000))
    #expect(long < short * 3 / 2, "\(short) for a short history, \(long) for a long one")
  }
}
