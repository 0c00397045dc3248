// The reason of an unknown answer about a time that may be several moments: the reason has to be true of each of
// them.

import NamespaceModel
import TestSupport
import Testing

@testable import NSHistory

struct ReasonTests {
  private static let second: Int64 = 1_000_000_000

  private static func reading(_ seconds: Double, set step: Double = 0) -> ClockReading {
    let boot = Int64(1000 * 1e9 + seconds * 1e9)
    return ClockReading(
      wall: SmallHistory.epoch + (boot + Int64(step * 1e9)), boot: boot, monotonic: boot)
  }

  private static let links = NamespaceLink.allCases.map {
    LinkState.namespace(SmallHistory.namespace($0.type, 1))
  }

  private static let zombie = NamespaceLink.allCases.map { link in
    link == .pid || link == .user
      ? LinkState.namespace(SmallHistory.namespace(link.type, 1)) : .unread(.zombie)
  }

  private static func appearance(
    _ pid: Int32, startTicks: UInt64 = 50_000
  ) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: UInt64(pid)),
      facts: .init(
        pid: pid, startTicks: startTicks, parentPID: 1, isKernelThread: false, nspid: [pid]),
      description: .init(comm: nil, uid: 0, cgroup: nil), links: links)
  }

  /// Writes samples that take one second each, every ten seconds. Each comes with the setting of the wall clock and
  /// its changes.
  private func history(
    _ samples: [(set: Double, change: (inout ProcessSample) -> Void)]
  ) throws -> (HistoryReader, TemporaryFolder) {
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: 10 * Self.second, identity: "test", procRoot: "/proc",
        shownPIDNamespace: SmallHistory.shown, started: Self.reading(-1)))
    for (index, step) in samples.enumerated() {
      var sample = ProcessSample(start: Self.reading(10 * Double(index), set: step.set))
      sample.end = Self.reading(10 * Double(index) + 1, set: step.set)
      step.change(&sample)
      _ = try writer.write(sample, SampleTiming())
    }
    try writer.endSession(.completed)
    return (try HistoryReader(path: writer.path), folder)
  }

  private func line(
    _ reader: HistoryReader, at seconds: Double
  ) throws -> SameAnswer.TypeAnswer {
    try reader.same(
      .init(
        pids: [.init(pid: 20), .init(pid: 21)], time: .at(Self.reading(seconds).wall),
        types: [.net])
    ).types[0]
  }

  @Test("within the sample that first saw a zombie, the process may not have exited yet")
  func zombieInSample() throws {
    let (reader, _) = try history([
      (0, { $0.appeared = [Self.appearance(20), Self.appearance(21)] }),
      (0, { $0.changed = [.init(token: ProcessToken(number: 20), links: Self.zombie)] }),
      (0, { _ in }), (0, { _ in }),
    ])
    #expect(try line(reader, at: 10.5).reason == .changedBetweenSamples)
    #expect(try line(reader, at: 10.5).reasons == [.changedBetweenSamples, nil])
    // The process was a zombie between two samples that both show it as one, and within the second of them.
    #expect(try line(reader, at: 15).reason == .zombie)
    #expect(try line(reader, at: 20.5).reason == .zombie)
    #expect(try line(reader, at: 5).reason == .changedBetweenSamples)
    let processSnapshot = try reader.processes(at: Self.reading(10.5).wall).processes
    #expect(
      processSnapshot.filter { $0.process.pid == 20 }.map { $0.links[.net]?.reason }
        == [.changedBetweenSamples])
  }

  @Test("within the sample that first saw a process, it was not running before its start")
  func startInSample() throws {
    // The start tick means 1010.6 s, which is within the second sample, from 1010 s to 1011 s.
    let (reader, _) = try history([
      (0, { $0.appeared = [Self.appearance(21)] }),
      (0, { $0.appeared = [Self.appearance(20, startTicks: 101_060)] }), (0, { _ in }),
    ])
    #expect(try line(reader, at: 10.2).reason == .notRunning)
    #expect(try line(reader, at: 10.9).verdict == .unknown)
    #expect(try line(reader, at: 12).verdict == .same)
    func pids(_ seconds: Double) throws -> Set<Int64> {
      Set(try reader.processes(at: Self.reading(seconds).wall).processes.map(\.process.pid))
    }
    #expect(try pids(10.2) == [21])
    #expect(try pids(10.9) == [20, 21])
  }

  @Test("at a time that the clock showed twice, a process that ran once is not called not-running")
  func runningAtOneOfTwoTimes() throws {
    let gone: (inout ProcessSample) -> Void = {
      $0.disappeared = [ProcessToken(number: 20)]
    }
    let (reader, _) = try history([
      (0, { $0.appeared = [Self.appearance(20), Self.appearance(21)] }), (0, { _ in }),
      (0, gone), (0, { _ in }),
      // The clock is set back, and shows the times of all these samples once more.
      (-40, { _ in }), (-40, { _ in }), (-40, { _ in }), (-40, { _ in }), (-40, { _ in }),
    ])
    let line = try line(reader, at: 5)
    #expect(line.verdict == .unknown && line.reason == .changedBetweenSamples, "\(line)")
    #expect(line.reasons == [.changedBetweenSamples, nil])
    // The process was not running at either of these moments.
    #expect(try self.line(reader, at: 25).reason == .notRunning)
  }
}
