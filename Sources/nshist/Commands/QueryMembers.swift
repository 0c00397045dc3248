internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query members`: shows which processes were in a namespace, and when.
struct QueryMembers: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "members",
    abstract:
      "Show who made a namespace, what keeps it, and every process that was in it, and when.",
    discussion: """
      nshist query members net:4026532281
      nshist query members mnt@4711 --since -1h --format csv

      Above the table: who made it, or was the first to be seen in it; what pins it (a mount, an open file, \
      a socket); and what keeps it now. On a terminal the processes of an initial namespace, which nearly all \
      are in, are counted only; --all or --limit prints them.
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.namespaceHelp, valueName: "namespace"))
  var namespace: String

  @Flag(
    help: """
      On a terminal, print the processes of an initial namespace too. JSON, CSV, a file and a pipe always get them.
      """)
  var all = false

  @OptionGroup var incarnations: IncarnationsOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  static var columnNames: [String] { MemberColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow { try range.window(now: now) }

  func ask(in context: QuestionContext) throws {
    let selector = try incarnations.namespace(namespace, now: context.now)
    let window = try range.window(now: context.now)
    let formatter = SummaryFormatter(zone: context.zone)
    try context.list("members", MemberColumns.all(context.zone), rows, naming: [selector.process]) {
      reader, _ in
      let summaries = try reader.namespaces(selector, in: window)
      let folded = FoldedMembers()
      return ListedAnswer(
        time: .window(window),
        head: { caveats in
          (
            [caveats.json, ("namespaces", .array(summaries.map(formatter.json)))],
            summaries.map(formatter.line)
          )
        },
        rows: { printer in
          func add(_ member: Member) -> Bool {
            guard isFolded(context), member.namespace.isInitial == true else {
              return printer.add(member, of: member.process)
            }
            folded.add(member)
            return printer.add([], of: nil)
          }
          try reader.members(of: selector, in: window, add)
          try reader.parents(of: selector, in: window, add)
        },
        others: { help in
          for line in folded.lines { context.say(line) }
          try help.say(othersOf: selector)
        },
        ifEmpty: { help in
          if summaries.isEmpty, try reader.namespaces(selector).isEmpty {
            return try help.say(nothingOf: selector)
          }
          context.say("no process was seen in it then")
        })
    }
  }
}

extension QueryMembers {
  /// Whether the processes of initial namespaces are only counted: for a user who sees the table, and did not say how
  /// much of it to print.
  fileprivate func isFolded(_ context: QuestionContext) -> Bool {
    context.console.isTerminal && context.format == .table && !all && !options.pager
      && rows.limit == nil && rows.sort == nil
  }
}

/// Counts the members of initial namespaces that a listing leaves out.
private final class FoldedMembers {
  private var namespaces: [NamespaceRecord] = []
  private var rows: [Int64: Int] = [:]
  private var processes: [Int64: Set<Int64>] = [:]

  func add(_ member: Member) {
    let id = member.namespace.id
    if rows[id] == nil { namespaces.append(member.namespace) }
    rows[id, default: 0] += 1
    processes[id, default: []].insert(member.process.id)
  }

  /// The messages, one for each namespace.
  var lines: [String] {
    namespaces.map { namespace in
      let count = processes[namespace.id]?.count ?? 0
      let lines = RecordingFormatter.count(rows[namespace.id] ?? 0, "row", "rows")
      return """
        \(namespace.text) had \(RecordingFormatter.count(count, "process", "processes")), as nearly all processes \
        of the host are in it: --all prints their \(lines), --limit 20 the first of them
        """
    }
  }
}

/// The columns of the members of namespaces.
enum MemberColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<Member>] {
    let identity: [Column<Member>] = NamespaceColumns.identity({ $0.namespace }, note: note)
    let times: [Column<Member>] = TimeColumns.all(
      zone, from: { $0.from }, until: { $0.until }, beginning: { $0.beginning }, end: { $0.end })
    let link = Column<Member>("link", in: .data) { .string("\($0.link.fileName)") }
    return identity + [link] + ProcessColumns.all(showsContainer: true) { $0.process } + times
  }

  /// Returns the note for a process that is not in the namespace itself, but whose children start in it.
  private static func note(_ member: Member) -> String {
    member.link == member.namespace.type.link ? "" : ", children of"
  }
}

/// The columns that identify the namespace of a row.
enum NamespaceColumns {
  static func identity<Row>(
    _ namespace: @escaping (Row) -> NamespaceRecord,
    note: @escaping (Row) -> String = { _ in "" }
  ) -> [Column<Row>] {
    [
      Column("namespace", cell: { .init(text: namespace($0).name + note($0)) }) {
        .string(namespace($0).name)
      },
      Column("type", in: .data) { .string(namespace($0).type.name) },
      Column("inode", in: .data) { .unsigned(namespace($0).inode) },
      Column("id", in: .data) { .optional(namespace($0).kernelID, JSON.unsigned) },
      Column("initial", in: .data) { .optional(namespace($0).isInitial, JSON.bool) },
    ]
  }
}
