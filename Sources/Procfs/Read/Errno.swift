internal import Glibc
internal import SystemPackage

extension Errno {
  /// The calling thread's `errno`.
  static var last: Errno { Errno(rawValue: errno) }

  /// Whether the process or file does not exist: `ENOENT` for a path, `ESRCH` for an open directory.
  var isGone: Bool { self == .noSuchFileOrDirectory || self == .noSuchProcess }

  /// Whether the reader lacks permission: `EACCES` as in `namespaces(7)`, `EPERM` with `hidepid`.
  var isDenied: Bool { self == .permissionDenied || self == .notPermitted }
}
