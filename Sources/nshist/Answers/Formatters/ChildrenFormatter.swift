internal import NSHistory

/// Describes the processes whose new children start in a namespace in which the processes themselves are not.
enum ChildrenFormatter {
  /// Returns `children of 4711 (unshare)`, and the number of other such processes; nil if there is no such
  /// process.
  static func keeper(_ namespace: NamespaceAtMoment) -> String? {
    guard let parent = namespace.lowestParent else { return nil }
    let others = namespace.parents + namespace.unsureParents - 1
    return "children of \(parent.label)" + (namespace.parents == 0 ? " (in doubt)" : "")
      + (others > 0 ? " +\(others)" : "")
  }
}
