internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Proves that a file is the namespace that the text of a link names, and reads the kernel's id of the
/// namespace.
///
/// The proof opens no file for reading unless the file is in nsfs, the kernel's file system of namespaces, because
/// opening a device or a FIFO has side effects.
struct NamespaceProof {
  /// The result of a proof.
  enum Answer: Equatable {
    /// The file is the namespace; `id` is the kernel's id if there is one.
    case proven(id: UInt64?)
    /// The file is another one.
    case other
    case failed(Errno)
  }

  let source: IdentitySource

  /// Checks the target of a magic link of proc, such as `fd/3`.
  func ask(
    _ name: String, in directory: Int32, _ type: NamespaceType, _ inode: UInt64
  ) -> Answer {
    if source == .fileHandle {
      var handle = clinux_namespace_handle()
      guard clinux_namespace_handle(directory, name, &handle) == 0 else {
        return Errno.last == .notSupported ? .other : .failed(.last)
      }
      return Self.answer(handle, type, inode)
    }
    let file = openat(directory, name, CLINUX_O_PATH)
    guard file >= 0 else { return .failed(.last) }
    defer { close(file) }
    return ask(file, type, inode)
  }

  /// Checks a file that is open with `O_PATH`.
  func ask(_ file: Int32, _ type: NamespaceType, _ inode: UInt64) -> Answer {
    switch source {
    case .fileHandle:
      var handle = clinux_namespace_handle()
      guard clinux_file_namespace_handle(file, &handle) == 0 else {
        return Errno.last == .notSupported ? .other : .failed(.last)
      }
      return Self.answer(handle, type, inode)
    case .ioctl, .continuity:
      var status = stat()
      guard clinux_is_nsfs(file), fstat(file, &status) == 0, UInt64(status.st_ino) == inode else {
        return .other
      }
      if source == .continuity { return .proven(id: nil) }
      let identity = Self.withReopened(file) { file -> RelationReader.Identity? in
        // The inode number may have belonged to a namespace of another type before.
        guard clinux_namespace_flag(file) == type.cloneFlag else { return nil }
        return RelationReader.identify(file, by: source)
      }
      switch identity {
      // The file may not be opened, so the id stays unknown. The inode number in nsfs proves the namespace.
      case .none: return .proven(id: nil)
      case .some(.none): return .other
      case .some(.some(let identity)): return .proven(id: identity.id)
      }
    }
  }

  private static func answer(
    _ handle: clinux_namespace_handle, _ type: NamespaceType, _ inode: UInt64
  ) -> Answer {
    let isIt = UInt64(handle.inode) == inode && Int32(bitPattern: handle.type) == type.cloneFlag
    return isIt ? .proven(id: handle.id) : .other
  }

  /// Opens a namespace file, given a descriptor that was opened with `O_PATH`, while `body` runs. Closes it
  /// afterwards, because an open file keeps the namespace alive. Returns nil if the file is not in nsfs, or
  /// if it may not be opened, with `errno` set.
  @discardableResult
  static func withReopened<Result>(_ file: Int32, _ body: (Int32) -> Result) -> Result? {
    guard clinux_is_nsfs(file) else { return nil }
    let opened = open("/proc/thread-self/fd/\(file)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard opened >= 0 else { return nil }
    defer { close(opened) }
    return body(opened)
  }
}

extension NamespaceType {
  /// The type with this `CLONE_NEW*` flag; nil if there is none.
  init?(cloneFlag: Int32) {
    guard let type = Self.allCases.first(where: { $0.cloneFlag == cloneFlag }) else { return nil }
    self = type
  }

  /// `CLONE_NEW*` of `linux/sched.h`.
  var cloneFlag: Int32 {
    switch self {
    case .cgroup: 0x0200_0000
    case .ipc: 0x0800_0000
    case .mnt: 0x0002_0000
    case .net: 0x4000_0000
    case .pid: 0x2000_0000
    case .time: 0x80
    case .user: 0x1000_0000
    case .uts: 0x0400_0000
    }
  }
}
