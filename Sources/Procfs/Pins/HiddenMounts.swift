// Mounts that cannot be reached to ask their namespace for its id: another mount lies over them,
// the way there is not safe, or nobody is in their mount namespace. If their number has an id
// already when their table is read, and the namespace of that id is in being after, it is theirs.

internal import CLinux
internal import NamespaceModel

/// The mounts of a scan that could not be reached.
struct HiddenMounts {
  struct Mount {
    let entry: MountInfo.Entry
    /// The inode number of the mount namespace.
    let table: UInt64
    let place: ObservedNamespace?
    /// When its table was read.
    let step: UInt64
  }

  var mounts: [Mount] = []

  /// Mount namespaces in which a number is whose id came to light only after their table was read.
  func tablesToReadAgain(_ names: PinNames) -> Set<UInt64> {
    Set(
      mounts.lazy.filter { names.hasIDOnlySince($0.step, $0.entry.type, $0.entry.inode) }
        .map(\.table))
  }

  /// Forgets those of one mount namespace.
  mutating func forget(_ table: UInt64) { mounts.removeAll { $0.table == table } }
}

extension PinScanner {
  /// Tells the mounts that could not be reached, with an id where that is proven.
  func settleHidden() {
    for mount in hidden.mounts {
      let (type, inode) = (mount.entry.type, mount.entry.inode)
      var id = names.idBefore(mount.step, type, inode)
      if let known = id, !clinux_namespace_lives(known, type.cloneFlag, inode) { id = nil }
      add(
        NamespacePin(
          namespace: names.name(type, inode, id: id),
          holder: .mount(path: mount.entry.path, in: mount.place)))
    }
    hidden.mounts.removeAll()
  }
}
