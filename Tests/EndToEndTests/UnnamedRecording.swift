// A recorder of the live machine as it would be on a kernel that gives namespaces no ids: in the
// test's own process, because the command takes the best that the kernel has.

import Foundation
import Logging
import NSHistory
import NSRecorder
import Procfs
import TestSupport
import Testing

final class UnnamedRecording {
  private let folder: TemporaryFolder
  private let database: String
  private let result: Result

  /// What the recorder's thread leaves behind.
  private final class Result: @unchecked Sendable {
    let isDone = DispatchSemaphore(value: 0)
    var failure: (any Error)?
  }

  init(interval: Int64, samples: Int) throws {
    folder = try TemporaryFolder()
    database = folder.file("history.db")
    result = Result()
    let configuration = RecorderConfiguration(
      database: database, interval: interval, samples: samples)
    Thread { [result] in
      do {
        let source = ProcfsSource(root: try ProcRoot(), identity: .continuity)
        _ = try Recorder(configuration, logger: Logger(label: "test"), source: source).run()
      } catch { result.failure = error }
      result.isDone.signal()
    }.start()
    try eventually("a first sample") {
      (try? SampleTable(database))?.all.isEmpty == false
    }
  }

  /// Waits until all samples are taken, and opens what was recorded.
  func end() throws -> HistoryReader {
    result.isDone.wait()
    if let failure = result.failure { throw failure }
    return try HistoryReader(path: database)
  }
}
