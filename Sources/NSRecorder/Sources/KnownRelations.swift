internal import NamespaceModel
internal import Procfs

/// Reads the owner and the parent of each namespace once, through a task that is in the namespace.
struct KnownRelations {
  private let probe: RelationProbe
  /// The namespaces whose relations have been read.
  private var known: Set<ObservedNamespace> = []
  /// The namespaces whose relations could not be read yet: every task that was tried had left.
  private var pending: [ObservedNamespace] = []

  init(_ probe: RelationProbe) { self.probe = probe }

  /// Returns the namespaces whose relations are to be read: those that are new, and those that could not be read
  /// before.
  mutating func takeWanted(of sets: inout TaskSets) -> [ObservedNamespace] {
    defer { pending = [] }
    var listed: Set<ObservedNamespace> = []
    forget(sets)
    return (pending.filter(sets.contains) + sets.takeNew()).filter {
      !known.contains($0) && listed.insert($0).inserted
    }
  }

  /// Reads the relations of some namespaces. Returns them with ancestors before their descendants.
  ///
  /// - Parameter holders: tasks that are in these namespaces by the last pass.
  mutating func read(
    _ wanted: [ObservedNamespace],
    through holders: [ObservedNamespace: [(task: Int32, link: NamespaceLink)]]
  ) -> [NamespaceRelations] {
    var related: [NamespaceRelations] = []
    for namespace in wanted where !known.contains(namespace) {
      guard let read = relations(of: namespace, holders[namespace] ?? []) else {
        pending.append(namespace)
        continue
      }
      known.insert(namespace)
      known.formUnion(read.map(\.namespace))
      related += read
    }
    return related
  }

  private func relations(
    of namespace: ObservedNamespace, _ holders: [(task: Int32, link: NamespaceLink)]
  ) -> [NamespaceRelations]? {
    for holder in holders {
      if case .read(let relations) = probe.relations(
        of: namespace, task: holder.task, holder.link, isKnown: known.contains)
      {
        return relations
      }
    }
    return nil
  }

  /// Forgets namespaces without tasks when they are the greater part. If one is observed again, as an ancestor, its
  /// relations are read again, and are the same.
  private mutating func forget(_ sets: TaskSets) {
    guard known.count > 2 * sets.namespaceCount + 256 else { return }
    known = known.filter(sets.contains)
  }
}
