public import NamespaceModel

/// The inode numbers of the namespaces of a task, as a record has them: of all types but time.
public struct NamespaceInodes: Sendable, Hashable {
  // In the order of the kernel's NET_NS_INDEX and its like (linux/perf_event.h). 0 is none.
  private var net: UInt64 = 0
  private var uts: UInt64 = 0
  private var ipc: UInt64 = 0
  private var pid: UInt64 = 0
  private var user: UInt64 = 0
  private var mnt: UInt64 = 0
  private var cgroup: UInt64 = 0

  /// Those of a record with none in it.
  init() {}

  /// Those of some types.
  public init(_ inodes: [NamespaceType: UInt64]) {
    for (type, inode) in inodes { self[type] = inode }
  }

  /// The number of a type; nil of time, and where the kernel has no such type.
  public subscript(type: NamespaceType) -> UInt64? {
    get {
      let inode: UInt64 =
        switch type {
        case .net: net
        case .uts: uts
        case .ipc: ipc
        case .pid: pid
        case .user: user
        case .mnt: mnt
        case .cgroup: cgroup
        case .time: 0
        }
      return inode == 0 ? nil : inode
    }
    set {
      let inode = newValue ?? 0
      switch type {
      case .net: net = inode
      case .uts: uts = inode
      case .ipc: ipc = inode
      case .pid: pid = inode
      case .user: user = inode
      case .mnt: mnt = inode
      case .cgroup: cgroup = inode
      case .time: break
      }
    }
  }

  /// Takes over the number at a place of a record; what is behind those that are known is left out.
  mutating func set(_ inode: UInt64, at place: Int) {
    switch place {
    case 0: net = inode
    case 1: uts = inode
    case 2: ipc = inode
    case 3: pid = inode
    case 4: user = inode
    case 5: mnt = inode
    case 6: cgroup = inode
    default: break
    }
  }
}
