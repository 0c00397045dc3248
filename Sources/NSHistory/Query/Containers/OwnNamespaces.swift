internal import NamespaceModel

/// The namespaces of containers that no other container has: who is in one of them is in that container,
/// or came into it from outside (nsenter(1), a debugger, a runtime).
///
/// A user namespace says nothing: every container of one user without root may have the same. The
/// containers of a pod share theirs, and count as one.
struct OwnNamespaces {
  private var owners: [Int64: [String: ContainerRecord]] = [:]

  /// What containers count as one: a pod, or a container with those inside it.
  static func group(of description: RecordedDescription) -> String? {
    guard let container = description.container else { return nil }
    return container.pod ?? description.containers.first ?? container.id
  }

  /// Whether a namespace of this type can be a container's own.
  static func counts(_ namespace: NamespaceRecord) -> Bool {
    namespace.type != .user && namespace.isInitial == false
  }

  /// A process with this description was in a namespace. Only one whose own cgroup was read says of which
  /// container that is.
  mutating func add(_ namespace: NamespaceRecord, _ description: RecordedDescription) {
    guard !description.hasInheritedCgroup, let container = description.container,
      let group = Self.group(of: description), Self.counts(namespace)
    else { return }
    owners[namespace.id, default: [:]][group] = container
  }

  /// The container whose own namespace it is, where that is one.
  func owner(of namespace: NamespaceRecord) -> (group: String, container: ContainerRecord)? {
    guard let all = owners[namespace.id], all.count == 1, let one = all.first else { return nil }
    return (one.key, one.value)
  }

  /// The container that a process with this description was in by its namespaces, if its cgroup does not
  /// say so.
  func entered(
    _ namespaces: [NamespaceRecord], _ description: RecordedDescription
  ) -> EnteredContainer? {
    let own = Self.group(of: description)
    for namespace in namespaces {
      guard let owner = owner(of: namespace), owner.group != own || description.hasInheritedCgroup
      else { continue }
      if owner.group == own { return nil }
      return EnteredContainer(
        container: owner.container, isOutside: !description.hasInheritedCgroup)
    }
    return nil
  }
}

/// A container that a process was in by its namespaces, and not by its cgroup.
public struct EnteredContainer: Sendable, Hashable {
  /// The container.
  public let container: ContainerRecord
  /// Whether the process came from outside: its own cgroup, which was read, is not the container's.
  /// Otherwise nobody read its cgroup, and it may be one of the container's own.
  public let isOutside: Bool
}
