internal import CLinux
internal import NamespaceModel

/// Lists the mounts of a mount namespace, given the kernel's id of the namespace (listmount(2),
/// statmount(2)).
enum MountListing {
  /// Returns the mounts of namespace files; nil if the mounts may not be listed.
  static func entries(of mountNamespace: UInt64) -> [MountInfo.Entry]? {
    var entries: [MountInfo.Entry] = []
    var last: UInt64 = 0
    var ids = [UInt64](repeating: 0, count: 512)
    // The buffer holds two paths of the greatest length.
    var texts = [CChar](repeating: 0, count: 16384)
    while true {
      let count = clinux_list_mounts(mountNamespace, last, &ids, ids.count)
      guard count >= 0 else { return nil }
      guard count > 0, count <= ids.count else { return entries }
      for mount in ids.prefix(Int(count)) {
        // A mount that was unmounted meanwhile is skipped.
        if let entry = entry(mountNamespace, mount, &texts) { entries.append(entry) }
        last = max(last, mount)
      }
    }
  }

  private static func entry(
    _ mountNamespace: UInt64, _ mount: UInt64, _ texts: inout [CChar]
  ) -> MountInfo.Entry? {
    texts.withUnsafeMutableBufferPointer { buffer in
      var status = clinux_mount()
      guard
        clinux_stat_mount(mountNamespace, mount, buffer.baseAddress, buffer.count, &status) == 0,
        let type = status.type, let root = status.root, let point = status.point,
        bytes(type, in: buffer).elementsEqual("nsfs".utf8)
      else { return nil }
      let path = bytes(point, in: buffer)
      guard path.first == UInt8(ascii: "/"),
        let (namespace, inode) = LinkText.namespace(in: bytes(root, in: buffer).span)
      else { return nil }
      return MountInfo.Entry(type: namespace, inode: inode, path: path)
    }
  }

  /// Returns the bytes of a text up to its NUL, or up to the end of the buffer.
  private static func bytes(
    _ text: UnsafePointer<CChar>, in buffer: UnsafeMutableBufferPointer<CChar>
  ) -> [UInt8] {
    guard let start = buffer.baseAddress else { return [] }
    let offset = text - UnsafePointer(start)
    return buffer[offset...].prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }
}
