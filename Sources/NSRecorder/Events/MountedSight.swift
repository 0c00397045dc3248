internal import NamespaceModel

/// A mount that kept a namespace at some moment: what has the inode number was the one with this id.
struct MountedSight {
  let type: NamespaceType
  let inode: UInt64
  let id: UInt64
  /// A moment by which that had been read, on the boot clock.
  let time: Int64

  /// An event is written a moment after what it tells has been done. Only a later one surely tells of
  /// something that was done after a sight.
  static let delay: Int64 = 1_000_000
}
