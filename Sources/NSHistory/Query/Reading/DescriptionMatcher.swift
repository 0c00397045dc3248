internal import Containers
internal import SQLite

/// Tells whether a description is one of those that a name or a container selects.
struct DescriptionMatcher {
  private let names: Set<String>
  private let containers: Set<Int64>
  /// The beginning of an id, for a file of before containers had rows.
  private let id: String

  /// Whether it is about containers: a process counts only for the time that it was in one.
  let isOfContainers: Bool

  /// Nil for a selector that is about something else than a description.
  init?(_ selector: ProcessSelector, in connection: Connection) throws(SQLiteError) {
    switch selector {
    case .comm(let name):
      names = [name, SystemText.escaped(Array(name.utf8))]
      containers = []
      id = ""
      isOfContainers = false
    case .container(let text):
      names = []
      containers = try ContainerFinder(connection: connection).rows(text)
      id = text.lowercased()
      isOfContainers = true
    case .latest(let all):
      guard let matcher = try DescriptionMatcher(all, in: connection) else { return nil }
      self = matcher
    case .pid, .thread, .inner: return nil
    }
  }

  func matches(_ description: RecordedDescription) -> Bool {
    guard isOfContainers else { return description.comm.map(names.contains) ?? false }
    guard let container = description.container else { return false }
    return container.row.map(containers.contains)
      ?? description.containers.contains { $0.hasPrefix(id) }
  }

  /// Whether it is one of the containers that are selected.
  func matches(_ container: ContainerRecord) -> Bool {
    isOfContainers && (container.row.map(containers.contains) ?? container.id.hasPrefix(id))
  }
}
