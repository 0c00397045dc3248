internal import CLinux
internal import Glibc
internal import NSHistory
internal import SystemPackage

/// Standard output, or a file that appears at its path only when it is complete.
///
/// The file has no name until it is complete (`O_TMPFILE`, open(2)), so an interrupted program leaves
/// nothing behind. On a file system without such files, or without a `/proc`, the output goes to a
/// temporary name beside the path, which SIGKILL can leave behind. A file that replaces another takes
/// over its permissions. `OutputFile` follows a symbolic link, and writes to a device or a FIFO instead
/// of replacing it.
final class OutputFile {
  private let path: String?
  private let descriptor: Int32
  private var temporary: String?
  /// Whether `finish` renames the written file to `path`.
  private let replaces: Bool
  private var buffer = TextBlock(capacity: OutputFile.capacity)
  private static let capacity = 1 << 16

  /// Opens a new file for a path. For nil and `-` it writes to standard output, whose descriptor is `output`.
  init(_ given: String?, or output: Int32) throws(OutputError) {
    guard let given, given != "-" else {
      path = nil
      descriptor = output
      replaces = false
      return
    }
    // Resolves a symbolic link first, so that the link is retained and its target replaced.
    let path = RealPath.of(given)
    self.path = path
    var status = stat()
    let exists = stat(path, &status) == 0
    switch exists ? status.st_mode & S_IFMT : S_IFREG {
    case S_IFREG:
      if Self.isDatabase(path) { throw OutputError(database: path) }
    case S_IFDIR: throw OutputError(path: path, errno: .isDirectory)
    default:
      descriptor = try Self.open(path, O_WRONLY, path)
      replaces = false
      return
    }
    replaces = true
    // `finish` can name a nameless file only through its link in /proc (open(2)).
    let canBeNamed = access("/proc/self/fd", X_OK) == 0
    let unnamed =
      canBeNamed ? Glibc.open(Self.folder(of: path), CLINUX_O_TMPFILE, 0o666) : -1
    if unnamed >= 0 {
      descriptor = unnamed
    } else {
      guard !canBeNamed || errno == EOPNOTSUPP || errno == EISDIR else {
        throw OutputError(path: path, errno: Errno(rawValue: errno))
      }
      let name = Self.temporaryName(path)
      // A killed process that had this PID may have left this file.
      unlink(name)
      descriptor = try Self.open(name, O_WRONLY | O_CREAT | O_EXCL, path)
      temporary = name
    }
    if exists {
      // Only root can change the owner. Group permissions are retained only if the group is.
      let isGiven = fchown(descriptor, status.st_uid, status.st_gid) == 0
      let mode = status.st_mode & (isGiven ? 0o7777 : 0o7707)
      guard fchmod(descriptor, mode) == 0 else { throw failure() }
    }
  }

  /// Writes to an open descriptor, which stays open.
  init(descriptor: Int32) {
    path = nil
    self.descriptor = descriptor
    replaces = false
  }

  deinit {
    guard path != nil else { return }
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  /// Prepares for large output by enlarging a pipe's buffer, so that the writer waits less for the
  /// reader. Has no effect if the output is not a pipe, if the pipe is large enough, or if the user has
  /// too many large pipes (`F_SETPIPE_SZ`, fcntl(2)).
  func expectMuch() {
    let size = fcntl(descriptor, CLINUX_F_GETPIPE_SZ)
    if size >= 0, size < Self.pipeSize { _ = fcntl(descriptor, CLINUX_F_SETPIPE_SZ, Self.pipeSize) }
  }

  /// The default limit for unprivileged users (`/proc/sys/fs/pipe-max-size`, pipe(7)).
  private static let pipeSize: Int32 = 1 << 20

  /// Adds text.
  func write(_ text: String) throws(OutputError) {
    buffer.append(text)
    if buffer.count >= Self.capacity { try flush() }
  }

  /// Writes a block of text without buffering.
  func write(_ block: borrowing TextBlock) throws(OutputError) {
    try flush()
    try put(block.bytes)
  }

  /// Flushes the buffer, and gives a new file its name.
  func finish() throws(OutputError) {
    try flush()
    guard let path, replaces else { return }
    guard fsync(descriptor) == 0 else { throw failure() }
    let name = temporary ?? Self.temporaryName(path)
    if temporary == nil {
      unlink(name)
      // linkat(2) cannot replace a file, so it links the file to a temporary name, and rename(2)
      // replaces the path.
      guard
        linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
      else { throw failure() }
      temporary = name
    }
    guard rename(name, path) == 0 else { throw failure() }
    temporary = nil
  }

  /// Writes the buffered text.
  func flush() throws(OutputError) {
    try put(buffer.bytes)
    buffer.removeAll()
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(
        descriptor, bytes.baseAddress?.advanced(by: rest.startIndex), rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      rest = rest.dropFirst(count)
    }
  }

  private func failure() -> OutputError {
    OutputError(path: path ?? "standard output", errno: Errno(rawValue: errno))
  }

  private static func open(
    _ name: String, _ flags: Int32, _ path: String
  ) throws(OutputError) -> Int32 {
    let descriptor = Glibc.open(name, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw OutputError(path: path, errno: Errno(rawValue: errno)) }
    return descriptor
  }

  /// Whether a path is an SQLite database (fileformat2.html), or has the name of a file beside one,
  /// whether that exists or not. This protects a history from being overwritten by mistake.
  static func isDatabase(_ path: String) -> Bool {
    if ["-journal", "-shm", "-wal"].contains(where: path.hasSuffix) { return true }
    let magic = Array("SQLite format 3\0".utf8)
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: magic.count)
    return read(descriptor, &start, start.count) == start.count && start == magic
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func temporaryName(_ path: String) -> String { "\(path).\(getpid()).part" }
}

/// The error of an output that could not be written.
struct OutputError: Error, CustomStringConvertible {
  let path: String
  let cause: Cause

  enum Cause {
    case system(Errno)
    /// The path is that of a database, or of a file that belongs to one.
    case database
    /// The path is that of a file that is not to be replaced.
    case occupied
    /// gzip(1) is not there, or failed.
    case uncompressed
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

  /// Creates the error of an output that would replace a file.
  init(occupied path: String) {
    self.path = path
    cause = .occupied
  }

  /// Creates the error of an output that gzip(1) did not compress.
  init(uncompressed path: String) {
    self.path = path
    cause = .uncompressed
  }

  /// Whether the write failed because the reader closed the pipe (EPIPE).
  var isBrokenPipe: Bool {
    if case .system(.brokenPipe) = cause { true } else { false }
  }

  var status: Int32 {
    switch cause {
    case .database, .occupied, .uncompressed: ExitStatus.cannotCreate
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
    case .occupied: "cannot write \(path): there is such a file; remove it, or choose another path"
    case .uncompressed:
      "cannot write \(path): gzip(1) is not in the PATH, or failed; install it, or leave --gzip out"
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
