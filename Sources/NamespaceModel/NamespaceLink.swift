/// One of the ten entries of `/proc/PID/ns`: a link for each of the eight types, and two links for the namespaces of
/// future *children*.
///
/// `pid_for_children` and `time_for_children` point at the pid or time namespace that the process's
/// children will be in, which may differ from its own (`namespaces(7)`). A namespace set is the list of the ten links
/// of a process. The raw value is the code stored in a history file and the index of the link in a namespace set: it
/// never changes.
public enum NamespaceLink: UInt8, CaseIterable, Sendable, Hashable {
  case cgroup = 0
  case ipc = 1
  case mnt = 2
  case net = 3
  case pid = 4
  case pidForChildren = 5
  case time = 6
  case timeForChildren = 7
  case user = 8
  case uts = 9

  /// The number of links, which is the length of a namespace set.
  public static let count = allCases.count

  /// The type of the namespace the link points at.
  public var type: NamespaceType {
    switch self {
    case .cgroup: .cgroup
    case .ipc: .ipc
    case .mnt: .mnt
    case .net: .net
    case .pid, .pidForChildren: .pid
    case .time, .timeForChildren: .time
    case .user: .user
    case .uts: .uts
    }
  }

  /// The name of the entry in `/proc/PID/ns`.
  public var fileName: StaticString {
    switch self {
    case .cgroup: "cgroup"
    case .ipc: "ipc"
    case .mnt: "mnt"
    case .net: "net"
    case .pid: "pid"
    case .pidForChildren: "pid_for_children"
    case .time: "time"
    case .timeForChildren: "time_for_children"
    case .user: "user"
    case .uts: "uts"
    }
  }
}
