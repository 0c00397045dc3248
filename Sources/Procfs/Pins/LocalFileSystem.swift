/// Types of file system on which no server and no other process can make a walk wait.
enum LocalFileSystem {
  /// To go to the root of another process can ask the file system whether that root is still
  /// valid, for which one of a network or of FUSE may wait for ever. What is not known to be local
  /// is taken for such a one. Layers of an overlay are the host's own, as a rule.
  private static let names: Set<String> = [
    "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "nilfs2",
    "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "udf", "vfat", "xfs",
    "zfs",
  ]

  /// Whether a type in a table of mounts is one of them.
  static func contains(_ type: [UInt8]) -> Bool {
    names.contains(String(decoding: type, as: UTF8.self))
  }
}
