internal import Containers

/// A container as the history knows it: what the path of a control group names.
public struct ContainerRecord: Sendable, Hashable {
  /// Its row; nil in a file that was recorded before containers had rows.
  let row: Int64?
  /// 64 hexadecimal digits, or a name where that is all there is.
  public let id: String
  /// What runs it, such as `docker`; nil where the path does not say.
  public let engine: String?
  /// The uid of its Kubernetes pod; nil for one that is in none.
  public let pod: String?
  /// What its engine calls it; nil where its files did not say when it was met.
  public let name: String?
  /// The image that it was made of; nil where that is not known.
  public let image: String?
  /// The name of its Kubernetes pod; nil where that is not known.
  public let podName: String?
  /// The namespace of Kubernetes that its pod is in, which is none of the kernel's.
  public let podNamespace: String?
  /// Whether it only holds its pod together (`pause`).
  public let isSandbox: Bool
  /// The user whose container it is; nil for root.
  public let owner: Int64?
  /// Whether only root's engine can have made its cgroup; nil where that is not known.
  public let isVerified: Bool?

  /// Whether only its id is known, though engines like its own write names into files: these were not where
  /// such files usually are, nor where the engine's running processes say.
  public var isNameMissing: Bool {
    guard name == nil, row != nil, isVerified != false else { return false }
    return switch engine.map(Engine.init(rawValue:)) {
    case .lxc??, .nspawn??, .machine??, .buildkit??: false
    default: true
    }
  }

  /// Whether nothing but the name of a cgroup, that others than root can give, says that it is a container.
  public var isUnverified: Bool { isVerified == false && name == nil }
}

extension ContainerRecord {
  /// The innermost container that the text of a `/proc/PID/cgroup` names; nil where it names none. What
  /// its engine calls it does not stand there.
  public init?(cgroup text: [UInt8]) {
    guard let innermost = CgroupPlace(text).containers.last else { return nil }
    self.init(
      row: nil, id: SystemText.sanitized(innermost.id), engine: innermost.engine?.rawValue,
      pod: innermost.pod.map(SystemText.sanitized), name: nil, image: nil, podName: nil,
      podNamespace: nil, isSandbox: false, owner: innermost.user.map(Int64.init), isVerified: nil)
  }
}
