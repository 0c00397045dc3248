internal import NSHistory

extension NamespaceRecord {
  /// The text for a person: `net:[4026531833]#3 (initial)`.
  var text: String { name + (isInitial == true ? " (initial)" : "") }

  /// The name that a selector accepts: `net:[4026531833]#3`.
  var name: String { "\(type):[\(inode)]\(kernelID.map { "#\($0)" } ?? "")" }

  /// The identity of the namespace as a JSON object that always has every key.
  var json: JSON { .object([("type", .string(type.name))] + keys) }

  /// The keys of `json` without the type.
  var keys: [(String, JSON)] {
    [
      ("inode", .unsigned(inode)), ("id", .optional(kernelID, JSON.unsigned)),
      ("initial", .optional(isInitial, JSON.bool)),
    ]
  }
}

/// Describes the processes whose new children start in a namespace in which the processes themselves are not.
enum NamespaceFormatter {
  /// Returns `children of 4711 (unshare)`, and the number of other such processes; nil if there is no such
  /// process.
  static func children(_ namespace: NamespaceAtMoment) -> String? {
    guard let parent = namespace.lowestParent else { return nil }
    let others = namespace.parents + namespace.unsureParents - 1
    return "children of \(parent.label)" + (namespace.parents == 0 ? " (in doubt)" : "")
      + (others > 0 ? " +\(others)" : "")
  }
}
