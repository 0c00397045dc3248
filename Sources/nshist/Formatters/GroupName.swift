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

  /// The text that tells a container of the group from others with its name: ` 0123456789ab`; empty if no other
  /// container of the group has the name.
  private func distinction(_ container: ContainerRecord?) -> String {
    guard let container, group.containers.count(where: { $0.label == container.label }) > 1 else {
      return ""
    }
    return " \(container.id.prefix(12))"
  }

  /// The containers of the group as text, if several of them have one name: `2 containers of this name
  /// (0123456789ab, 456789abcdef)`; nil otherwise.
  var namesakes: String? {
    let all = Dictionary(grouping: group.containers, by: \.label).values.filter { $0.count > 1 }
    guard let most = all.max(by: { $0.count < $1.count }) else { return nil }
    let ids = most.prefix(Self.mostNamesakes).map { $0.id.prefix(12) }.joined(separator: ", ")
    let more = most.count > Self.mostNamesakes ? " and \(most.count - Self.mostNamesakes) more" : ""
    return "\(most.count) containers of this name (\(ids)\(more))"
  }

  /// The largest number of ids that `namesakes` lists.
  private static let mostNamesakes = 5

  /// Returns the text to append to the name of a process of the group: ` of container web`.
  func suffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isByNamespaces = process.containerSource == .namespaces
    return " of container \(container)\(distinction(process.container))"
      + (isByNamespaces ? " (by namespaces)" : "")
  }

  /// Returns the text to append to the name of a process that may belong to the group.
  func possibleSuffix(_ process: ProcessRecord) -> String {
    guard let container else { return "" }
    let isOwn =
      process.container?.id == group.container?.id && process.containerSource == .cgroup
    return isOwn ? suffix(process) : ", which may be of container \(container)"
  }

  /// Returns the text to append to the name of a process of which it is unknown whether it belonged to the group's
  /// container: its cgroup was not read, or was read right after an event, and no sample saw that it stayed the same.
  func unreadSuffix(_ process: ProcessRecord) -> String {
    let why =
      process.cgroup == nil || process.isAnyCgroupInherited
      ? "whose cgroup was not read" : "which no sample saw, so that its cgroup may have changed"
    return ", \(why): it may have been of container \(container ?? name)"
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
  ///
  /// - Parameter process: a process of the group that was in the namespace; nil if it is not known.
  func own(_ type: String, of process: ProcessRecord? = nil) -> String {
    guard let container else { return "the \(type) namespace of \(name)" }
    let which = distinction(process?.container)
    return which.isEmpty
      ? "\(container)'s \(type) namespace"
      : "the \(type) namespace of container \(container)\(which)"
  }

  static func name(_ process: ProcessRecord) -> String {
    "PID \(process.number) (\(process.shownName))"
  }
}
