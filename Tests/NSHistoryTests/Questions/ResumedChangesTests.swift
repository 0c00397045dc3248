// A process whose main thread has exited, so that it is a zombie, and that continues because another thread executes
// a program.

import NSHistory
import NamespaceModel
import Testing

struct ResumedChangesTests {
  private let history: SmallHistory

  init() throws { history = try SmallHistory() }

  private func changes(
    _ namespaces: [NamespaceType: UInt64], then: [NamespaceType: UInt64], onlyOf pid: Int32? = nil
  ) throws -> [NamespaceChange] {
    let before = SmallHistory.Process(pid: 20, elsewhere: namespaces)
    let after = SmallHistory.Process(pid: 20, elsewhere: then, comm: "program")
    var zombie = before
    zombie.isZombie = true
    let other = SmallHistory.Process(pid: 1)
    for process in [before, zombie, after] { try history.sample([other, process]) }
    let reader = try history.end()
    var question = ChangesQuestion()
    question.process = pid.map { .pid(Int64($0)) }
    return try reader.allChanges(question)
  }

  @Test("a zombie that continues in its namespaces is reported as resumed")
  func whereItWas() throws {
    let changes = try changes([.net: 2], then: [.net: 2])
    #expect(changes.map(\.kind) == [.zombie, .resumed])
    let parts = try #require(changes.last).parts
    #expect(parts.map(\.link) == [.net] && parts.map(\.how) == [.kept])
    #expect(parts.map(\.to?.kernelID) == [SmallHistory.namespace(.net, 2).kernelID])
    #expect(changes.last?.marks == [])
  }

  @Test("in the initial namespaces, resuming is reported only for the process asked about")
  func initial() throws {
    #expect(try changes([:], then: [:]).isEmpty)
    let history = try ResumedChangesTests()
    let changes = try history.changes([:], then: [:], onlyOf: 20)
    #expect(changes.map(\.kind) == [.firstSeen, .zombie, .resumed])
  }

  @Test("a zombie that continues in other namespaces is reported as moved")
  func elsewhere() throws {
    let changes = try changes([.net: 2], then: [.net: 3])
    #expect(changes.map(\.kind).filter { $0 != .lastExit } == [.zombie, .moved])
  }

  @Test(
    "a process that was a zombie from the beginning kept nothing and joined nothing that is known")
  func fromBeginning() throws {
    let other = SmallHistory.Process(pid: 1)
    var zombie = SmallHistory.Process(pid: 20)
    zombie.isZombie = true
    let after = SmallHistory.Process(pid: 20, elsewhere: [.ipc: 2], comm: "program")
    for process in [zombie, after] { try history.sample([other, process]) }
    let reader = try history.end()
    let resumed = try #require(try reader.allChanges(.init()).first { $0.process?.pid == 20 })
    #expect(resumed.kind == .resumed)
    #expect(resumed.parts.map(\.link) == [.ipc] && resumed.parts.map(\.how) == [.found])
    var changes: [LinkChange] = []
    try reader.history(.pid(20)) { entry in
      changes += entry.changes
      return true
    }
    #expect(changes.count == 6 && changes.allSatisfy { $0.how == .found }, "\(changes)")
  }
}
