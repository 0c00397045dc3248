internal import NSHistory

/// What a group is called in a sentence.
struct GroupName {
  /// As it was given.
  let text: String
  let group: SharedAnswer.Group

  /// The name of a container; nil for another group.
  private var container: String? {
    guard text.hasPrefix("container:") else { return nil }
    let given = String(text.dropFirst("container:".count))
    guard let container = group.container else { return SystemText.sanitized(given) }
    // A container may be inside the one that is meant.
    return container.id.hasPrefix(given.lowercased())
      ? container.label : SystemText.sanitized(given)
  }

  /// Behind the words for one of its processes: ` of container web`.
  func suffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isByNamespaces = process.containerSource == .namespaces
    return " of container \(container)" + (isByNamespaces ? " (by namespaces)" : "")
  }

  /// The same behind one that is not known to be one of them.
  func possibleSuffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isOwn =
      process.container?.id == group.container?.id && process.containerSource == .cgroup
    return isOwn ? suffix(process) : ", which may be of container \(container)"
  }

  /// `container web`, `PID 812 (sshd)`, `comm:nginx`, `net@812`, `the host`.
  var words: String {
    if let container { return "container \(container)" }
    if text == "host" { return "the host" }
    if group.processes == 1, let process = group.process, isNumber {
      return Self.words(process)
    }
    return SystemText.sanitized(text)
  }

  /// Whoever may belong to it, and is not recorded.
  var anyone: String {
    isNumber
      ? "another process of PID \(SystemText.sanitized(text)), which may have run unseen"
      : "any process of \(words)"
  }

  /// Whether it is given by a PID.
  var isNumber: Bool { text.first?.isNumber == true }

  /// Whether it is given by a container.
  var isContainer: Bool { container != nil }

  /// The namespace of a type that is its own: `db's net namespace`.
  func own(_ type: String) -> String {
    container.map { "\($0)'s \(type) namespace" } ?? "the \(type) namespace of \(words)"
  }

  static func words(_ process: ProcessRecord) -> String {
    "PID \(process.number) (\(process.shownName))"
  }
}
