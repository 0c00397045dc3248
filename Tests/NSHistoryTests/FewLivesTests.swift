// What is told of a PID around a moment is the same whether all that ever had it were looked at, or
// only those that the samples there saw.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct FewLivesTests {
  @Test("events, and processes that no sample met", arguments: 1...6 as ClosedRange<UInt64>)
  func events(seed: UInt64) throws {
    let brute = try EventBrute(seed: seed)
    var random = SeededRandom(seed: seed)
    let times = brute.history.times(&random)
    try check(brute.reader, pids: 1...12, times)
  }

  /// Samples, of which each finds another process with the PID, or after a gap the next but one.
  @Test func reused() throws {
    let samples = 24
    var script = HistoryScript(
      steps: Array(repeating: .init(), count: samples),
      actors: [
        .init(pid: 1, sights: Array(repeating: .inFirst, count: samples)),
        .init(
          pid: 2, sights: Array(repeating: .inSecond, count: samples),
          replacedAt: Set((1..<samples).filter { $0 % 3 == 0 })),
      ])
    script.steps[7].gap = .stalled
    script.steps[13].startsSession = true
    script.steps[17].clockStep = -15 * HistoryScript.second
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try script.write(path)
    let moments = (0..<samples).flatMap { sample in
      [-3, 0, 1, 2, 5].map { script.end(sample) + $0 * HistoryScript.second / 2 }
    }
    let few = try check(HistoryReader(path: path), pids: 1...3, moments)
    #expect(few > 20, "of no PID were only few looked at")
  }

  /// Compares, and counts how often not all were looked at.
  @discardableResult
  private func check(
    _ reader: HistoryReader, pids: ClosedRange<Int64>, _ times: [Int64]
  ) throws -> Int {
    try reader.reading { (reading) throws(SQLiteError) in
      var few = 0
      for time in times {
        let brackets = try reading.index.brackets(at: time)
        for pid in pids {
          let selector = SameQuestion.Selector(pid: pid)
          let all = try reading.tracks.track(selector)
          let some = try reading.tracks.track(selector, in: brackets)
          few += some.known.count < all.known.count ? 1 : 0
          for bracket in brackets {
            #expect(running(some, bracket, time) == running(all, bracket, time))
            for link in NamespaceLink.allCases {
              #expect(state(some, link, bracket, time) == state(all, link, bracket, time))
            }
          }
          let alive = try reading.tracks.track(.init(pid: pid, alive: time))
          let lives = try reading.tracks.lives(pid: pid, alive: time)
          #expect(lives.map(\.process) == alive.processes)
          let moment = try reading.tracks.track(.init(pid: pid, alive: time), in: brackets)
          #expect(moment.processes == alive.processes)
        }
      }
      return few
    }
  }

  private func running(_ track: Track, _ bracket: Bracket, _ time: Int64) -> Set<ProcessRecord> {
    let places = track.processes.indices.filter { track.mayRun($0, in: bracket, until: time) }
    return Set(places.map { track.processes[$0] })
  }

  /// A state, with whose it is in place of where that stands.
  private func state(
    _ track: Track, _ link: NamespaceLink, _ bracket: Bracket, _ time: Int64
  ) -> [String] {
    let state = track.state(link, bracket, until: time)
    guard case .known(let namespace, let process) = state else { return ["\(state)"] }
    return ["\(namespace.id)", "\(track.processes[process].id)"]
  }
}
