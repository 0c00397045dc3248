internal import NSHistory

extension ProcessRecord {
  /// The text for a person: `4711 nginx`.
  var label: String { "\(number) \(shownName)" }

  /// The name of the process; a note in parentheses if the name is empty or unknown.
  var shownName: String { Self.shown(comm) }

  /// The names that the process may have had at the time that an answer is about, joined by `or`.
  var shownNames: String {
    Self.either(possibleDescriptions.map { Self.shown($0.comm) })
  }

  /// The user ids that the process may have had, joined by `or`. `(inherited)` marks an id that was inferred and
  /// not read.
  var shownUsers: String {
    Self.either(
      possibleDescriptions.map { one in
        one.uid.map { one.hasInheritedUID ? "\($0) (inherited)" : "\($0)" } ?? ""
      })
  }

  /// The command lines that the process may have had at the time that an answer is about, joined by `or`. `...` follows
  /// one of which only the beginning is known.
  var shownCommandLines: String {
    Self.either(
      possibleDescriptions.map { one in
        one.program?.commandLine.map { one.program?.isTruncated == true ? "\($0)..." : $0 } ?? ""
      })
  }

  /// The PIDs of the possible parents, joined by `or`.
  var shownParents: String { Self.either(parentPIDs.map { "\($0)" }) }

  /// The PID of the parent; nil if it is unknown, or one of several.
  var knownParentPID: Int64? { parentPIDs.count == 1 ? parentPIDs.first : nil }

  /// The containers that the process may have been in, then those whose namespaces it entered from outside.
  var shownContainers: String {
    let own = Self.containerText(possibleDescriptions.map { ($0.container, $0.containerSource) })
    let others = outsideOf.map { "\($0.label) (outside)" }
    return ((own.isEmpty ? [] : [own]) + others).joined(separator: ", ")
  }

  /// Returns the text for the containers that a process may have been in, joined by `or`, each with how it is known. A
  /// container that is known by the cgroup too is named without a source.
  static func containerText(
    _ possible: [(container: ContainerRecord?, source: ContainerSource?)]
  ) -> String {
    let isAny = possible.contains { $0.container != nil }
    let byCgroup = Set(possible.filter { $0.source == .cgroup }.compactMap { $0.container?.id })
    return either(
      possible.map { container, source in
        guard let container else { return isAny ? "none" : "" }
        if byCgroup.contains(container.id) { return container.label }
        return switch source {
        case .inherited: "\(container.label) (inherited)"
        case .namespaces: "\(container.label) (by namespaces)"
        case .cgroup, nil: container.label
        }
      })
  }

  /// The same containers, each with the name that a function gives it, and without how they are known.
  func containerNames(_ name: (ContainerRecord) -> String) -> String {
    let isOther = possibleDescriptions.contains { $0.container != nil }
    let own = Self.either(
      possibleDescriptions.map { $0.container.map(name) ?? (isOther ? "none" : "") })
    return ((own.isEmpty ? [] : [own]) + outsideOf.map { "\(name($0)) (outside)" })
      .joined(separator: ", ")
  }

  private static func either(_ texts: [String]) -> String {
    texts.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      .joined(separator: " or ")
  }

  private static func shown(_ comm: String?) -> String {
    switch comm {
    case nil: "(name not known)"
    case ""?: "(empty name)"
    case let name?: name
    }
  }

  /// The JSON object that identifies the process.
  var json: JSON {
    .object([
      ("pid", .integer(pid)), ("tid", .optional(tid, JSON.integer)),
      ("start", .optional(start) { .string(TimeFormat.start($0)) }),
      ("comm", .optional(comm, JSON.string)), ("container", .optional(container?.id, JSON.string)),
      ("container_name", .optional(container?.name, JSON.string)),
      ("container_source", .optional(containerSource) { .string($0.rawValue) }),
      ("command_line", .optional(program?.commandLine, JSON.string)),
      ("executable", .optional(program?.executable, JSON.string)),
      ("login_uid", .optional(login?.uid, JSON.integer)),
      ("sid", .optional(login?.session, JSON.integer)),
      ("tty", .optional(login?.terminal, JSON.string)),
    ])
  }
}

extension TaskNumber {
  /// The text for a person: `PID 4711`, `thread 4711/4713`.
  var text: String { tid == nil ? "PID \(self)" : "thread \(self)" }
}

/// The columns of another process that a row refers to, such as the parent.
enum RelatedProcess {
  /// Returns one column that is an object in JSON, and two columns for CSV.
  static func columns<Row>(
    _ key: String, _ process: @escaping (Row) -> ProcessRecord?
  ) -> [Column<Row>] {
    [
      Column(key, in: [.json]) { .optional(process($0)) { $0.json } },
      Column("\(key)_pid", in: [.csv]) { .optional(process($0)) { .integer($0.pid) } },
      Column("\(key)_comm", in: [.csv]) { .optional(process($0)?.comm, JSON.string) },
      Column("\(key)_command_line", in: [.csv]) {
        .optional(process($0)?.program?.commandLine, JSON.string)
      },
    ]
  }
}

/// The columns that identify the process of a row.
enum ProcessColumns {
  /// - Parameter showsContainer: whether tables include the container column.
  static func all<Row>(
    showsContainer: Bool = false, _ process: @escaping (Row) -> ProcessRecord
  ) -> [Column<Row>] {
    [
      Column("pid", cell: { .init(text: process($0).number.description) }) {
        .integer(process($0).pid)
      },
      Column("tid", in: .data) { .optional(process($0).tid, JSON.integer) },
      Column("start", in: .data) { row in
        .optional(process(row).start) { .string(TimeFormat.start($0)) }
      },
      Column("comm", cell: { .init(text: process($0).shownNames) }) {
        .optional(process($0).comm, JSON.string)
      },
      Column("uid", cell: { .init(text: process($0).shownUsers) }) {
        .optional(process($0).uid, JSON.integer)
      }.yielding(4),
      Column("uid_source", in: .data) { row in
        .optional(process(row).uid) { _ in
          .string(process(row).description.hasInheritedUID ? "inherited" : "read")
        }
      },
      Column("disputed", in: .data) { row in
        .array(process(row).disputed.map { .string($0.rawValue) })
      },
    ] + ProgramColumns.all { process($0) }
      + ContainerColumns.all(inTables: showsContainer) { process($0) }
  }
}

/// The columns of the program, the login, the session and the terminal of a process.
enum ProgramColumns {
  static func all<Row>(_ process: @escaping (Row) -> ProcessRecord?) -> [Column<Row>] {
    [
      Column(
        "command_line", "COMMAND LINE", in: .data,
        cell: { .init(text: process($0)?.shownCommandLines ?? "") }
      ) { .optional(process($0)?.program?.commandLine, JSON.string) },
      Column("command_line_truncated", in: .data) { row in
        .optional(process(row)?.program) { $0.commandLine == nil ? .null : .bool($0.isTruncated) }
      },
      Column("command_line_source", in: .data) { row in
        .optional(process(row)?.program?.source) { .string($0.rawValue) }
      },
      Column("command_line_read", in: .data) {
        .optional(process($0)?.program?.reading?.time, JSON.time)
      },
      Column("executable", in: .data) { .optional(process($0)?.program?.executable, JSON.string) },
      Column("login_uid", in: .data) { .optional(process($0)?.login?.uid, JSON.integer) },
      Column("sid", in: .data) { .optional(process($0)?.login?.session, JSON.integer) },
      Column("tty", in: .data) { .optional(process($0)?.login?.terminal, JSON.string) },
      Column("login_source", in: .data) { row in
        .optional(process(row)?.login) { .string($0.isInherited ? "inherited" : "read") }
      },
    ]
  }
}
