// Compiles and runs the example of the libraries from the documents.

import Foundation
import TestSupport
import Testing

// begin of the example
import Logging
import NSHistory
import NSRecorder

func recordAndAsk(database: String, pids: [Int64]) throws -> Verdict {
  let configuration = RecorderConfiguration(
    database: database, interval: 100_000_000, samples: 3)
  _ = try Recorder(configuration, logger: Logger(label: "example")).run()
  let question = SameQuestion(
    pids: pids.map { .init(pid: $0) }, time: .range(since: nil, until: nil), types: [.net])
  return try HistoryReader(path: database).same(question).verdict
}
// end of the example

@Suite(.ownsProcesses) struct LibraryExampleTests {
  @Test("the documents show this example word by word")
  func isInTheDocuments() throws {
    let here = URL(fileURLWithPath: #filePath)
    let source = try String(contentsOf: here, encoding: .utf8)
    let page = try Documents.text("Sources/NSRecorder/NSRecorder.docc/NSRecorder.md")
    let example = try #require(
      source.components(separatedBy: "// begin of the example\n").last?
        .components(separatedBy: "// end of the example").first)
    #expect(example.contains("func recordAndAsk"))
    #expect(page.contains("```swift\n" + example + "```"))
  }

  @Test("the example records and answers", .enabled(if: geteuid() == 0, "needs root: unshare"))
  func answers() throws {
    let folder = try TemporaryFolder()
    let processes = try (0..<3).map { _ in try TestProcess() }
    try processes[1].unshare(CloneFlag.net)
    let pids = processes.map { Int64($0.pid) }
    #expect(
      try recordAndAsk(database: folder.file("a.db"), pids: [pids[0], pids[1]]) == .different)
    #expect(try recordAndAsk(database: folder.file("b.db"), pids: [pids[0], pids[2]]) == .same)
  }
}
