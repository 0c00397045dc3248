internal import CLinux
internal import Glibc
internal import SystemPackage

/// Why output could not be written.
struct OutputError: Error, CustomStringConvertible {
  let path: String
  let errno: Errno

  var status: Int32 {
    switch errno {
    case .permissionDenied, .notPermitted: ExitStatus.noPermission
    case .noSuchFileOrDirectory, .notDirectory, .isDirectory, .readOnlyFileSystem:
      ExitStatus.cannotCreate
    default: ExitStatus.inputOutput
    }
  }

  var description: String {
    let remedy =
      switch errno {
      case .noSpace, .diskQuotaExceeded: "make room on the device"
      case .noSuchFileOrDirectory, .notDirectory: "make its folder first"
      case .isDirectory: "give the path of a file in it"
      case .permissionDenied, .notPermitted, .readOnlyFileSystem: "write to another place"
      default: "check the device"
      }
    return "cannot write \(path): \(errno); \(remedy)"
  }
}

/// Standard output, or a file that is there whole or not at all.
///
/// A file has no name until it is whole (`O_TMPFILE`, open(2)), so what is ended in the middle,
/// also by SIGKILL, leaves nothing behind. Where the file system has no such files, a name beside
/// the path is used instead.
final class OutputFile {
  private let path: String?
  private let descriptor: Int32
  private var temporary: String?
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 16

  /// Standard output, or the file to come at `path`.
  init(_ path: String?) throws(OutputError) {
    self.path = path
    buffer.reserveCapacity(Self.capacity)
    guard let path else {
      descriptor = STDOUT_FILENO
      return
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw OutputError(path: path, errno: .isDirectory)
    }
    let unnamed = open(Self.folder(of: path), CLINUX_O_TMPFILE, 0o666)
    if unnamed >= 0 {
      descriptor = unnamed
      return
    }
    guard errno == EOPNOTSUPP || errno == EISDIR else {
      throw OutputError(path: path, errno: Errno(rawValue: errno))
    }
    let name = Self.temporaryName(path)
    descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw OutputError(path: path, errno: Errno(rawValue: errno)) }
    temporary = name
  }

  deinit {
    guard path != nil else { return }
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  /// Adds text.
  func write(_ text: String) throws(OutputError) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.capacity { try flush() }
  }

  /// Writes the rest; gives a file its name.
  func finish() throws(OutputError) {
    try flush()
    guard let path else { return }
    guard fsync(descriptor) == 0 else { throw failure() }
    let name = temporary ?? Self.temporaryName(path)
    if temporary == nil {
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
    var written = 0
    while written < buffer.count {
      let count = buffer.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      written += count
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private func failure() -> OutputError {
    OutputError(path: path ?? "standard output", errno: Errno(rawValue: errno))
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func temporaryName(_ path: String) -> String { "\(path).\(getpid()).part" }
}
