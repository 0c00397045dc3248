internal import Foundation

/// A folder that is there for one test.
public final class TemporaryFolder {
  /// Its path.
  public let path: String

  /// Makes one.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("nshist-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    ProcessOwner.own(self)
  }

  /// Removes it, unless `NSHIST_KEEP_FILES` is set, so that the files of a failed test can be read.
  deinit {
    guard ProcessInfo.processInfo.environment["NSHIST_KEEP_FILES"] == nil else { return }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A path in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
