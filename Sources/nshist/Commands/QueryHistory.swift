internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query history`: shows the namespaces of a process over time.
struct QueryHistory: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what a process was, its namespaces from when to when, and what changed.",
    discussion: """
      nshist query history 4711
      nshist query history 4711@10:42 --since -1h --format json
      nshist query history 4711 --at 10:42

      Also of a process that has exited: its name, user, container and parent at the time, how each time \
      began and ended, and whose namespaces it joined. Who entered its container: nshist query changes \
      --container NAME.
      """)

  @Argument(
    help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"),
    completion: Completions.process)
  var process: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only what was at this moment. \(TimeArguments.help)", valueName: "time"))
  var at: String?

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at cannot be combined with --since or --until")
    }
  }

  static var columnNames: [String] { HistoryColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow {
    try TimeArguments.end(at, "--at", now: now).map { TimeWindow(since: $0, until: $0) }
      ?? range.window(now: now)
  }

  func ask(in context: QuestionContext) throws {
    let selector = try inside.process(process, now: context.now)
    let moment = try TimeArguments.end(at, "--at", now: context.now)
    let window =
      try moment.map { TimeWindow(since: $0, until: $0) } ?? range.window(now: context.now)
    try context.list("history", HistoryColumns.all(context.zone), rows, naming: [selector]) {
      reader, _ in
      ListedAnswer(
        time: .window(window),
        rows: { printer in
          try reader.history(selector, in: window) { printer.add($0, of: $0.process) }
        },
        others: { try $0.say(othersOf: selector, in: window) },
        ifEmpty: { try $0.say(nothingOf: selector, in: window) })
    }
  }
}
