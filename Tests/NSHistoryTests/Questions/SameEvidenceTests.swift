// The evidence (exact or sampled) of an unknown verdict over a range: where links are denied, where there is a gap,
// and where processes never ran at once.

import NSHistory
import Testing

struct SameEvidenceTests {
  private func line(
    _ reader: HistoryReader, _ pids: [Int64], since: Double? = nil, until: Double? = nil
  ) throws -> SameAnswer.TypeAnswer {
    let time = SameQuestion.Time.range(
      since: since.map { EventfulHistory.wall($0) }, until: until.map { EventfulHistory.wall($0) })
    return try reader.same(
      .init(pids: pids.map { .init(pid: $0) }, time: time, types: [.net])
    ).types[0]
  }

  /// Writes a history with process 2 throughout, 3 whose links are denied, 10 from 2 s to 3 s, and 11 from 4 s to 5
  /// s.
  private func history(gap: GapCause? = nil) throws -> HistoryReader {
    let history = try EventfulHistory()
    history.denied = [3]
    _ = try history.sample(0, [(2, -1), (3, -1)], isExact: false)
    _ = try history.history(10, from: 2, until: 3)
    _ = try history.history(11, from: 4, until: 5)
    _ = try history.sample(6, [])
    if let gap { _ = try history.sample(8, [], gap: gap) }
    return try history.end()
  }

  @Test("with events, a denied link is exact evidence")
  func denied() throws {
    let reader = try history()
    let line = try line(reader, [10, 3])
    #expect(line.verdict == .unknown && line.reason == .denied)
    #expect(line.isExact && line.sampledPIDs == [])
  }

  @Test("processes that only a sample shows are listed as sampled")
  func deniedInSample() throws {
    let history = try EventfulHistory()
    history.denied = [3]
    _ = try history.sample(0, [(2, -1), (3, -1), (4, -1)], isExact: false)
    // Processes 2 and 3 are shown by the sample only.
    _ = try history.history(10, from: 0.5, until: 1)
    let reader = try history.end()
    let line = try line(reader, [2, 3, 10], until: 0)
    #expect(line.verdict == .unknown)
    #expect(!line.isExact && line.sampledPIDs == [2, 3], "\(line.sampledPIDs)")
  }

  @Test("processes that never ran at once are exact evidence if events cover both")
  func neverTogether() throws {
    let line = try line(history(), [10, 11], since: 1, until: 5.5)
    #expect(line.verdict == .unknown && line.reason == .notRunning)
    #expect(line.isExact && line.sampledPIDs == [])
  }

  @Test("a gap does not turn exact evidence into sampled")
  func gap() throws {
    let line = try line(history(gap: .eventsLost), [10, 3], since: 1)
    #expect(line.verdict == .unknown)
    #expect(line.isExact && line.sampledPIDs == [], "\(line)")
  }

  @Test("without events the evidence is sampled")
  func samplesOnly() throws {
    let history = try EventfulHistory()
    history.denied = [3]
    _ = try history.sample(0, [(2, -1), (3, -1)], isExact: false)
    _ = try history.sample(2, [], isExact: false)
    let line = try line(history.end(), [2, 3])
    #expect(line.verdict == .unknown && !line.isExact)
  }
}
