internal import NamespaceModel
internal import ArgumentParser
internal import NSHistory

/// A command that asks the history one question. The command parses its options and names the question;
/// `QuestionContext` does the rest.
protocol QuestionCommand: ConsoleCommand {
  associatedtype Options: QuestionOptions
  var options: Options { get }
  /// Returns the time that the question is about. By default, all of the history.
  func window(now: WallTime) throws -> TimeWindow
  /// Asks the question, and prints the answer.
  func ask(in context: QuestionContext) throws
}

extension QuestionCommand {
  func window(now: WallTime) throws -> TimeWindow { TimeWindow() }

  func run(on console: Console) throws {
    let window = try window(now: console.now)
    try ask(in: QuestionContext(console: console, options: options, window: window))
  }
}

/// What every question needs: the time, the history, the output, and the help for an empty answer.
struct QuestionContext {
  let console: Console
  let options: any QuestionOptions
  /// The time that the question is about.
  let window: TimeWindow

  var now: WallTime { console.now }
  var zone: TimeZoneChoice { options.zone }
  var format: AnswerFormat { options.format }

  func say(_ message: String) { console.messages.say(message) }

  /// Opens the history. Throws an error if it does not hold a name or a container of a selector.
  func open(naming selectors: [ProcessSelector?] = []) throws -> (HistoryReader, EmptyResultHelp) {
    // A process may be named by a time outside of that of the question.
    var window = window
    for alive in selectors.compactMap({ $0?.alive }) {
      window.since = window.since.map { min($0, alive) }
      window.until = window.until.map { max($0, alive) }
    }
    let reader = try options.reader(console, about: window)
    for selector in selectors { try reader.requireKnown(selector) }
    let help = EmptyResultHelp(reader: reader, zone: zone, messages: console.messages, now: now)
    return (reader, help)
  }

  /// Opens the output.
  func output() throws -> Output { try Output(console, pages: options.pager) }

  /// Prints a listing. The names of its columns are checked before the history is opened.
  ///
  /// - Parameters:
  ///   - key: what JSON calls the rows.
  ///   - rows: the options that select columns and rows.
  ///   - isOpenEnded: whether rows come as they are recorded.
  ///   - selectors: the processes that the user named.
  ///   - ask: asks the history, and returns the answer.
  func list<Row>(
    _ key: String, _ columns: [Column<Row>], _ rows: RowOptions, isOpenEnded: Bool = false,
    naming selectors: [ProcessSelector?],
    _ ask: (HistoryReader, EmptyResultHelp) throws -> ListedAnswer<Row>
  ) throws {
    var arrangement = try rows.arrangement(of: columns, format)
    arrangement.isOpenEnded = isOpenEnded
    let (reader, help) = try open(naming: selectors)
    let answer = try ask(reader, help)
    let caveats = try answer.time.caveats(help)
    let listing = Listing(key, columns, arrangement, to: try output(), format)
    let head = answer.head(caveats)
    try listing.begin(head.json, lines: head.lines)
    let printer = RowPrinter(listing, console.messages)
    try answer.rows(printer)
    try listing.end()
    printer.containers.say()
    try answer.time.say(caveats, help, isEmpty: printer.isEmpty)
    try answer.others(help)
    guard printer.isEmpty else { return try answer.time.endFuture(help) }
    try answer.ifEmpty(help)
    try answer.time.endEmpty(caveats, help, of: selectors.compactMap(\.self))
  }
}

/// The answer to a question whose answer is a listing: its rows, and the text around them.
struct ListedAnswer<Row> {
  /// The part of a listing above its rows: the keys of JSON, and the lines of a table.
  typealias Head = (json: [(String, JSON)], lines: [String])

  let time: AnswerTime
  var head: (CaveatFormatter) -> Head = { ([$0.json], []) }
  /// Passes each row to the printer.
  let rows: (RowPrinter<Row>) throws -> Void
  /// Prints on standard error which other processes had a PID that the user gave.
  var others: (EmptyResultHelp) throws -> Void = { _ in }
  /// Prints on standard error why there is no row.
  var ifEmpty: (EmptyResultHelp) throws -> Void = { _ in }
}

/// The time that an answer is about, which decides what limits the answer and what an empty answer means.
enum AnswerTime {
  /// A window. An empty answer about one process, namespace or container is unknown if only samples were taken.
  case window(TimeWindow, isOfOne: Bool = true)
  /// A moment, with the samples around it and the time that is recorded.
  case moment(
    WallTime, MomentOption, samples: [SameAnswer.SampleGap], recorded: ClosedRange<WallTime>?)

  func caveats(_ help: EmptyResultHelp) throws -> CaveatFormatter {
    switch self {
    case .window(let window, _): try help.caveats(in: window)
    case .moment(let time, let option, _, _): try help.caveats(at: time, option)
    }
  }

  /// Prints on standard error what limits the answer.
  func say(_ caveats: CaveatFormatter, _ help: EmptyResultHelp, isEmpty: Bool) throws {
    switch self {
    case .window(let window, _): try help.say(caveats, in: window, isEmpty: isEmpty)
    case .moment(let time, _, let samples, let recorded):
      try help.say(caveats, time, samples, recorded)
    }
  }

  /// Throws the exit status `unknown` for a moment in the future: rows of the last sample say nothing about it.
  func endFuture(_ help: EmptyResultHelp) throws {
    guard case .moment(let time, _, _, let recorded?) = self, help.future(time, recorded) != nil
    else { return }
    throw ExitCode(ExitStatus.unknown)
  }

  /// Throws the exit status of an empty answer, if that is not success.
  func endEmpty(
    _ caveats: CaveatFormatter, _ help: EmptyResultHelp, of selectors: [ProcessSelector]
  ) throws {
    switch self {
    case .window(let window, let isOfOne):
      try help.endEmptyThroughTime(caveats, of: selectors, in: window, isOfOne: isOfOne)
    case .moment(let time, _, _, _):
      try help.endEmpty(caveats, of: selectors, in: TimeWindow(since: time, until: time))
    }
  }
}

/// Prints the rows of an answer, and collects the containers without a name.
final class RowPrinter<Row> {
  private let listing: Listing<Row>
  let containers: NamelessContainers
  /// Whether the answer has nothing to show.
  private(set) var isEmpty = true

  init(_ listing: Listing<Row>, _ messages: Messages) {
    self.listing = listing
    containers = NamelessContainers(messages)
  }

  /// Whether as many rows were printed as the user wants at most.
  var isFull: Bool { listing.isFull }

  /// Writes the rows so far, so that the user sees them now.
  func flush() throws { try listing.flush() }

  /// Writes a line between the rows of a table; calls `otherwise` in a machine format.
  func note(_ line: String, otherwise: () -> Void) throws {
    try listing.note(line, otherwise: otherwise)
  }

  /// Prints a row about a process. Returns false if no more rows are wanted.
  func add(_ row: Row, of process: ProcessRecord?) -> Bool { add([row], of: process) }

  /// Prints the rows about a process, of which there may be none. Returns false if no more rows are wanted.
  func add(_ rows: [Row], of process: ProcessRecord?) -> Bool {
    isEmpty = false
    containers.note(process)
    return rows.allSatisfy(listing.add)
  }
}
