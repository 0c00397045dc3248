internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist export`: writes the history as rows for other programs.
struct Export: ConsoleCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Write the history as CSV, TSV or JSON: one row for each process, namespace type and interval; or as a trace.",
    discussion: """
      nshist export --format csv > history.csv
      nshist export --since -1h --pid 10,20 --type net --output net.csv
      nshist export --since -1h --format trace --output hour.json

      A trace is Trace Event JSON, which Perfetto and Chromium open: a process track for each container, and a \
      thread track for each type of each process.
      """)

  @Option(help: "Output format.") var format = ExportFormat.csv

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
    let rows: Int
    if let format = format.ofRows {
      rows = try writeRows(format, filter, of: reader, to: file, console.messages)
    } else {
      rows = try writeTrace(filter, asked, of: reader, to: file, console.messages)
    }
    let help = EmptyResultHelp(
      reader: reader, zone: .local, messages: console.messages, now: now)
    let caveats = try help.caveats(in: window)
    try help.say(caveats, in: window, isEmpty: rows == 0)
    guard rows == 0 else { return }
    console.messages.say("no rows: nothing in \(path) matches")
    try help.endEmpty(caveats)
  }

  /// Writes a row for each process, type and interval. Returns the number of rows.
  private func writeRows(
    _ format: RowFormat, _ filter: ExportFilter, of reader: HistoryReader, to file: OutputFile,
    _ messages: Messages
  ) throws -> Int {
    var writer = ExportWriter(format: format, output: file, messages)
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
    messages.stopProgress()
    if let failure { throw failure }
    try writer.end()
    return writer.rows
  }

  /// Writes a trace: the intervals, then the marks of changes. Returns the number of intervals.
  private func writeTrace(
    _ filter: ExportFilter, _ asked: [ProcessSelector], of reader: HistoryReader,
    to file: OutputFile, _ messages: Messages
  ) throws -> Int {
    var writer = try TraceWriter(
      base: TraceWriter.base(earliest: reader.earliestSample() ?? .zero),
      isPart: !asked.isEmpty || container != nil, output: file, messages)
    try writer.begin()
    var failure: OutputError?
    try reader.exportPieces(filter) { process, piece in
      do throws(OutputError) { try writer.write(process, piece) } catch { failure = error }
      return failure == nil
    }
    let window = TimeWindow(since: filter.since, until: filter.until)
    var questions = asked.map { ChangesQuestion(in: window, types: filter.types, process: $0) }
    if let container {
      questions.append(ChangesQuestion(in: window, types: filter.types, container: container))
    }
    if questions.isEmpty { questions.append(ChangesQuestion(in: window, types: filter.types)) }
    for question in questions where failure == nil {
      do throws(HistoryError) {
        try reader.changes(question) { change in
          do throws(OutputError) { try writer.write(change) } catch { failure = error }
          return failure == nil
        }
      } catch {
        guard error.kind == .outsideSlice else { throw error }
        messages.say("the trace has no marks of changes, because this slice has not all processes")
      }
    }
    messages.stopProgress()
    if let failure { throw failure }
    try writer.end()
    return writer.rows
  }
}

/// The format of an export: rows, or a trace.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
  case csv, tsv, json, ndjson, trace

  /// The format of rows; nil for a trace.
  var ofRows: RowFormat? { RowFormat(rawValue: rawValue) }
}

/// The format of the rows of an export.
enum RowFormat: String, CaseIterable {
  case csv, tsv, json, ndjson
}
