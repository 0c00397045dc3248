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
  private var descriptor: Int32
  private var isFinished = false

  init(_ given: String) throws(OutputError) {
    path = given
    // Resolves a symbolic link first, so that the link is retained.
    target = RealPath.of(given)
    temporary = "\(target).\(getpid()).part"
    try Self.requireFree(target)
    descriptor = try Self.create(temporary, for: given)
  }

  private static func create(_ temporary: String, for given: String) throws(OutputError) -> Int32 {
    // A killed process that had this PID may have left this file.
    unlink(temporary)
    let descriptor = Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw OutputError(path: given, errno: Errno(rawValue: errno)) }
    return descriptor
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(temporary) }
  }

  /// Replaces the written file by its compressed form (gzip(1)). Both need room on the device meanwhile.
  ///
  /// - Parameter goesOn: called for each block of the compressed file. If it returns false, the call throws.
  func compress(while goesOn: () -> Bool) throws(OutputError) {
    // The new file takes over the name, so that a failure leaves one name to remove.
    let compressed = try Self.create(temporary, for: path)
    let source = descriptor
    descriptor = compressed
    defer { close(source) }
    let gzip = try GzipProcess(reading: source, for: path)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(gzip.output, &buffer, buffer.count)
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      var written = 0
      while written < count {
        let more = buffer[written..<count].withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        guard more >= 0 else { throw failure() }
        written += more
      }
      guard goesOn() else { throw OutputError(path: path, errno: .interrupted) }
    }
    guard gzip.hasSucceeded() else { throw OutputError(uncompressed: path) }
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

/// A running gzip(1), which compresses a file into a pipe. It ends when the value is released.
private final class GzipProcess {
  /// The end of the pipe to read from.
  let output: Int32
  private let pid: pid_t
  private var hasEnded = false

  /// - Parameters:
  ///   - source: the descriptor of the file, at its beginning.
  ///   - path: the path of the output, for an error.
  init(reading source: Int32, for path: String) throws(OutputError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw OutputError(path: path, errno: Errno(rawValue: errno)) }
    // The process has a copy of the one end as its standard output, and must not keep the others open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, source, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    // Without a name and a time in it, the compressed form depends on the file alone (-n).
    var arguments: [UnsafeMutablePointer<CChar>?] = []
    for argument in ["gzip", "-c", "-n"] { arguments.append(strdup(argument)) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    var started: pid_t = 0
    let code = posix_spawnp(&started, "gzip", &actions, nil, &arguments, &environment)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw OutputError(uncompressed: path)
    }
    output = ends[0]
    pid = started
  }

  deinit {
    close(output)
    guard !hasEnded else { return }
    kill(pid, SIGKILL)
    _ = wait()
  }

  /// Waits for the end of the process, and returns whether it compressed the whole file.
  func hasSucceeded() -> Bool {
    hasEnded = true
    return wait() == 0
  }

  /// Returns the status of the process (wait(2)).
  private func wait() -> Int32 {
    var status: Int32 = -1
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// Lets a command remove its temporary files before a signal ends it: SIGINT, SIGTERM and SIGHUP wait until `end`. Those
/// that are ignored, as nohup(1) has it for SIGHUP, remain so: the kernel would let them wait too.
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

  private static let numbers = [SIGINT, SIGTERM, SIGHUP].filter { number in
    var action = sigaction()
    sigaction(number, nil, &action)
    let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return handler != unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static var signals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    return signals
  }
}
