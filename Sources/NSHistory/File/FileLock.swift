internal import Glibc
internal import SystemPackage

/// A `flock(2)` on a history file. It is of another kind than SQLite's own locks and does not
/// meet them; it ends with the process, however that ends.
///
/// A recorder holds it exclusively. A reader of a file that nobody records into holds it shared,
/// because it then reads without SQLite's locks.
final class FileLock {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  // Only after SQLite has closed the file: closing any descriptor of a file drops the POSIX locks
  // that SQLite holds on it (fcntl_locking(2)).
  deinit { close(descriptor) }

  /// The lock for a recorder, or nil when another has the file. Makes the file, mode 0600, when
  /// it is not there.
  static func exclusive(_ path: String) throws(Errno) -> FileLock? {
    try take(path, O_RDWR | O_CREAT, LOCK_EX)
  }

  /// The lock for a reader, or nil when a recorder has the file.
  static func shared(_ path: String) throws(Errno) -> FileLock? {
    try take(path, O_RDONLY, LOCK_SH)
  }

  private static func take(
    _ path: String, _ flags: Int32, _ operation: Int32
  ) throws(Errno) -> FileLock? {
    let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let lock = FileLock(descriptor)
    if flock(descriptor, operation | LOCK_NB) == 0 { return lock }
    let failure = Errno(rawValue: errno)
    if failure == .wouldBlock { return nil }
    throw failure
  }

  /// The size of the file, in bytes.
  var size: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }
}

/// What is at a path, asked of the file system.
enum FileStatus {
  case file(size: Int64), directory, missing, unreachable(Errno)

  static func of(_ path: String) -> FileStatus {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let failure = Errno(rawValue: errno)
      return failure == .noSuchFileOrDirectory ? .missing : .unreachable(failure)
    }
    return status.st_mode & S_IFMT == S_IFDIR ? .directory : .file(size: Int64(status.st_size))
  }
}
