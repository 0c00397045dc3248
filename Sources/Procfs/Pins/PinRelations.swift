internal import NamespaceModel

/// How pinned namespaces hang together with those that own them. None of it ever changes, so each
/// is asked once; what no scan needs any more is forgotten.
struct PinRelations {
  private var known: [ObservedNamespace: NamespaceRelations] = [:]
  private let source: IdentitySource

  init(source: IdentitySource) { self.source = source }

  /// Whether the namespace need not be asked.
  func knows(_ namespace: ObservedNamespace) -> Bool { known[namespace] != nil }

  /// Asks an open file of the namespace, and the namespaces that come to light thereby.
  mutating func ask(_ namespace: ObservedNamespace, _ file: Int32, names: PinNames) {
    // As deep as user and pid namespaces can be nested: 32.
    var found: [NamespaceRelations] = []
    let known = known
    func ask(_ namespace: ObservedNamespace, _ file: Int32) {
      let relations = RelationQuestions.ask(namespace, file, by: source) { type, file, identity in
        let relative = names.nameUnpinned(type, identity.inode, id: identity.id)
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

  /// The relations of these namespaces and of all above them, each once. Forgets all others.
  mutating func keep(_ pinned: Set<ObservedNamespace>) -> [NamespaceRelations] {
    var kept: [ObservedNamespace: NamespaceRelations] = [:]
    var open = Array(pinned)
    while let namespace = open.popLast() {
      guard kept[namespace] == nil, let relations = known[namespace] else { continue }
      kept[namespace] = relations
      open += [relations.owner, relations.parent].compactMap(\.self)
    }
    known = kept
    return kept.values.filter { !$0.isEmpty }
  }
}
