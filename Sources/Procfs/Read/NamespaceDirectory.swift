internal import CLinux
internal import Glibc
internal import SystemPackage

/// Opens `/proc/PID/ns` with `O_PATH`. The open directory always refers to the same process, even after the kernel
/// reuses the PID, and keeps no namespace alive. The other files of the process can be reached by `..`.
enum NamespaceDirectory {
  /// The result of opening the directory.
  enum Opening {
    case opened(Int32)
    case gone
    case denied
  }

  static func open(_ pid: Int32, in root: ProcRoot) throws(ProcfsError) -> Opening {
    try open("\(pid)", in: root.descriptor, of: root)
  }

  /// - Parameters:
  ///   - folder: the path of the directory of a process or thread, relative to `start`.
  ///   - start: the descriptor of the root, or of the `task` directory of a process.
  static func open(
    _ folder: String, in start: Int32, of root: ProcRoot
  ) throws(ProcfsError) -> Opening {
    let directory = openat(start, "\(folder)/ns", CLINUX_O_PATH_DIRECTORY)
    if directory >= 0 { return .opened(directory) }
    let errno = Errno.last
    if errno.isGone { return .gone }
    if errno.isDenied { return .denied }
    throw ProcfsError(operation: "open", path: "\(root.path)/\(folder)/ns", cause: .system(errno))
  }
}
