internal import NSHistory

extension NamespaceRecord {
  /// The text for a person: `net:[4026531833]#3 (initial)`.
  var words: String { name + (isInitial == true ? " (initial)" : "") }

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
