// Records a history from a fake /proc, and reads its file.

import Foundation
import SQLite
import TestSupport

/// A fake `/proc`, and a folder with the history that `nshist` records of it.
final class Recording {
  let proc: FakeProc
  let folder: TemporaryFolder
  let path: String

  /// Makes a fake `/proc` with these processes, all in the initial namespaces.
  ///
  /// - Parameter path: the path of the history; by default in the folder.
  init(_ pids: [Int] = [10, 20], folder: TemporaryFolder? = nil, path: String? = nil) throws {
    proc = try FakeProc()
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.path = path ?? folder.file("history.db")
    for pid in pids { try proc.add(pid) }
  }

  /// Returns the arguments of a recorder of this `/proc`.
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

  /// Waits until the file has this many samples.
  func waitFor(samples: Int64) throws {
    try eventually("\(samples) samples") {
      (number("SELECT COUNT(*) FROM sample") ?? 0) >= samples
    }
  }

  /// Returns the number in the first row of a query; nil while the file cannot be read.
  func number(_ sql: String) -> Int64? { try? texts(sql).first.flatMap { Int64($0) } }

  /// Returns the first column of each row of a query.
  func texts(_ sql: String) throws -> [String] { try Self.texts(sql, in: path) }

  /// Returns the first column of each row of a query on any file. If there is no `-wal` file, reading makes none.
  static func texts(_ sql: String, in path: String) throws -> [String] {
    let isLive = FileManager.default.fileExists(atPath: path + "-wal")
    let connection = try Connection(path: path, access: isLive ? .readOnly : .immutable)
    connection.setBusyTimeout(milliseconds: 10_000)
    let statement = try connection.prepare(sql)
    return try statement.map { row throws(SQLiteError) in row.text(0) }
  }
}
