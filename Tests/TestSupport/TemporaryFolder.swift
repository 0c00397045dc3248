internal import Foundation

/// A folder that exists for one test.
public final class TemporaryFolder {
  /// The path of the folder.
  public let path: String

  /// Makes the folder.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("nshist-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    ProcessOwner.own(self)
  }

  /// Removes the folder, unless `NSHIST_KEEP_FILES` is set, which lets a person read the files of a failed test.
  deinit {
    guard ProcessInfo.processInfo.environment["NSHIST_KEEP_FILES"] == nil else { return }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Returns the path of a file in the folder.
  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
