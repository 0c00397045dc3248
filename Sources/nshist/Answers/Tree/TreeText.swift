internal import NSHistory

/// Draws a tree of namespaces as text.
struct TreeText {
  let tree: NamespaceTree

  /// The lines of the drawing, one for each namespace.
  var lines: [String] {
    if tree.roots.isEmpty { return ["no \(tree.type) namespace is known"] }
    return tree.roots.flatMap { root in
      [words(root)] + below(root, indent: "")
    }
  }

  private func below(_ node: NamespaceTree.Node, indent: String) -> [String] {
    node.children.enumerated().flatMap { place, child in
      let isLast = place == node.children.count - 1
      return ["\(indent)\(isLast ? Self.last : Self.middle)\(words(child))"]
        + below(child, indent: indent + (isLast ? "   " : Self.line))
    }
  }

  private static let last = Environment.isUTF8 ? "└─ " : "`- "
  private static let middle = Environment.isUTF8 ? "├─ " : "|- "
  private static let line = Environment.isUTF8 ? "│  " : "|  "

  private func words(_ node: NamespaceTree.Node) -> String {
    let one = node.namespace
    var words = one.namespace.words
    if one.parent == nil, one.namespace.isInitial != true { words += " (parent not known)" }
    words += "  \(RecordingFormatter.count(one.processes, "process", "processes"))"
    if one.unsure > 0 { words += " (+\(one.unsure) in doubt)" }
    if let lowest = one.lowest { words += ", \(lowest.label)" }
    if one.processes == 0, let keeper = ChildrenFormatter.keeper(one) { words += ", \(keeper)" }
    if let uid = one.ownerUID, one.namespace.isInitial != true {
      words += ", made by \(UserName.words(uid))"
    }
    let owned = node.owns.map { "\($1) \($0)" }.joined(separator: ", ")
    return owned.isEmpty ? words : words + ", owns \(owned)"
  }
}
