// The first sample of a recording takes time, and a process may move before it is read. So the state that the sample
// shows is known only from the end of the sample on.

import TestSupport
import Testing

@testable import NSHistory

struct FirstSampleTests {
  private let folder: TemporaryFolder
  private let reader: HistoryReader

  /// Two processes that the first sample shows apart. While the sample was taken, they may have been together.
  init() throws {
    folder = try TemporaryFolder()
    var history = EntryHistory(path: folder.file("history.db"))
    history.firstLength = 200
    history.sampled(10, [.net: 2], EntryHistory.host)
    history.sampled(20, [.net: 3], EntryHistory.host)
    reader = try history.reader()
  }

  private func same(since: WallTime?) throws -> SameAnswer.TypeAnswer {
    let question = SameQuestion(
      pids: [.init(pid: 10), .init(pid: 20)], time: .range(since: since, until: nil), types: [.net])
    return try reader.same(question).types[0]
  }

  private func shared(since: WallTime?) throws -> SharedAnswer {
    try reader.shared(
      .init(
        [.processes(.pid(10)), .processes(.pid(20))], in: TimeWindow(since: since), types: [.net]))
  }

  @Test("the recorded time starts at the end of the first sample")
  func recorded() throws {
    let answer = try shared(since: nil)
    #expect(answer.verdict == .never)
    #expect(answer.recorded?.lowerBound == EntryHistory.wall(200))
    #expect(try same(since: nil).verdict == .different)
  }

  @Test("a time during the first sample is a gap", arguments: [0, 1, 199])
  func meanwhile(time: Int64) throws {
    let since = EntryHistory.wall(time)
    let answer = try shared(since: since)
    #expect(answer.verdict == .unknown && answer.types[0].reason == .gap, "\(answer.types)")
    let same = try same(since: since)
    #expect(same.verdict == .unknown && same.reason == .gap, "\(same)")
  }

  @Test("a moment during the first sample is before what is recorded")
  func moment() throws {
    for time in [0, 1, 199].map(EntryHistory.wall) {
      let processes = try reader.processes(at: time)
      #expect(processes.processes.map(\.presence) == [.firstSeen, .firstSeen])
      let same = try reader.same(
        SameQuestion(pids: [.init(pid: 10), .init(pid: 20)], time: .at(time), types: [.net]))
      let coverage = try reader.coverage(at: time)
      #expect(!coverage.isCovered)
      for samples in [
        processes.samples, same.samples, coverage.samples, try reader.namespaces(at: time).samples,
      ] {
        #expect(samples.map(\.after) == [EntryHistory.wall(0)], "\(samples)")
        #expect(samples.map(\.missing) == [.beforeFirst], "\(samples)")
      }
    }
  }

  @Test("from the end of the first sample on the answer is known")
  func afterwards() throws {
    #expect(try shared(since: EntryHistory.wall(200)).verdict == .never)
    #expect(try same(since: EntryHistory.wall(200)).verdict == .different)
  }

  @Test("events cover the time from the end of the first sample on")
  func covered() throws {
    let moment = try reader.processes(at: EntryHistory.wall(500))
    #expect(moment.samples.map(\.before) == [EntryHistory.wall(200)])
  }
}
