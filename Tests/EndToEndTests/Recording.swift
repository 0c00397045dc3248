// A history recorded from a fake /proc, and what a test asks of its file.

import Foundation
import SQLite
import TestSupport

/// A fake `/proc`, a folder, and in it the history that `nshist` records of the one.
final class Recording {
  let proc: FakeProc
  let folder: TemporaryFolder
  let path: String

  /// Processes with these PIDs, all in the host's namespaces.
  ///
  /// - Parameter path: of the history; by default, in the folder.
  init(_ pids: [Int] = [10, 20], folder: TemporaryFolder? = nil, path: String? = nil) throws {
    proc = try FakeProc()
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.path = path ?? folder.file("history.db")
    for pid in pids { try proc.add(pid) }
  }

  /// The arguments of a recorder of this.
  func arguments(interval: String, samples: Int? = nil) -> [String] {
    ["record", "--db", path, "--proc-root", proc.path, "--interval", interval]
      + (samples.map { ["--samples", String($0)] } ?? [])
  }

  /// Starts a recorder.
  func start(interval: String = "20ms", samples: Int? = nil) throws -> Command {
    try Command(Command.nshist, arguments(interval: interval, samples: samples))
  }

  /// Starts a recorder, and waits until it has written samples.
  func startAndAwait(samples: Int64, interval: String = "20ms") throws -> Command {
    let before = number("SELECT COUNT(*) FROM sample") ?? 0
    let recorder = try start(interval: interval)
    try waitFor(samples: before + samples)
    return recorder
  }

  /// Records a number of samples.
  @discardableResult
  func record(samples: Int = 3) throws -> Command.Outcome {
    try Command.run(Command.nshist, arguments(interval: "20ms", samples: samples))
  }

  /// Waits until the file has so many samples.
  func waitFor(samples: Int64) throws {
    try eventually("\(samples) samples") {
      (number("SELECT COUNT(*) FROM sample") ?? 0) >= samples
    }
  }

  /// The number in the first row; nil while the file cannot be asked.
  func number(_ sql: String) -> Int64? { try? texts(sql).first.flatMap { Int64($0) } }

  /// The first column of each row.
  func texts(_ sql: String) throws -> [String] { try Self.texts(sql, in: path) }

  /// The first column of each row of any file. No file is made where there is no `-wal`.
  static func texts(_ sql: String, in path: String) throws -> [String] {
    let isLive = FileManager.default.fileExists(atPath: path + "-wal")
    let connection = try Connection(path: path, access: isLive ? .readOnly : .immutable)
    connection.setBusyTimeout(milliseconds: 10_000)
    let statement = try connection.prepare(sql)
    return try statement.map { row throws(SQLiteError) in row.text(0) }
  }
}
