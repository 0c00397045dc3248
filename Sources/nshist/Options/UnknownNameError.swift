internal import NSHistory

/// A question about processes or a container of a name that is nowhere in the history.
struct UnknownNameError: Error, CustomStringConvertible {
  let unknown: UnknownName
  let path: String

  var description: String {
    let kind = unknown.isOfContainer ? "container" : "process"
    let nearest =
      unknown.nearest.isEmpty
      ? "none was recorded" : "the nearest are \(unknown.nearest.joined(separator: ", "))"
    let remedy =
      unknown.isOfContainer
      ? "; nshist query processes lists the containers of a time"
      : "; nshist query processes lists the names of a time"
    let missing = unknown.unnamed.isEmpty ? "" : "; \(NamelessContainers.words(unknown.unnamed))"
    return "no \(kind) '\(unknown.name)' is in \(path); \(nearest)\(missing)\(remedy)"
  }
}

extension HistoryReader {
  /// Fails where processes are selected by a name that is nowhere in the history: an empty answer would be
  /// taken for "was in none".
  func requireKnown(_ selectors: ProcessSelector?...) throws {
    for selector in selectors.compactMap(\.self) {
      if let unknown = try unknownName(selector) {
        throw UnknownNameError(unknown: unknown, path: path)
      }
    }
  }
}
