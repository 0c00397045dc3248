internal import Glibc
internal import SystemPackage

extension Errno {
  /// The calling thread's `errno`.
  static var last: Errno { Errno(rawValue: errno) }

  /// The process or the file is not there: by path `ENOENT`, on a held directory `ESRCH`.
  var isGone: Bool { self == .noSuchFileOrDirectory || self == .noSuchProcess }

  /// The reader is not let in: from `namespaces(7)` `EACCES`, with `hidepid` `EPERM`.
  var isDenied: Bool { self == .permissionDenied || self == .notPermitted }
}
