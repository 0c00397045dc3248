// Finds namespaces that were opened by the path of a mount (`/run/netns/NAME`).
//
// The link of such a descriptor reads as that path. After the mount is gone (`ip netns delete NAME`),
// the link reads as `/`, like that of an open root directory.

internal import CLinux
internal import Glibc
internal import NamespaceModel

extension PinScanner {
  /// Returns the namespace that an open file is, for a descriptor whose link reads as the path of a mount or
  /// as `/`; nil if the file is anything else.
  func fileOfMount(
    _ number: Int32, in folder: Int32, _ process: PinProcess
  ) -> (NamespaceType, UInt64)? {
    guard root.isProc, hasNamespaceInode(number, process) else { return nil }
    if identity == .fileHandle {
      var handle = clinux_namespace_handle()
      guard clinux_namespace_handle(folder, "\(number)", &handle) == 0 else { return nil }
      return NamespaceType(cloneFlag: Int32(bitPattern: handle.type)).map {
        ($0, UInt64(handle.inode))
      }
    }
    let file = openat(folder, "\(number)", CLINUX_O_PATH)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return NamespaceProof.withReopened(file) { file -> (NamespaceType, UInt64)? in
      guard let inode = RelationReader.identify(file, by: .continuity)?.inode,
        let type = NamespaceType(cloneFlag: clinux_namespace_flag(file))
      else { return nil }
      return (type, inode)
    } ?? nil
  }

  /// Returns whether `/proc/PID/fdinfo` reports an inode number of an open file that a namespace may
  /// have (`include/uapi/linux/nsfs.h`, `proc_alloc_inum`). The kernel reports this number without a
  /// request to the file system; such a request would block on the root directory of a dead server.
  /// Before Linux 5.14 the kernel does not report it.
  private func hasNamespaceInode(_ number: Int32, _ process: PinProcess) -> Bool {
    guard case .success(let text) = SmallFile.read("fdinfo/\(number)", in: process.directory),
      let line = text.split(separator: UInt8(ascii: "\n")).first(where: {
        $0.starts(with: "ino:".utf8)
      }),
      let inode = UInt64(
        String(decoding: line.dropFirst(4).drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self))
    else { return false }
    return (0xEFFF_FF00...0xFFFF_FFFF).contains(inode)
  }
}
