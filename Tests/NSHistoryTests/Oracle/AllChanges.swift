import NSHistory

extension HistoryReader {
  /// Returns the changes that answer a question, in the order of time.
  func allChanges(_ question: ChangesQuestion) throws -> [NamespaceChange] {
    var found: [NamespaceChange] = []
    try changes(question) {
      found.append($0)
      return true
    }
    return found
  }
}
