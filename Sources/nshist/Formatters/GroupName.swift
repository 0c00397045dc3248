internal import NSHistory

/// Formats the name of a group of processes for a sentence.
struct GroupName {
  /// The group as the user typed it.
  let text: String
  let group: SharedAnswer.Group

  /// The name of a container; nil for another group.
  private var container: String? {
    guard text.hasPrefix("container:") else { return nil }
    let given = String(text.dropFirst("container:".count))
    guard let container = group.container else { return SystemText.sanitized(given) }
    // The recorded container may be nested inside the one that the user named.
    return container.id.hasPrefix(given.lowercased())
      ? container.label : SystemText.sanitized(given)
  }

  /// Returns the text to append to the name of a process of the group: ` of container web`.
  func suffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isByNamespaces = process.containerSource == .namespaces
    return " of container \(container)" + (isByNamespaces ? " (by namespaces)" : "")
  }

  /// Returns the text to append to the name of a process that may belong to the group.
  func possibleSuffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isOwn =
      process.container?.id == group.container?.id && process.containerSource == .cgroup
    return isOwn ? suffix(process) : ", which may be of container \(container)"
  }

  /// The name of the group: `container web`, `PID 812 (sshd)`, `comm:nginx`, `net@812`, `the host`.
  var name: String {
    if let container { return "container \(container)" }
    if text == "host" { return "the host" }
    if group.processes == 1, let process = group.process, isNumber {
      return Self.name(process)
    }
    return SystemText.sanitized(text)
  }

  /// The text for an unrecorded process that may belong to the group.
  var anyone: String {
    isNumber
      ? "another process of PID \(SystemText.sanitized(text)), which may have run unseen"
      : "any process of \(name)"
  }

  /// Whether the user gave the group as a PID.
  var isNumber: Bool { text.first?.isNumber == true }

  /// Whether the user gave the group as a container.
  var isContainer: Bool { container != nil }

  /// Returns the text for the group's own namespace of a type: `db's net namespace`.
  func own(_ type: String) -> String {
    container.map { "\($0)'s \(type) namespace" } ?? "the \(type) namespace of \(name)"
  }

  static func name(_ process: ProcessRecord) -> String {
    "PID \(process.number) (\(process.shownName))"
  }
}
