internal import Glibc
internal import SystemPackage

/// What is at a path, asked of the file system.
enum FileStatus {
  case file(size: Int64), directory, missing, unreachable(Errno)
  /// A device, a FIFO or a socket.
  case special

  static func of(_ path: String) -> FileStatus {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let failure = Errno(rawValue: errno)
      return failure == .noSuchFileOrDirectory ? .missing : .unreachable(failure)
    }
    return switch status.st_mode & S_IFMT {
    case S_IFDIR: .directory
    case S_IFREG: .file(size: Int64(status.st_size))
    default: .special
    }
  }
}
