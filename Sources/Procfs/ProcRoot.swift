internal import CLinux
internal import Glibc
package import SystemPackage

/// An open `/proc`, or a directory in its form: where every other read starts.
///
/// All reads are relative to its descriptor, so a test can lay down a tree of its own.
package final class ProcRoot {
  /// The path it was opened by.
  package let path: String
  let descriptor: Int32
  /// Whether it is the kernel's own, and not a tree in its form.
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

  /// The proc of the running kernel, to ask it of what is now: a folder that merely is called `/proc`
  /// would say that no process is running.
  package static func live() throws(ProcfsError) -> ProcRoot {
    let root = try ProcRoot()
    guard root.isProc else {
      throw ProcfsError(operation: "read", path: root.path, cause: .notProc)
    }
    try root.requireReader()
    return root
  }

  /// Throws where the kernel's proc does not show the reader's own namespaces: which types there are
  /// would not be known.
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

  /// The path with no link in it; as it was given where that cannot be found out.
  package var realPath: String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// The text of a file below the root, or why there is none.
  package func read(_ name: String) -> Result<[UInt8], Errno> {
    SmallFile.read(name, in: descriptor)
  }

  /// The name of the machine: `/proc/sys/kernel/hostname` (`proc_sys_kernel(5)`), as the uts namespace of the
  /// reader has it; nil when it cannot be read.
  package func hostName() -> [UInt8]? {
    guard case .success(let text) = read("sys/kernel/hostname") else { return nil }
    let name = text.prefix { $0 != 0x0A }
    return name.isEmpty ? nil : Array(name)
  }

  /// The boot's own name: `/proc/sys/kernel/random/boot_id` (`random(4)`).
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
}
