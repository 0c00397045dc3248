internal import NSHistory

/// What there is to say of a namespace where the children of processes go that are not in it.
enum ChildrenFormatter {
  /// `children of 4711 (unshare)`, and how many more; nil where nobody's go there.
  static func keeper(_ namespace: NamespaceAtMoment) -> String? {
    guard let parent = namespace.lowestParent else { return nil }
    let others = namespace.parents + namespace.unsureParents - 1
    return "children of \(parent.label)" + (namespace.parents == 0 ? " (in doubt)" : "")
      + (others > 0 ? " +\(others)" : "")
  }
}
