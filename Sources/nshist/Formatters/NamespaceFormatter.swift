internal import NSHistory

/// How much a text says of the identity of a namespace.
enum NameDetail {
  /// Type, inode number and the kernel's id.
  case id
  /// Type and inode number.
  case inode
  /// The type alone, where the text says otherwise which namespace is meant.
  case type

  /// Returns a cell with a text, and with the shorter ones for a narrow terminal.
  static func cell(_ details: [NameDetail], _ text: (NameDetail) -> String) -> Table.Cell {
    var shorter: [String] = []
    let whole = text(.id)
    for next in details.map(text) where next.count < (shorter.last ?? whole).count {
      shorter.append(next)
    }
    return Table.Cell(text: whole, shorter: shorter)
  }
}

extension NamespaceRecord {
  /// The text for a person: `net:[4026531833]#3 (initial)`.
  var text: String { text(.id) }

  /// The same text with as much of the identity as is asked for.
  func text(_ detail: NameDetail) -> String {
    let name =
      switch detail {
      case .id: name
      case .inode: "\(type):[\(inode)]"
      case .type: type.name
      }
    return name + (isInitial == true ? " (initial)" : "")
  }

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
