internal import NSHistory

/// The containers of an answer of which only the id is known, because the files of their engine were not
/// where such files usually are.
final class NamelessContainers {
  private var ids: [String] = []
  private var met: Set<String> = []

  /// So many are named.
  private static let most = 3

  /// Takes note of the containers of a process that an answer tells of.
  func note(_ process: ProcessRecord?) {
    guard let process else { return }
    for one in process.outsideOf { note(one) }
    for one in process.possibleDescriptions { note(one.container) }
  }

  private func note(_ container: ContainerRecord?) {
    guard let container, container.isNameMissing, met.insert(container.id).inserted else { return }
    ids.append(String(container.id.prefix(12)))
  }

  /// Says on standard error which they are, if there are any.
  func say() { if !ids.isEmpty { Messages.shared.say(Self.words(ids)) } }

  /// `container 0123456789ab is known by its id alone: ...`.
  static func words(_ ids: [String]) -> String {
    let more = ids.count > most ? " and \(ids.count - most) more" : ""
    let all = ids.prefix(most).joined(separator: ", ") + more
    let kind = ids.count == 1 ? "container \(all) is" : "containers \(all) are"
    return """
      \(kind) known by id alone: no file of the engine was found in its usual place or where its running \
      processes say, and where else it keeps them (podman --root, data-root of dockerd) names were not \
      looked up
      """
  }
}
