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
      a socket); and what keeps it now.
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.namespaceHelp, valueName: "namespace"))
  var namespace: String

  @OptionGroup var incarnations: IncarnationsOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  static var columnNames: [String] { MemberColumns.all(.utc).map(\.key) }

  func ask(in context: QuestionContext) throws {
    let selector = try incarnations.namespace(namespace, now: context.now)
    let window = try range.window(now: context.now)
    let formatter = SummaryFormatter(zone: context.zone)
    try context.list("members", MemberColumns.all(context.zone), rows, naming: [selector.process]) {
      reader, _ in
      let summaries = try reader.namespaces(selector, in: window)
      return ListedAnswer(
        time: .window(window),
        head: { caveats in
          (
            [caveats.json, ("namespaces", .array(summaries.map(formatter.json)))],
            summaries.map(formatter.line)
          )
        },
        rows: { printer in
          try reader.members(of: selector, in: window) { printer.add($0, of: $0.process) }
          try reader.parents(of: selector, in: window) { printer.add($0, of: $0.process) }
        },
        others: { try $0.say(othersOf: selector) },
        ifEmpty: { help in
          if summaries.isEmpty, try reader.namespaces(selector).isEmpty {
            return try help.say(nothingOf: selector)
          }
          context.say("no process was seen in it then")
        })
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
