internal import Containers
public import NamespaceModel

/// A process as the history knows it.
public struct ProcessRecord: Sendable, Hashable {
  /// Its row.
  public let id: Int64
  /// The row of its boot.
  public let boot: Int64
  /// The row that says whose PIDs these are.
  let space: Int64
  /// Its PID, as the recorder saw it.
  public let pid: Int64
  /// Of a thread whose namespaces differ from its process's, its number; nil for a process.
  public let tid: Int64?
  /// When it started, in nanoseconds since the epoch, exact to one clock tick; nil if unreadable.
  public let start: Int64?
  /// The same on the boot clock.
  let startBoot: Int64?
  /// Its name, escaped (`SystemText`); nil if unreadable.
  public let comm: String?
  /// The effective user id; nil if unreadable.
  public let uid: Int64?
  /// The PID of its parent when it was first seen.
  public let parentPID: Int64
  /// Whether it is a thread of the kernel's own.
  public let isKernelThread: Bool
  /// Its `/proc/PID/cgroup`, escaped; nil if unreadable.
  public let cgroup: String?
  /// The innermost unit of systemd that its cgroup names, such as `nginx.service`; nil where it names
  /// none.
  public let unit: String?
  /// The innermost container that its cgroup names; nil for a process that is in none.
  public let container: ContainerRecord?
  /// Its PIDs in inner pid namespaces, from that of the recorder inwards; empty where not known.
  let nspid: [Int64]
  /// When the first sample that saw it began; 0 in an answer about a moment, which does not look.
  public internal(set) var firstSeen: Int64
  /// When the last sample that saw it began; 0 in an answer about a moment.
  public internal(set) var lastSeen: Int64
  /// Whether it was still there in the last sample, and the recorder is still running.
  public internal(set) var isOpen: Bool

}

extension ProcessRecord {
  /// The ids of the containers that its cgroup names, the outermost first.
  public var containers: [String] {
    guard container != nil, let cgroup else { return [] }
    return CgroupPlace(SystemText.bytes(cgroup)).containers.map { SystemText.harmless($0.id) }
  }
}

/// A namespace as the history knows it.
public struct NamespaceRecord: Sendable, Hashable {
  /// Its row.
  public let id: Int64
  /// The row of its boot.
  public let boot: Int64
  /// Its type.
  public let type: NamespaceType
  /// Its inode number.
  public let inode: UInt64
  /// The kernel's id; nil where the kernel gave none.
  public let kernelID: UInt64?
  /// Whether the kernel made it at boot; nil when that could not be told.
  public let isInitial: Bool?

  /// Whether this is certainly not `other`. Two rows are two namespaces, unless they share a boot
  /// and an inode number and the kernel gave no id to tell them apart.
  package func differs(from other: NamespaceRecord) -> Bool {
    guard id != other.id else { return false }
    return boot != other.boot || type != other.type || inode != other.inode
      || (kernelID != nil && other.kernelID != nil)
  }
}

/// What the history holds of one link.
public enum LinkValue: Sendable, Hashable {
  /// It led to this namespace.
  case namespace(NamespaceRecord)
  /// It could not be read.
  case unread(UnreadReason)

  /// Whether the link certainly leads elsewhere than it did with `other`. Two rows of one inode number
  /// may be one namespace where the kernel's id of one of them is not known.
  func differs(from other: LinkValue?) -> Bool {
    guard let namespace, let second = other?.namespace else { return self != other }
    return namespace.differs(from: second)
  }

  /// The namespace, if it could be read.
  public var namespace: NamespaceRecord? {
    if case .namespace(let namespace) = self { namespace } else { nil }
  }
}
