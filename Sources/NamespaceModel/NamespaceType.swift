/// The eight types of Linux namespace, spelled as in `/proc/PID/ns`.
///
/// See `namespaces(7)`. The raw value is the code stored in a history file: it never changes.
public enum NamespaceType: UInt8, CaseIterable, Sendable, Hashable {
  case cgroup = 1
  case ipc = 2
  case mnt = 3
  case net = 4
  case pid = 5
  case time = 6
  case user = 7
  case uts = 8

  /// The type's name; the same as `description`.
  package var name: String { description }

  /// The type with this name, or nil when there is none.
  package init?(name: some StringProtocol) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// The link to the namespace of this type that a process *is* in.
  public var link: NamespaceLink {
    switch self {
    case .cgroup: .cgroup
    case .ipc: .ipc
    case .mnt: .mnt
    case .net: .net
    case .pid: .pid
    case .time: .time
    case .user: .user
    case .uts: .uts
    }
  }
}

extension NamespaceType {
  /// The link to the namespace of this type that children of the process will be in.
  public var linkForChildren: NamespaceLink {
    switch self {
    case .pid: .pidForChildren
    case .time: .timeForChildren
    default: link
    }
  }
}

extension NamespaceType: CustomStringConvertible {
  /// The type's name, as in `/proc/PID/ns` and in `net:[4026531840]`.
  public var description: String { "\(link.fileName)" }
}
