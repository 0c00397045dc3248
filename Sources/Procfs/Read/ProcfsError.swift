package import SystemPackage

/// A failure to read `/proc`. A file that the reader may not read, and a process that has exited, are no failures: a
/// sample reports them as data.
public struct ProcfsError: Error, Sendable, Hashable {
  /// The operation that failed, as a verb phrase: "read", "list".
  package let operation: String
  /// The path on which the operation failed.
  package let path: String
  /// The reason for the failure.
  package let cause: Cause

  /// The reasons why a read of `/proc` fails.
  package enum Cause: Sendable, Hashable {
    /// The kernel returned this error.
    case system(Errno)
    /// The text is not in the form that proc(5) gives for this file.
    case malformed
    /// The path is not in a proc file system.
    case notProc
    /// This proc has no entry for the process that reads it, because the process is in no pid namespace
    /// that the proc shows.
    case withoutReader
    /// This proc shows processes and nothing else (`subset=pid`).
    case processesOnly
  }

  /// Whether no proc can be read at all, or none that shows the reader.
  package var isOfMissingProc: Bool {
    switch cause {
    case .system(let errno): errno == .noSuchFileOrDirectory || errno == .notDirectory
    case .malformed: false
    case .notProc, .withoutReader, .processesOnly: true
    }
  }

  /// Makes an error for `operation` on `path`.
  package init(operation: String, path: String, cause: Cause) {
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
    case .notProc:
      """
      cannot \(operation) \(path): it is no proc file system; mount one \
      (mount -t proc proc /proc), or give the path of a mounted proc
      """
    case .withoutReader:
      """
      cannot \(operation) \(path): this proc is of a pid namespace that this process is not in; \
      mount one of its own (mount -t proc proc /proc), or leave the container's mounts (nsenter -m)
      """
    case .processesOnly:
      """
      cannot \(operation) \(path): this proc is mounted with subset=pid; mount it without \
      (of systemd: ProcSubset=all)
      """
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
