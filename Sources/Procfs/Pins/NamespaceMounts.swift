internal import CLinux
internal import Glibc
package import NamespaceModel

/// Looks up the id of a namespace that a mount keeps alive, without a scan for pins. `ip netns add` creates a
/// namespace, mounts it and leaves it within half a millisecond, so that the id cannot be read through the process.
/// The id that is read from the mount distinguishes a task that enters the namespace later from a task that creates
/// another one with the same inode number.
///
/// The lookup covers the mounts of the mount namespace that `MountMonitor` watches. Only one thread at a
/// time may use it.
package final class NamespaceMounts {
  private let root: ProcRoot
  private let monitor: MountMonitor
  private let proof: NamespaceProof
  private var mounts: [Number: [MountInfo.Entry]] = [:]
  private var isStale = true
  private var earliest: BootTime = .min

  private struct Number: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  /// After a read of the mount table, the lookup does not read it again for this many times the duration of
  /// the read.
  private static let restFactor: Int64 = 50

  /// Creates a lookup; nil if the kernel reports no ids, without which a mounted namespace cannot be
  /// distinguished from others, or if the mounts cannot be watched.
  package init?(root: ProcRoot, identity: IdentitySource) {
    guard identity != .continuity, let monitor = MountMonitor(root: root) else { return nil }
    self.root = root
    self.monitor = monitor
    proof = NamespaceProof(source: identity)
  }

  /// Returns the kernel's id of the mounted namespace with this inode number; nil if none is mounted,
  /// or if the id cannot be read now.
  package func id(of type: NamespaceType, _ inode: UInt64) -> UInt64? {
    refresh()
    guard let mounts = mounts[Number(type: type, inode: inode)] else { return nil }
    let top = monitor.openRoot(in: root)
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
    if monitor.hasChanged() { isStale = true }
    guard isStale, let table = monitor.table(in: root) else { return }
    isStale = false
    mounts = Dictionary(grouping: table.entries) { Number(type: $0.type, inode: $0.inode) }
    earliest = start + Self.restFactor * (ClockReading.now().boot - start)
  }
}
