// When the last exit from a namespace is reported: not while a process that cannot be read may still be in it.

import NSHistory
import TestSupport
import Testing

struct EmptiedTests {
  /// Returns the net namespaces that the last process left, each with the sample that shows it.
  private func emptied(_ first: [HistoryScript.Observation], _ second: [HistoryScript.Observation])
    throws
    -> [String]
  {
    let folder = try TemporaryFolder()
    let script = HistoryScript(
      steps: Array(repeating: .init(), count: first.count),
      actors: [.init(pid: 1, observations: first), .init(pid: 2, observations: second)])
    try script.write(folder.file("history.db"))
    var found: [String] = []
    try HistoryReader(path: folder.file("history.db")).changes(.init(types: [.net])) { change in
      if change.kind == .lastExit, let namespace = change.parts[0].from?.kernelID,
        let sample = script.steps.indices.first(where: {
          script.end($0) == change.by
        })
      {
        found.append("\(namespace) by \(sample)")
      }
      return true
    }
    return found
  }

  @Test("a namespace is emptied when its last process has left")
  func left() throws {
    #expect(
      try emptied([.inFirst, .inFirst, .absent, .absent], [.inFirst, .absent, .absent, .absent])
        == ["101 by 2"])
    #expect(
      try emptied([.inFirst, .inSecond, .inSecond], [.inFirst, .inFirst, .inSecond])
        == ["101 by 2"])
  }

  @Test("a namespace is not emptied while a process that was in it cannot be read")
  func denied() throws {
    #expect(try emptied([.inFirst, .denied, .denied], [.inFirst, .absent, .absent]) == [])
    #expect(
      try emptied([.inFirst, .denied, .denied, .denied], [.inFirst, .inFirst, .absent, .absent])
        == [])
    // A process that was last read in another namespace does not count.
    #expect(
      try emptied([.inSecond, .denied, .denied, .denied], [.inFirst, .inFirst, .absent, .absent])
        == ["101 by 2"])
  }
}
