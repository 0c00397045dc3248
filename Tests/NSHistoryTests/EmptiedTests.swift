// When a namespace is said to be emptied: not while somebody may be in it who cannot be read.

import NSHistory
import TestSupport
import Testing

struct EmptiedTests {
  /// The net namespaces that were emptied, and by which sample.
  private func emptied(_ first: [HistoryScript.Sight], _ second: [HistoryScript.Sight]) throws
    -> [String]
  {
    let folder = try TemporaryFolder()
    let script = HistoryScript(
      steps: Array(repeating: .init(), count: first.count),
      actors: [.init(pid: 1, sights: first), .init(pid: 2, sights: second)])
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

  @Test("when the last has left it")
  func left() throws {
    #expect(
      try emptied([.inFirst, .inFirst, .absent, .absent], [.inFirst, .absent, .absent, .absent])
        == ["101 by 2"])
    #expect(
      try emptied([.inFirst, .inSecond, .inSecond], [.inFirst, .inFirst, .inSecond])
        == ["101 by 2"])
  }

  @Test("not while the last, or one before it, cannot be read any more")
  func denied() throws {
    #expect(try emptied([.inFirst, .denied, .denied], [.inFirst, .absent, .absent]) == [])
    #expect(
      try emptied([.inFirst, .denied, .denied, .denied], [.inFirst, .inFirst, .absent, .absent])
        == [])
    // One that was read elsewhere before it could not be read is not in it.
    #expect(
      try emptied([.inSecond, .denied, .denied, .denied], [.inFirst, .inFirst, .absent, .absent])
        == ["101 by 2"])
  }
}
