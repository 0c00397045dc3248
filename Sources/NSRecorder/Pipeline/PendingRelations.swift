internal import NamespaceModel

/// The owners and parents of namespaces as samples read them, stored until it is certain how the history names these
/// namespaces: an event may have reported a namespace first, without its id.
struct PendingRelations {
  private var waiting: [(relations: NamespaceRelations, samples: Int)] = []

  /// The number of samples without a certain name after which the relations of a namespace are dropped.
  private static let maxSamples = 8
  private static let limit = 65536

  /// Stores the relations from a sample that cannot be recorded yet.
  mutating func add(_ related: [NamespaceRelations]) {
    let room = max(0, Self.limit - waiting.count)
    waiting += related.prefix(room).map { ($0, 0) }
  }

  /// Adds the relations from a sample, and returns those that can be recorded now, in the order in which
  /// they were added.
  mutating func recorded(
    _ related: [NamespaceRelations], _ namespaces: NamespaceResolver
  ) -> [NamespaceRelations] {
    add(related)
    var ready: [NamespaceRelations] = []
    var rest: [(relations: NamespaceRelations, samples: Int)] = []
    for (relations, samples) in waiting {
      let all = [relations.namespace, relations.owner, relations.parent].compactMap(\.self)
      if let names = Self.names(all, namespaces) {
        var named = relations
        named.namespace = names[relations.namespace] ?? relations.namespace
        named.owner = relations.owner.map { names[$0] ?? $0 }
        named.parent = relations.parent.map { names[$0] ?? $0 }
        ready.append(named)
      } else if samples < Self.maxSamples {
        rest.append((relations, samples + 1))
      }
    }
    waiting = rest
    return ready
  }

  /// Returns the names of namespaces in the history; nil while one of them is uncertain.
  private static func names(
    _ all: [ObservedNamespace], _ namespaces: NamespaceResolver
  ) -> [ObservedNamespace: ObservedNamespace]? {
    var names: [ObservedNamespace: ObservedNamespace] = [:]
    for one in all {
      guard case .name(let name) = namespaces.recorded(one) else { return nil }
      names[one] = name
    }
    return names
  }
}
