internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query members`: shows which processes were in a namespace, and when.
struct QueryMembers: QuestionCommand {
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
