internal import NSHistory

extension NamespaceRecord {
  /// For people: `net:[4026531833]#3 (initial)`.
  var words: String { name + (isInitial == true ? " (initial)" : "") }

  /// As a selector takes it: `net:[4026531833]#3`.
  var name: String { "\(type):[\(inode)]\(kernelID.map { "#\($0)" } ?? "")" }

  /// Its identity, with every key always there.
  var json: JSON { .object([("type", .string(type.name))] + keys) }

  /// The same without the type.
  var keys: [(String, JSON)] {
    [
      ("inode", .unsigned(inode)), ("id", .optional(kernelID, JSON.unsigned)),
      ("initial", .optional(isInitial, JSON.bool)),
    ]
  }
}
