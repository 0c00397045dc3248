// `Appearances`, the processes that appeared and are not in the file yet, compared with a dictionary that does the
// same.

import NamespaceModel
import TestSupport
import Testing

@testable import NSHistory

@Suite struct AppearancesTests {
  private func appearance(
    _ number: UInt64, start: UInt64, pid: Int32 = 1
  ) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: number),
      facts: ProcessFacts(
        pid: pid, startTicks: start, parentPID: 0, isKernelThread: false, nspid: []),
      description: ProcessDescription(comm: nil, uid: nil, cgroup: nil), links: [])
  }

  @Test("after any adds, updates and removals, each process is listed once, in the order of starts")
  func model() {
    for seed in 0..<400 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      var appearances = Appearances()
      var model: [UInt64: ProcessSample.Appearance] = [:]
      for step in 0..<Int.random(in: 1...12, using: &random) {
        let number = UInt64.random(in: 1...6, using: &random)
        let token = ProcessToken(number: number)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          let new = (1...6).filter { _ in Bool.random(using: &random) }.map {
            appearance(
              UInt64($0), start: UInt64.random(in: 1...3, using: &random), pid: Int32(step))
          }
          appearances.add(new)
          for one in new { model[one.token.number] = one }
        case 1:
          #expect(appearances.remove(token) == (model.removeValue(forKey: number) != nil))
        default:
          let isThere = appearances.update(token) { $0.facts.parentPID = Int32(step) }
          #expect(isThere == (model[number] != nil))
          model[number]?.facts.parentPID = Int32(step)
        }
        let expected = model.values.sorted {
          ($0.facts.startTicks ?? 0, $0.token.number) < ($1.facts.startTicks ?? 0, $1.token.number)
        }
        let listed = Array(appearances.inOrder)
        #expect(listed.map(\.token) == expected.map(\.token), "seed \(seed)")
        #expect(listed.map(\.facts) == expected.map(\.facts), "seed \(seed)")
      }
    }
  }

  @Test("a process is listed before its threads, also if all started in one clock tick")
  func threads() {
    var thread = appearance(1, start: 7)
    thread.thread = ThreadFacts(tid: 2, process: ProcessToken(number: 3))
    var appearances = Appearances()
    appearances.add([thread, appearance(3, start: 7)])
    #expect(Array(appearances.inOrder).map(\.token.number) == [3, 1])
  }
}
