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
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A path in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }
}
