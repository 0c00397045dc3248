internal import NSHistory

/// Collects the containers of an answer that are known only by id, because the files of their engine, which hold
/// the names, were not found.
final class NamelessContainers {
  private let messages: Messages
  private var ids: [String] = []
  private var met: Set<String> = []

  /// The number of ids that the message lists.
  private static let most = 3

  init(_ messages: Messages) { self.messages = messages }

  /// Adds the nameless containers of a process that the answer shows.
  func note(_ process: ProcessRecord?) {
    guard let process else { return }
    for one in process.outsideOf { note(one) }
    for one in process.possibleDescriptions { note(one.container) }
  }

  private func note(_ container: ContainerRecord?) {
    guard let container, container.isNameMissing, met.insert(container.id).inserted else { return }
    ids.append(String(container.id.prefix(12)))
  }

  /// Prints the ids of the collected containers on standard error, if there are any.
  func say() { if !ids.isEmpty { messages.say(Self.words(ids)) } }

  /// Returns the message: `container 0123456789ab is known by id alone: ...`.
  static func words(_ ids: [String]) -> String {
    let more = ids.count > most ? " and \(ids.count - most) more" : ""
    let all = ids.prefix(most).joined(separator: ", ") + more
    let kind = ids.count == 1 ? "container \(all) is" : "containers \(all) are"
    return """
      \(kind) known by id alone: no file of the engine with the name was found in its usual place, or where its \
      running processes say; other places (podman --root, data-root of dockerd) were not searched
      """
  }
}
