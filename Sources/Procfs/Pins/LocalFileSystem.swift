/// The types of file system on which neither a server nor another process can delay a path walk.
enum LocalFileSystem {
  /// A walk to the root directory of another process can make the kernel ask the file system whether
  /// that root is still valid. A network file system or FUSE may never answer. Every type that is not
  /// in this list is treated as such a file system. The layers of an overlay are usually local to the
  /// host.
  private static let names: Set<String> = [
    "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "nilfs2",
    "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "udf", "vfat", "xfs",
    "zfs",
  ]

  /// Returns whether a file system type in a mount table is one of these.
  static func contains(_ type: [UInt8]) -> Bool {
    names.contains(String(decoding: type, as: UTF8.self))
  }
}
