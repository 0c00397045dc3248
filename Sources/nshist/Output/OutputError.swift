internal import SystemPackage

/// The error of an output that could not be written.
struct OutputError: Error, CustomStringConvertible {
  let path: String
  let cause: Cause

  enum Cause {
    case system(Errno)
    /// The path is that of a database, or of a file that belongs to one.
    case database
  }

  init(path: String, errno: Errno) {
    self.path = path
    cause = .system(errno)
  }

  /// Creates the error of an output that would replace a database.
  init(database path: String) {
    self.path = path
    cause = .database
  }

  /// Whether the write failed because the reader closed the pipe (EPIPE).
  var isBrokenPipe: Bool {
    if case .system(.brokenPipe) = cause { true } else { false }
  }

  var status: Int32 {
    switch cause {
    case .database: ExitStatus.cannotCreate
    case .system(.permissionDenied), .system(.notPermitted): ExitStatus.noPermission
    case .system(.noSuchFileOrDirectory), .system(.notDirectory), .system(.isDirectory),
      .system(.readOnlyFileSystem):
      ExitStatus.cannotCreate
    case .system: ExitStatus.inputOutput
    }
  }

  var description: String {
    switch cause {
    case .database:
      "cannot write \(path): it is a database, or a file that belongs to one; choose another path"
    case .system(let errno): "cannot write \(path): \(errno); \(Self.remedy(errno))"
    }
  }

  private static func remedy(_ errno: Errno) -> String {
    switch errno {
    case .noSpace, .diskQuotaExceeded: "make room on the device"
    case .noSuchFileOrDirectory, .notDirectory: "make its folder first"
    case .isDirectory: "give the path of a file in it"
    case .permissionDenied, .notPermitted, .readOnlyFileSystem: "write to another place"
    default: "check the device"
    }
  }
}
