internal import NSHistory

/// The columns about the container of a process.
enum ContainerColumns {
  /// - Parameter isShown: whether tables include the container column.
  static func all<Row>(
    inTables isShown: Bool = false, _ process: @escaping (Row) -> ProcessRecord?
  ) -> [Column<Row>] {
    let container = { (row: Row) -> ContainerRecord? in process(row)?.container }
    return [
      Column(
        "container", in: isShown ? [.table, .json, .csv] : .data,
        cell: { .init(text: process($0)?.shownContainers ?? "") }
      ) { .optional(container($0)?.id, JSON.string) }.yielding(1),
      Column("container_source", in: .data) { row in
        .optional(process(row)?.containerSource) { .string($0.rawValue) }
      },
      Column("outside_of", in: .data) { row in
        .array((process(row)?.outsideOf ?? []).map { .string($0.id) })
      },
      Column("container_name", in: .data) { .optional(container($0)?.name, JSON.string) },
      Column("container_name_source", in: .data) { row in
        .optional(container(row)) { one in
          one.isNameMissing ? .string("not-found") : one.name == nil ? .null : .string("engine")
        }
      },
      Column("container_owner", in: .data) { .optional(container($0)?.owner, JSON.integer) },
      Column("container_verified", in: .data) {
        .optional(container($0)?.isVerified, JSON.bool)
      },
      Column("engine", in: .data) { .optional(container($0)?.engine, JSON.string) },
      Column("image", in: .data) { .optional(container($0)?.image, JSON.string) },
      Column("pod", in: .data) { .optional(container($0)?.pod, JSON.string) },
      Column("pod_name", in: .data) { .optional(container($0)?.podName, JSON.string) },
      Column("pod_namespace", in: .data) { .optional(container($0)?.podNamespace, JSON.string) },
      // All containers of a process in nested containers, the outermost first.
      Column("containers", in: .data) { row in
        .array((process(row)?.containers ?? []).map(JSON.string))
      },
      Column("unit", in: .data) { .optional(process($0)?.unit, JSON.string) },
    ]
  }
}

extension ContainerRecord {
  /// The text for a table cell: the name of the container with the name of its pod, or else the first 12
  /// characters of its id.
  var label: String {
    guard let name else {
      let user = owner.map { ", of uid \($0)" } ?? ""
      return String(id.prefix(12)) + (isUnverified ? " (unverified\(user))" : "")
    }
    guard let podName else { return name }
    return isSandbox ? "\(podName) (pause)" : "\(podName)/\(name)"
  }

  /// The text for a sentence: `container web (docker 0123456789ab)`.
  var text: String {
    let number = String(id.prefix(12))
    let kind = engine.map { "\($0) \(number)" } ?? number
    let mark = isUnverified ? ", unverified" : ""
    return name == nil || name == id
      ? "container \(kind)\(mark)" : "container \(label) (\(kind))"
  }
}

/// Collects the containers of an answer that are known only by id, because the files of their engine, which hold
/// the names, were not found.
final class NamelessContainers {
  private let messages: Messages
  private var ids: [String] = []
  private var visited: Set<String> = []

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
    guard let container, container.isNameMissing, visited.insert(container.id).inserted else {
      return
    }
    ids.append(String(container.id.prefix(12)))
  }

  /// Prints the ids of the collected containers on standard error, if there are any.
  func say() { if !ids.isEmpty { messages.say(Self.text(ids)) } }

  /// Returns the message: `container 0123456789ab is known by id alone: ...`.
  static func text(_ ids: [String]) -> String {
    let more = ids.count > most ? " and \(ids.count - most) more" : ""
    let all = ids.prefix(most).joined(separator: ", ") + more
    let kind = ids.count == 1 ? "container \(all) is" : "containers \(all) are"
    return """
      \(kind) known by id alone: no file of the engine with the name was found in its usual place, or where its \
      running processes say; other places (podman --root, data-root of dockerd) were not searched
      """
  }
}
