import NSHistory

extension HistoryReader {
  func allChanges(_ question: ChangesQuestion) throws -> [NamespaceChange] {
    var found: [NamespaceChange] = []
    try changes(question) {
      found.append($0)
      return true
    }
    return found
  }
}
