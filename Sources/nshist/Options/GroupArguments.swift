internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// Parses the groups of processes that the user names.
struct GroupArguments {
  static let help = """
    A PID, PID@TIME, comm:NAME, container:ID or container:NAME, a namespace (net@PID, net:INODE or \
    net#ID), or host for the initial namespaces.
    """

  let inside: InsideOption
  let now: Int64

  func group(_ text: String) throws -> SharedQuestion.Group {
    if text == "host" { return .host }
    if let mark = text.firstIndex(where: { ":#@".contains($0) }),
      NamespaceType(name: text[..<mark]) != nil
    {
      return .namespace(try inside.incarnations.namespace(text, now: now))
    }
    return .processes(try inside.process(text, now: now))
  }

  /// Returns the default namespace types of a question: those of the namespaces among the groups, or all types if
  /// no group is a namespace.
  static func types(of groups: [SharedQuestion.Group]) -> [NamespaceType] {
    let own = Set(
      groups.compactMap { group in
        if case .namespace(let selector) = group { selector.type } else { nil }
      })
    return own.isEmpty ? NamespaceType.allCases : NamespaceType.allCases.filter(own.contains)
  }
}
