internal import NamespaceModel

/// The relations of pinned namespaces to their owners and parents. Relations never change, so the scanner reads
/// each once, and drops those that no scan needs any more.
struct PinRelations {
  private var known: [ObservedNamespace: NamespaceRelations] = [:]
  private let source: IdentitySource

  init(source: IdentitySource) { self.source = source }

  /// Returns whether the relations of the namespace are known.
  func knows(_ namespace: ObservedNamespace) -> Bool { known[namespace] != nil }

  /// Reads the relations of the namespace through its open file, and those of the namespaces that they
  /// reveal.
  mutating func ask(_ namespace: ObservedNamespace, _ file: Int32, names: PinIdentities) {
    // User and pid namespaces can be nested 32 levels deep, which limits the recursion.
    var found: [NamespaceRelations] = []
    let known = known
    func ask(_ namespace: ObservedNamespace, _ file: Int32) {
      let relations = RelationReader.read(namespace, file, by: source) { type, file, identity in
        let relative = names.identifyWithoutPin(type, identity.inode, id: identity.id)
        if let relative, known[relative] == nil,
          !found.contains(where: { $0.namespace == relative })
        {
          ask(relative, file)
        }
        return relative
      }
      found.append(relations)
    }
    ask(namespace, file)
    for relations in found { self.known[relations.namespace] = relations }
  }

  /// Returns the relations of these namespaces and of all their owners and ancestors, without
  /// duplicates. Drops all others.
  mutating func retain(_ pinned: Set<ObservedNamespace>) -> [NamespaceRelations] {
    var retained: [ObservedNamespace: NamespaceRelations] = [:]
    var open = Array(pinned)
    while let namespace = open.popLast() {
      guard retained[namespace] == nil, let relations = known[namespace] else { continue }
      retained[namespace] = relations
      open += [relations.owner, relations.parent].compactMap(\.self)
    }
    known = retained
    return retained.values.filter { !$0.isEmpty }
  }
}
