internal import NamespaceModel
internal import SQLite

/// The namespaces that are a container's own: who is in one of them, and whose own cgroup is not the container's,
/// came into it from outside (nsenter(1), a debugger, a runtime).
///
/// At one moment a namespace is a container's own if processes of no other container are in it. Over a
/// range of time it is that of the container whose processes were the first in it: those of another one may
/// have come later.
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

  /// A process with this description was in namespaces. Only one whose own cgroup was read says of which
  /// container they are.
  mutating func add(_ namespaces: [NamespaceRecord], _ description: RecordedDescription) {
    guard !description.hasInheritedCgroup, let container = description.container,
      let group = Self.group(of: description)
    else { return }
    for namespace in namespaces where ContainerRule.counts(namespace) {
      owners[namespace.id, default: [:]][group] = container
    }
  }

  /// The containers that a process with this description came into from outside: those whose own namespaces it
  /// was in, while its cgroup, which was read, is of none of them.
  func entered(
    _ namespaces: [NamespaceRecord], _ description: RecordedDescription
  ) -> [ContainerRecord] {
    // Nearly all processes are in nobody's: of them the text of the cgroup is not read.
    let containers = namespaces.compactMap { owners[$0.id] }.filter { $0.count == 1 }
    guard !containers.isEmpty, !description.hasInheritedCgroup else { return [] }
    var groups = Set([Self.group(of: description)].compactMap(\.self))
    return containers.compactMap(\.first).filter { groups.insert($0.key).inserted }.map(\.value)
  }
}

extension OwnNamespaces {
  /// What the containers of processes count as, by the cgroups that were read of them while they were what
  /// a question means.
  static func groups(of lives: [TaskHistory]) -> Set<String> {
    Set(
      lives.flatMap { life in
        life.limits?.map(\.description) ?? life.process.descriptionSpans.map(\.description)
      }.filter { !$0.hasInheritedCgroup }.compactMap(group))
  }

  /// The namespaces of processes that are their container's own, over all that is recorded.
  static func own(of lives: [TaskHistory], _ reading: HistorySnapshot) throws(SQLiteError) -> Set<
    Int64
  > {
    let groups = groups(of: lives)
    var known: [NamespaceRecord: Bool] = [:]
    for set in Set(lives.flatMap { $0.memberships.map(\.set) }) {
      let links = try reading.sets.links(of: set)
      for type in NamespaceType.allCases {
        guard let namespace = links[type.link]?.namespace, known[namespace] == nil else { continue }
        known[namespace] = try isOwn(namespace, groups, reading)
      }
    }
    return Set(known.filter(\.value).map(\.key.id))
  }

  /// Whether a namespace is the own one of containers, over all that is recorded.
  static func isOwn(
    _ namespace: NamespaceRecord, _ groups: Set<String>, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> Bool {
    guard ContainerRule.counts(namespace) else { return false }
    var isOwn = false
    try reading.forEachArrival(in: namespace) { (task, _) throws(SQLiteError) in
      guard let life = try reading.lives.life(task: task) else { return true }
      let own = life.process.descriptionSpans.map(\.description)
        .first { !$0.hasInheritedCgroup && $0.container != nil }
      guard let group = own.flatMap(group) else { return true }
      isOwn = groups.contains(group)
      return false
    }
    return isOwn
  }
}
