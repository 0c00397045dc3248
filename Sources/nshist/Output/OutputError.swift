internal import SystemPackage

/// Why output could not be written.
struct OutputError: Error, CustomStringConvertible {
  let path: String
  let cause: Cause

  enum Cause {
    case system(Errno)
    /// There is a database, or a part of one, in its place.
    case database
  }

  init(path: String, errno: Errno) {
    self.path = path
    cause = .system(errno)
  }

  /// The error of an output that would replace a database.
  init(database path: String) {
    self.path = path
    cause = .database
  }

  /// Whether nobody reads the output any more.
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
      "cannot write \(path): a database is there, or its own file would be; write to another place"
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
