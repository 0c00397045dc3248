internal import Glibc
internal import NSHistory
internal import SystemPackage

/// A database file that appears at its path only when it is complete.
///
/// SQLite can write only a file that has a name, so the file has a temporary one beside its path until then. It is
/// removed when the write fails, and also when the user ends the program (`Interruption`); SIGKILL can leave it
/// behind. It never replaces a file that has content.
final class OutputDatabase {
  /// The path that the user gave.
  let path: String
  /// The path of the file while it is written.
  let temporary: String
  private let target: String
  private let descriptor: Int32
  private var isFinished = false

  init(_ given: String) throws(OutputError) {
    path = given
    // Resolves a symbolic link first, so that the link is retained.
    target = RealPath.of(given)
    temporary = "\(target).\(getpid()).part"
    try Self.requireFree(target)
    // A killed process that had this PID may have left this file.
    unlink(temporary)
    descriptor = Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw OutputError(path: given, errno: Errno(rawValue: errno))
    }
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(temporary) }
  }

  /// Flushes the file to the device, and gives it its name.
  func finish() throws(OutputError) {
    guard fsync(descriptor) == 0 else { throw failure() }
    // Another program may have made a file with the name meanwhile.
    try Self.requireFree(target)
    guard rename(temporary, target) == 0 else { throw failure() }
    isFinished = true
  }

  /// The size of the file, in bytes.
  var size: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  private func failure() -> OutputError {
    OutputError(path: path, errno: Errno(rawValue: errno))
  }

  /// Throws unless a path is that of no file, or of an empty one.
  private static func requireFree(_ path: String) throws(OutputError) {
    if OutputFile.isDatabase(path) { throw OutputError(database: path) }
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFREG where status.st_size == 0: return
    case S_IFDIR: throw OutputError(path: path, errno: .isDirectory)
    default: throw OutputError(occupied: path)
    }
  }
}

/// Lets a command remove its temporary files before a signal ends it: SIGINT, SIGTERM and SIGHUP wait until `end`.
struct Interruption {
  private var before = sigset_t()

  init() {
    var signals = Self.signals
    pthread_sigmask(SIG_BLOCK, &signals, &before)
  }

  /// Whether one of the signals waits.
  static var isPending: Bool {
    var pending = sigset_t()
    guard sigpending(&pending) == 0 else { return false }
    return numbers.contains { sigismember(&pending, $0) == 1 }
  }

  /// Delivers the signals that waited.
  func end() {
    var before = before
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  private static let numbers = [SIGINT, SIGTERM, SIGHUP]

  private static var signals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    return signals
  }
}
