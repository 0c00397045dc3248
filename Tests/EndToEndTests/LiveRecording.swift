// A recorder of the live machine, run as a user runs it, for the length of a test.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

final class LiveRecording {
  let database: String
  private let folder: TemporaryFolder
  private let recorder: Command

  init(interval: String = "50ms", _ more: String...) throws {
    folder = try TemporaryFolder()
    database = folder.file("history.db")
    recorder = try Command(
      Command.nshist, ["record", "--interval", interval, "--db", database] + more)
    try waitForSamples(1)
  }

  /// Waits until so many samples were begun from now on and are in the file.
  func waitForSamples(_ count: Int) throws {
    let now = ClockReading.now().wall
    try eventually("\(count) samples") {
      // Before the recorder has made the file there is nothing to read.
      guard let samples = try? SampleTable(database) else { return false }
      return samples.all.count { $0.start > now } >= count
    }
  }

  /// The samples so far.
  func samples() throws -> SampleTable { try SampleTable(database) }

  /// Ends the recorder and opens what it recorded.
  func end() throws -> HistoryReader {
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0, "\(outcome.messages)")
    return try HistoryReader(path: database)
  }
}
