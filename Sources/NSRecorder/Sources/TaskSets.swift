internal import NamespaceBPF
internal import NamespaceModel

/// The namespace sets of all tasks of a pass, each stored once, with the number of tasks that are in it.
struct TaskSets {
  /// A set as a record gives it.
  struct Key: Hashable {
    let namespaces: InlineArray<10, TaskNamespace>
    let hasExited: Bool
    let childrenArePending: Bool

    static func == (one: Key, other: Key) -> Bool {
      one.hasExited == other.hasExited && one.childrenArePending == other.childrenArePending
        && one.namespaces.indices.allSatisfy { one.namespaces[$0] == other.namespaces[$0] }
    }

    func hash(into hasher: inout Hasher) {
      for index in namespaces.indices { hasher.combine(namespaces[index].id) }
      hasher.combine(hasExited)
      hasher.combine(childrenArePending)
    }
  }

  private struct Stored {
    let key: Key
    let links: [LinkState]
    var tasks: Int
  }

  private let supported: Set<NamespaceType>
  private var sets: ContiguousArray<Stored?> = []
  private var free: [Int] = []
  private var indices: [Key: Int] = [:]
  /// By namespace, the number of sets that contain it.
  private var users: [ObservedNamespace: Int] = [:]
  /// The namespaces that have come with sets since `takeNew` was called last.
  private var new: [ObservedNamespace] = []

  /// - Parameter supported: the types of namespaces that the kernel has.
  init(supported: Set<NamespaceType>) { self.supported = supported }

  /// The number of distinct namespaces in all sets.
  var namespaceCount: Int { users.count }

  /// Returns whether a task is in a namespace.
  func contains(_ namespace: ObservedNamespace) -> Bool { users[namespace] != nil }

  /// Returns the namespaces that have come since the last call and are still there.
  mutating func takeNew() -> [ObservedNamespace] {
    defer { new.removeAll() }
    return new.filter { users[$0] != nil }
  }

  /// Returns the links of a set, in the order of `NamespaceLink`.
  func links(_ set: Int) -> [LinkState] { sets[set]?.links ?? [] }

  /// Returns the first link of a set that points at a namespace; nil if none does.
  func link(of set: Int, to namespace: ObservedNamespace) -> NamespaceLink? {
    links(set).firstIndex(of: .namespace(namespace)).flatMap {
      NamespaceLink(rawValue: UInt8($0))
    }
  }

  /// Adds a task to a set, and returns the index of the set; nil if a namespace of a supported type is missing, which
  /// no task is without.
  mutating func join(_ key: Key) -> Int? {
    if let known = indices[key] {
      sets[known]?.tasks += 1
      return known
    }
    guard let links = key.states(supported: supported) else { return nil }
    let index = free.popLast() ?? sets.count
    if index == sets.count { sets.append(nil) }
    sets[index] = Stored(key: key, links: links, tasks: 1)
    indices[key] = index
    for namespace in Self.namespaces(links) {
      users[namespace, default: 0] += 1
      if users[namespace] == 1 { new.append(namespace) }
    }
    return index
  }

  /// Removes a task from a set.
  mutating func leave(_ index: Int) {
    guard let set = sets[index] else { return }
    guard set.tasks == 1 else {
      sets[index]?.tasks -= 1
      return
    }
    for namespace in Self.namespaces(set.links) {
      users[namespace] = users[namespace].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
    indices[set.key] = nil
    sets[index] = nil
    free.append(index)
  }

  private static func namespaces(_ links: [LinkState]) -> Set<ObservedNamespace> {
    Set(
      links.compactMap { if case .namespace(let namespace) = $0 { namespace } else { nil } })
  }
}

extension TaskSets.Key {
  /// Returns the links of the set, in the order of `NamespaceLink`; nil if a namespace of a supported type is missing,
  /// which no task is without.
  ///
  /// - Parameter supported: the types of namespaces that the kernel has.
  func states(supported: Set<NamespaceType>) -> [LinkState]? {
    var states: [LinkState] = []
    for link in NamespaceLink.allCases {
      let namespace = namespaces[Int(link.rawValue)]
      if hasExited, link != .pid, link != .user {
        states.append(.unread(.zombie))
      } else if !supported.contains(link.type) {
        states.append(.unread(.unsupported))
      } else if link == .pidForChildren, childrenArePending {
        states.append(.unread(.pending))
      } else if namespace.inode == 0 || namespace.id == 0 {
        return nil
      } else {
        states.append(.namespace(Self.observed(link.type, namespace)))
      }
    }
    return states
  }

  private static func observed(
    _ type: NamespaceType, _ namespace: TaskNamespace
  ) -> ObservedNamespace {
    ObservedNamespace(
      type: type, inode: UInt64(namespace.inode), kernelID: namespace.id, inodeGeneration: 0,
      isInitial: InitialNamespace.isInitial(
        type, UInt64(namespace.inode), hasKernelID: true, varying: [:]))
  }
}
