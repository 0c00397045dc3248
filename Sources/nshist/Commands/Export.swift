internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist export`: writes the history as rows for other programs.
struct Export: ConsoleCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Write the history as CSV, TSV or JSON: one row for each process, namespace type and interval.",
    discussion: """
      nshist export --format csv > history.csv
      nshist export --since -1h --pid 10,20 --type net --output net.csv
      """)

  @Option(help: "Output format.") var format = RowFormat.csv

  @Option(
    help: ArgumentHelp(
      "Write to this file instead of standard output. The file appears only when it is complete.",
      valueName: "path"), completion: .file())
  var output: String?

  @Option(
    name: .customLong("pid"),
    help: ArgumentHelp(
      "Only these processes, with their threads. \(SelectorArguments.processHelp)",
      valueName: "process,..."),
    completion: Completions.process)
  var pids: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only processes of containers, by name or the beginning of an id.", valueName: "container"),
    completion: Completions.container)
  var container: String?

  @OptionGroup var range: RangeOption
  @OptionGroup var type: TypeOption
  @OptionGroup var database: DatabaseOption

  func validate() throws {
    if let output, output.isEmpty { throw ValidationError("--output needs a path") }
  }

  func run(on console: Console) throws {
    let now = console.now
    let window = try range.window(now: now)
    let asked = try pids.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      .map { try SelectorArguments.process(String($0), now: now) }
    var filter = ExportFilter(
      since: window.since, until: window.until, container: container, types: try type.types())
    let path = try database.path()
    let reader = try HistoryReader(path: path)
    try reader.requireKnown(container.map { .container($0) })
    for selector in asked { try reader.requireKnown(selector) }
    console.messages.watch(reader)
    for selector in asked {
      switch selector {
      case .pid(let pid, nil, _): filter.pids.insert(pid)
      case .comm, .container: filter.names.insert(selector)
      default:
        filter.tasks = try (filter.tasks ?? []).union(reader.processes(selector).map(\.id))
      }
    }
    let file = try OutputFile(output, or: console.output)
    file.expectMuch()
    var writer = ExportWriter(format: format, output: file, console.messages)
    try writer.begin()
    var failure: OutputError?
    do {
      try reader.exportPieces(filter) { process, piece in
        do throws(OutputError) { try writer.write(process, piece) } catch { failure = error }
        return failure == nil
      }
    } catch {
      try writer.breakOff()
      throw error
    }
    console.messages.stopProgress()
    if let failure { throw failure }
    try writer.end()
    let help = EmptyResultHelp(
      reader: reader, zone: .local, messages: console.messages, now: now)
    let caveats = try help.caveats(in: window)
    try help.say(caveats, in: window, isEmpty: writer.rows == 0)
    guard writer.rows == 0 else { return }
    console.messages.say("no rows: nothing in \(path) matches")
    try help.endEmpty(caveats)
  }
}

/// The output format of an export.
enum RowFormat: String, ExpressibleByArgument, CaseIterable {
  case csv, tsv, json, ndjson
}
