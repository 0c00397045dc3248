internal import CLinux
internal import Glibc
internal import NSHistory
internal import SystemPackage

/// Standard output, or a file that is there whole or not at all.
///
/// A file has no name until it is whole (`O_TMPFILE`, open(2)), so what is ended in the middle
/// leaves nothing behind. Where the file system has no such files, or there is no `/proc`, a name
/// beside the path is used instead, which SIGKILL can leave. What replaces a file takes over its permissions; a link is
/// followed; a device or a FIFO is not replaced but written to.
final class OutputFile {
  private let path: String?
  private let descriptor: Int32
  private var temporary: String?
  /// Whether `path` is to be given to what was written.
  private let replaces: Bool
  private var buffer = TextBlock(capacity: OutputFile.capacity)
  private static let capacity = 1 << 16

  /// Standard output, for nil and `-`, or the file to come at `path`.
  init(_ given: String?) throws(OutputError) {
    guard let given, given != "-" else {
      path = nil
      descriptor = STDOUT_FILENO
      replaces = false
      return
    }
    // A link is to go on leading to the file.
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
    // Only by its link in /proc is a file without a name given one (open(2)).
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
      // One that was killed with this PID may have left it.
      unlink(name)
      descriptor = try Self.open(name, O_WRONLY | O_CREAT | O_EXCL, path)
      temporary = name
    }
    if exists {
      // Only root can give a file away; what the group may do is meant for that group.
      let isGiven = fchown(descriptor, status.st_uid, status.st_gid) == 0
      let mode = status.st_mode & (isGiven ? 0o7777 : 0o7707)
      guard fchmod(descriptor, mode) == 0 else { throw failure() }
    }
  }

  /// An open file that is written to, and stays open.
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

  /// Prepares for much text: a pipe is to hold more than a little, so that its reader need not be
  /// waited for at each block. It stays as it is where it is not a pipe, holds as much, or the user
  /// has too many large ones (`F_SETPIPE_SZ`, fcntl(2)).
  func expectMuch() {
    let size = fcntl(descriptor, CLINUX_F_GETPIPE_SZ)
    if size >= 0, size < Self.pipeSize { _ = fcntl(descriptor, CLINUX_F_SETPIPE_SZ, Self.pipeSize) }
  }

  /// What a user may have by default (`/proc/sys/fs/pipe-max-size`, pipe(7)).
  private static let pipeSize: Int32 = 1 << 20

  /// Adds text.
  func write(_ text: String) throws(OutputError) {
    buffer.append(text)
    if buffer.count >= Self.capacity { try flush() }
  }

  /// Adds a block of text, which goes out at once.
  func write(_ block: borrowing TextBlock) throws(OutputError) {
    try flush()
    try put(block.bytes)
  }

  /// Writes the rest; gives a file its name.
  func finish() throws(OutputError) {
    try flush()
    guard let path, replaces else { return }
    guard fsync(descriptor) == 0 else { throw failure() }
    let name = temporary ?? Self.temporaryName(path)
    if temporary == nil {
      unlink(name)
      // linkat(2) does not replace, so a name beside it comes first, and rename(2) then does.
      guard
        linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
      else { throw failure() }
      temporary = name
    }
    guard rename(name, path) == 0 else { throw failure() }
    temporary = nil
  }

  private func flush() throws(OutputError) {
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

  /// Whether a file is of SQLite (fileformat2.html): a database, or by its name one that belongs to
  /// one, be it there or not. A history is not to be lost to a slip of the hand.
  private static func isDatabase(_ path: String) -> Bool {
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
