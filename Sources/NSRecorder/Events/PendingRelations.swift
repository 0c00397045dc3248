internal import NamespaceModel

/// How namespaces hang together, as samples asked the kernel, until it is known what they are called
/// where they are recorded: an event may have reported one of them first, without its id.
struct PendingRelations {
  private var waiting: [(relations: NamespaceRelations, samples: Int)] = []

  /// After so many samples that proved nothing, the one that the task held was another.
  private static let patience = 8
  private static let limit = 65536

  /// Takes over what a sample asked that cannot be recorded yet.
  mutating func add(_ related: [NamespaceRelations]) {
    let room = max(0, Self.limit - waiting.count)
    waiting += related.prefix(room).map { ($0, 0) }
  }

  /// What can be recorded of what was asked, in the order in which it was.
  mutating func recorded(
    _ related: [NamespaceRelations], _ sets: FollowedSets
  ) -> [NamespaceRelations] {
    add(related)
    var ready: [NamespaceRelations] = []
    var rest: [(relations: NamespaceRelations, samples: Int)] = []
    for (relations, samples) in waiting {
      let all = [relations.namespace, relations.owner, relations.parent].compactMap(\.self)
      if let names = Self.names(all, sets) {
        var named = relations
        named.namespace = names[relations.namespace] ?? relations.namespace
        named.owner = relations.owner.map { names[$0] ?? $0 }
        named.parent = relations.parent.map { names[$0] ?? $0 }
        ready.append(named)
      } else if samples < Self.patience {
        rest.append((relations, samples + 1))
      }
    }
    waiting = rest
    return ready
  }

  /// What namespaces are called; nil while that is not certain of each.
  private static func names(
    _ all: [ObservedNamespace], _ sets: FollowedSets
  ) -> [ObservedNamespace: ObservedNamespace]? {
    var names: [ObservedNamespace: ObservedNamespace] = [:]
    for one in all {
      guard case .name(let name) = sets.recorded(one) else { return nil }
      names[one] = name
    }
    return names
  }
}
