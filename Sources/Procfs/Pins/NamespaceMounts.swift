internal import CLinux
internal import Glibc
package import NamespaceModel

/// Looks up, without a scan for pins, whether a mount keeps a namespace: `ip netns add` makes one,
/// mounts it and leaves it within half a millisecond, and whoever enters it then is told from one who
/// makes another by the id that was read between the two.
///
/// Sees the mounts of the mount namespace that `MountWatch` watches. To be used by one thread at a time.
package final class NamespaceMounts {
  private let root: ProcRoot
  private let watch: MountWatch
  private let proof: NamespaceProof
  private var mounts: [Number: [MountInfo.Entry]] = [:]
  private var isStale = true
  private var earliest: Int64 = .min

  private struct Number: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  /// The mounts are not read again before this many times the time has passed that it took.
  private static let restFactor: Int64 = 50

  /// Nil where the kernel gives no ids, which alone would tell one namespace from another, or where
  /// the mounts cannot be watched.
  package init?(root: ProcRoot, identity: IdentitySource) {
    guard identity != .continuity, let watch = MountWatch(root: root) else { return nil }
    self.root = root
    self.watch = watch
    proof = NamespaceProof(source: identity)
  }

  /// The kernel's id of the namespace of this number that is mounted somewhere; nil where none is, or
  /// where it cannot be read now.
  package func id(of type: NamespaceType, _ inode: UInt64) -> UInt64? {
    refresh()
    guard let mounts = mounts[Number(type: type, inode: inode)] else { return nil }
    let top = watch.openRoot(in: root)
    guard top >= 0 else { return nil }
    defer { close(top) }
    for mount in mounts {
      let file = mount.open(below: top)
      guard file >= 0 else { continue }
      defer { close(file) }
      if case .proven(let id?) = proof.ask(file, type, inode) { return id }
    }
    return nil
  }

  private func refresh() {
    let start = ClockReading.now().boot
    guard start >= earliest else { return }
    if watch.hasChanged() { isStale = true }
    guard isStale, let table = watch.table(in: root) else { return }
    isStale = false
    mounts = Dictionary(grouping: table.entries) { Number(type: $0.type, inode: $0.inode) }
    earliest = start + Self.restFactor * (ClockReading.now().boot - start)
  }
}
