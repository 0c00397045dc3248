internal import CLinux
internal import Glibc
package import NamespaceModel
package import SystemPackage

/// The namespace that a path leads to now, such as `/proc/123/ns/net`, or a mount of ip-netns(8).
package struct NamespacePath: Sendable, Hashable {
  /// The type of the namespace.
  package let type: NamespaceType
  /// Its inode number.
  package let inode: UInt64
  /// The kernel's id; nil before Linux 6.18.
  package let kernelID: UInt64?

  /// Why a path leads to no namespace.
  package enum Failure: Error, Sendable, Hashable {
    /// The path cannot be opened.
    case open(Errno)
    /// The file is no namespace, as the mount point of a namespace that was unmounted.
    case notANamespace
  }

  /// Looks a path up. The file is open only meanwhile, because an open file keeps the namespace alive.
  package init(_ path: String) throws(Failure) {
    let file = open(path, CLINUX_O_PATH)
    guard file >= 0 else { throw .open(.last) }
    defer { close(file) }
    guard clinux_is_nsfs(file) else { throw .notANamespace }
    var handle = clinux_namespace_handle()
    if clinux_file_namespace_handle(file, &handle) == 0 {
      guard let type = NamespaceType(cloneFlag: Int32(bitPattern: handle.type)) else {
        throw .notANamespace
      }
      self.init(type: type, inode: UInt64(handle.inode), kernelID: handle.id)
      return
    }
    let found = NamespaceProof.withReopened(file) { file -> NamespacePath? in
      var status = stat()
      guard fstat(file, &status) == 0,
        let type = NamespaceType(cloneFlag: clinux_namespace_flag(file))
      else { return nil }
      return NamespacePath(type: type, inode: UInt64(status.st_ino), kernelID: nil)
    }
    guard let found else { throw .open(.last) }
    guard let found else { throw .notANamespace }
    self = found
  }

  private init(type: NamespaceType, inode: UInt64, kernelID: UInt64?) {
    self.type = type
    self.inode = inode
    self.kernelID = kernelID
  }
}
