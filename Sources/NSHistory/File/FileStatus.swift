internal import Glibc
internal import SystemPackage

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
