internal import CLinux
internal import Glibc
package import NamespaceModel
package import SystemPackage

/// A root: an open `/proc`, or a directory tree of the same form, which a test can use in its place. All reads of
/// processes start at its descriptor. The reader is the process that reads it, such as the recorder.
package final class ProcRoot {
  /// The path by which the root was opened.
  package let path: String
  let descriptor: Int32
  /// Whether the root is a real proc file system, and not a directory tree of the same form.
  package let isProc: Bool

  /// Opens `path`.
  package init(path: String = "/proc") throws(ProcfsError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ProcfsError(operation: "open", path: path, cause: .system(.last))
    }
    self.path = path
    isProc = clinux_is_proc(descriptor)
  }

  deinit { close(descriptor) }

  /// Opens the proc of the running kernel, to read the present state. Throws if `/proc` is an ordinary
  /// directory, which would appear to show that no process is running.
  package static func live() throws(ProcfsError) -> ProcRoot {
    let root = try ProcRoot()
    guard root.isProc else {
      throw ProcfsError(operation: "read", path: root.path, cause: .notProc)
    }
    try root.requireReader()
    return root
  }

  /// Throws if a proc file system does not show the reader's own namespaces: without them, the types that
  /// the kernel supports would be unknown.
  package func requireReader() throws(ProcfsError) {
    guard isProc else { return }
    let directory = openOwnNamespaces()
    guard directory < 0 else {
      close(directory)
      return
    }
    let errno = Errno.last
    throw ProcfsError(
      operation: "read", path: "\(path)/self/ns",
      cause: errno == .noSuchFileOrDirectory ? .withoutReader : .system(errno))
  }

  /// The path with all symbolic links resolved; the original path if they cannot be resolved.
  package var realPath: String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// Reads a file below the root, or returns the error.
  package func read(_ name: String) -> Result<[UInt8], Errno> {
    SmallFile.read(name, in: descriptor)
  }

  /// Returns the host name: `/proc/sys/kernel/hostname` (`proc_sys_kernel(5)`), which is that of the
  /// reader's uts namespace; nil if it cannot be read.
  package func hostName() -> [UInt8]? {
    guard case .success(let text) = read("sys/kernel/hostname") else { return nil }
    let name = text.prefix { $0 != 0x0A }
    return name.isEmpty ? nil : Array(name)
  }

  /// Returns the id of this boot: `/proc/sys/kernel/random/boot_id` (`random(4)`).
  package func bootID() throws(ProcfsError) -> String {
    let name = "sys/kernel/random/boot_id"
    let text: ArraySlice<UInt8>
    switch read(name) {
    case .success(let read): text = read.prefix { $0 != 0x0A }
    case .failure(.noSuchFileOrDirectory) where isProc:
      throw ProcfsError(operation: "read", path: "\(path)/\(name)", cause: .processesOnly)
    case .failure(let errno):
      throw ProcfsError(operation: "read", path: "\(path)/\(name)", cause: .system(errno))
    }
    guard text.count == 36, text.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw ProcfsError(operation: "read", path: "\(path)/\(name)", cause: .malformed)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Returns the number of namespaces of a type that each user may create:
  /// `/proc/sys/user/max_net_namespaces` and its like (`namespaces(7)`), as set in the reader's own
  /// user namespace. Nil if the kernel has no such limit, or if it may not be read.
  package func limit(of type: NamespaceType) -> Int64? {
    guard case .success(let text) = read("sys/user/max_\(type)_namespaces") else { return nil }
    return Int64(String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self))
  }
}
