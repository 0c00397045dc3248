// Mounts of namespace files that the scanner cannot open to read the kernel id of their namespace:
// another mount covers them, their path is not safe to walk, or no process is in their mount namespace.
// If the scanner knew an id for the inode number of a mount before it read the mount table, and the
// namespace with that id still exists afterwards, the mount is of that namespace.

internal import NamespaceModel

/// The mounts of namespace files that a scan could not open.
struct HiddenMounts {
  struct Mount {
    let entry: MountInfo.Entry
    /// The inode number of the mount namespace whose table lists the mount.
    let table: UInt64
    let mountNamespace: ObservedNamespace?
    /// The number of the table read (`PinIdentities.step`) that listed the mount.
    let step: UInt64
  }

  var mounts: [Mount] = []

  /// Returns the inode numbers of the mount namespaces whose mount tables have to be read again: such a table lists
  /// a namespace whose id became known only after the table was read.
  func tablesToReadAgain(_ names: PinIdentities) -> Set<UInt64> {
    Set(
      mounts.lazy.filter { names.hasIDOnlySince($0.step, $0.entry.type, $0.entry.inode) }
        .map(\.table))
  }

  /// Drops the mounts of one mount namespace.
  mutating func forget(_ table: UInt64) { mounts.removeAll { $0.table == table } }
}
