package import NamespaceModel

/// The inode numbers of the namespaces that one kernel record reports, stored inline.
///
/// The kernel's record holds seven of the eight types, all but the time namespace (`perf_event_open(2)`,
/// "PERF_RECORD_NAMESPACES").
package struct NamespaceInodes: Sendable, Hashable {
  // The inode numbers; 0 stands for a type that the record does not hold.
  private var cgroup: UInt64 = 0
  private var ipc: UInt64 = 0
  private var mnt: UInt64 = 0
  private var net: UInt64 = 0
  private var pid: UInt64 = 0
  private var user: UInt64 = 0
  private var uts: UInt64 = 0

  /// No namespaces.
  init() {}

  /// Creates a value from inode numbers by type. Ignores the time namespace, and inode numbers of 0.
  package init(_ inodes: [NamespaceType: UInt64]) {
    for (type, inode) in inodes { set(type, inode) }
  }

  /// The inode number of the namespace of a type, as in the link of `/proc/PID/ns`.
  ///
  /// Nil for time, and for a type that the kernel does not support.
  package subscript(type: NamespaceType) -> UInt64? {
    let inode =
      switch type {
      case .cgroup: cgroup
      case .ipc: ipc
      case .mnt: mnt
      case .net: net
      case .pid: pid
      case .user: user
      case .uts: uts
      case .time: UInt64(0)
      }
    return inode == 0 ? nil : inode
  }

  @inline(__always)
  mutating func set(_ type: NamespaceType, _ inode: UInt64) {
    switch type {
    case .cgroup: cgroup = inode
    case .ipc: ipc = inode
    case .mnt: mnt = inode
    case .net: net = inode
    case .pid: pid = inode
    case .user: user = inode
    case .uts: uts = inode
    case .time: break
    }
  }
}
