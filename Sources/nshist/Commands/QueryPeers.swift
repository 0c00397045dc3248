internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query peers`: shows which processes ever shared a namespace with a process.
struct QueryPeers: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "Show who ever shared a namespace with a process, which, when and for how long.",
    discussion: """
      nshist query peers 4711
      nshist query peers 4711 --type net --initial --since 10:00 --until 11:00

      A table has a row for each container and the types that its processes shared; of processes outside of \
      containers, a row for each name. All processes of a container or name that is asked about count together. \
      --all shows each process. JSON and CSV always have a row for each process and type.
      """)

  @Argument(
    help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"),
    completion: Completions.process)
  var process: String

  @Flag(help: "Count initial namespaces too: those are shared with the host.")
  var initial = false

  @Flag(
    help: """
      In a table, show each process instead of the processes of a container together; so do --columns and --sort.
      """)
  var all = false

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  static var columnNames: [String] { PeerColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow { try range.window(now: now) }

  func ask(in context: QuestionContext) throws {
    let selector = try inside.process(process, now: context.now)
    let window = try range.window(now: context.now)
    let question = PeersQuestion(
      selector, in: window, types: try type.types(), countsInitial: initial)
    func answer<Row>(
      _ rows: @escaping (HistoryReader, RowPrinter<Row>) throws -> Void
    ) -> (HistoryReader, EmptyResultHelp) -> ListedAnswer<Row> {
      { reader, _ in
        ListedAnswer(
          time: .window(window), rows: { try rows(reader, $0) },
          others: { help in
            try help.say(othersOf: selector, in: window)
            if !initial, context.format == .table {
              help.messages.say("initial namespaces are left out; --initial includes them")
            }
          },
          ifEmpty: { try sayNothing(selector, window, $0) })
      }
    }
    let isFolded =
      context.format == .table && !all && rows.columns == nil && rows.sort == nil
    guard isFolded else {
      return try context.list(
        "peers", PeerColumns.all(context.zone), rows, naming: [selector],
        answer { reader, printer in
          try reader.peers(question) { peer in
            printer.add(PeerRow.rows(peer, grouped: context.format == .table), of: peer.peer)
          }
        })
    }
    try context.list(
      "peers", PeerGroupColumns.all(context.zone), rows, naming: [selector],
      answer { reader, printer in
        var sums = PeerSums(isOfGroup: selector.isOfGroup)
        try reader.peers(question) { peer in
          printer.containers.note(peer.peer)
          sums.add(peer)
          return true
        }
        for group in sums.groups { _ = printer.add(group, of: nil) }
      })
  }

  private func sayNothing(
    _ selector: ProcessSelector, _ window: TimeWindow, _ help: EmptyResultHelp
  ) throws {
    guard try help.reader.isRecorded(selector, in: window) else {
      return try help.say(nothingOf: selector, in: window)
    }
    var isRead = false
    try help.reader.history(selector, in: window) { entry in
      isRead = entry.links.values.contains { $0.namespace != nil }
      return !isRead
    }
    guard isRead else {
      help.messages.say("its namespaces could not be read: see nshist query history")
      throw ExitCode(ExitStatus.unknown)
    }
    help.messages.say(
      initial
        ? "no process is proven to have shared a namespace with it"
        : "no process is proven to have shared a namespace with it, initial ones excepted; --initial includes those"
    )
  }
}

extension ProcessSelector {
  /// Whether the selector is a container or a name, of which many processes may be one answer.
  fileprivate var isOfGroup: Bool {
    switch self {
    case .comm, .container: true
    case .latest(let all): all.isOfGroup
    case .pid, .thread, .inner: false
    }
  }
}
