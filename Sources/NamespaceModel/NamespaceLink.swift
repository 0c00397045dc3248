/// One entry of `/proc/PID/ns`: the eight types, and two that say where *children* will go.
///
/// `pid_for_children` and `time_for_children` name a namespace of type pid or time that is not
/// the process's own (`namespaces(7)`). The raw value is the code kept in a history file, and
/// the place of the link in a namespace set: it never changes.
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

  /// How many links there are: the length of a namespace set.
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
