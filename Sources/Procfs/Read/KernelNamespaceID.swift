internal import CLinux
internal import Glibc
internal import SystemPackage

/// The way in which the recorder distinguishes a namespace from an earlier one that had the same inode number: by the
/// kernel's id of the namespace, which some kernels report, or by continuity.
package enum IdentitySource: String, Sendable, Hashable, CaseIterable {
  /// By id: `name_to_handle_at(2)` on the link returns the id and the inode number in one call, and opens
  /// no file (Linux 6.18).
  case fileHandle = "name_to_handle_at"
  /// By id: `NS_GET_ID` of `ioctl_nsfs(2)` on the opened link returns it (Linux 6.18).
  case ioctl = "NS_GET_ID"
  /// By continuity, without an id: an inode number denotes one namespace only as long as some process is
  /// observed to stay in it.
  case continuity = "continuity"

  /// Returns the best way that works on `root`; tries each on one of the reader's own links.
  package static func probe(_ root: ProcRoot) -> IdentitySource {
    let directory = root.openOwnNamespaces()
    guard directory >= 0 else { return .continuity }
    defer { close(directory) }
    for source in [IdentitySource.fileHandle, .ioctl] {
      // Every kernel that has either call has net namespaces.
      if case .success = NamespaceFile.identify("net", in: directory, by: source) { return source }
    }
    return .continuity
  }
}

/// Reads the inode number and the kernel's id of a namespace through a link. Both are of the same namespace, even if
/// the process moves to another one meanwhile.
enum NamespaceFile {
  struct Identity: Hashable {
    var inode: UInt64
    var id: UInt64
  }

  static func identify(
    _ link: StaticString, in directory: Int32, by source: IdentitySource
  ) -> Result<Identity, Errno> {
    identify(
      UnsafeRawPointer(link.utf8Start).assumingMemoryBound(to: CChar.self), in: directory,
      by: source)
  }

  static func identify(
    _ name: UnsafePointer<CChar>, in directory: Int32, by source: IdentitySource
  ) -> Result<Identity, Errno> {
    switch source {
    case .fileHandle:
      var handle = clinux_namespace_handle()
      guard clinux_namespace_handle(directory, name, &handle) == 0 else { return .failure(.last) }
      return .success(Identity(inode: UInt64(handle.inode), id: handle.id))
    case .ioctl:
      // An open file keeps the namespace alive, so the file is open only during these calls.
      let file = openat(directory, name, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return .failure(.last) }
      defer { close(file) }
      var status = stat()
      var id: UInt64 = 0
      guard fstat(file, &status) == 0, clinux_namespace_id(file, &id) == 0 else {
        return .failure(.last)
      }
      return .success(Identity(inode: UInt64(status.st_ino), id: id))
    case .continuity:
      return .failure(.notSupported)
    }
  }
}
