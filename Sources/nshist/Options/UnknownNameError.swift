internal import NSHistory

/// The error for a question about a process name or a container that the history does not hold.
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
  /// Throws an error if a selector contains a name that the history does not hold, because a user would read an
  /// empty answer as "was in no namespace".
  func requireKnown(_ selectors: ProcessSelector?...) throws {
    for selector in selectors.compactMap(\.self) {
      if let unknown = try unknownName(selector) {
        throw UnknownNameError(unknown: unknown, path: path)
      }
    }
  }
}
