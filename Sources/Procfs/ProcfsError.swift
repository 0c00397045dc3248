public import SystemPackage

/// A failure to read `/proc` that is neither "not permitted" nor "gone": those two are data.
public struct ProcfsError: Error, Sendable, Hashable {
  /// What was being done, as a verb phrase: "read", "list".
  public let operation: String
  /// What it was done on.
  public let path: String
  /// Why it failed.
  public let cause: Cause

  /// Why a read of `/proc` failed.
  public enum Cause: Sendable, Hashable {
    /// The kernel said so.
    case system(Errno)
    /// The text is not in the form that proc(5) gives for this file.
    case malformed
  }

  /// Makes an error for `operation` on `path`.
  public init(operation: String, path: String, cause: Cause) {
    self.operation = operation
    self.path = path
    self.cause = cause
  }
}

extension ProcfsError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    switch cause {
    case .system(let errno): "cannot \(operation) \(path): \(errno); \(Self.remedy(errno))"
    case .malformed:
      "cannot \(operation) \(path): its text is not in the form of proc(5); is that a proc?"
    }
  }

  private static func remedy(_ errno: Errno) -> String {
    switch errno {
    case .noSuchFileOrDirectory, .notDirectory: "give the path of a mounted proc"
    case .permissionDenied, .notPermitted: "give the path of a proc that you may enter"
    case .tooManyOpenFiles: "raise the limit of open files (ulimit -n)"
    case .tooManyOpenFilesInSystem: "raise fs.file-max, or end what holds so many files"
    case .noMemory: "the machine is out of memory"
    default: "see the kernel's log"
    }
  }
}
