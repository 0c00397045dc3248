internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query processes`: every process at a time.
struct QueryProcesses: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "processes",
    abstract: "Show every process at a time, with its namespaces.",
    discussion: """
      nshist query processes --at 10:42
      nshist query processes --at 10:42 --namespace net:4026532281 --uid 33
      """)

  @OptionGroup var moment: MomentOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var type: TypeOption

  @Option(
    help: ArgumentHelp(
      "Only those in this namespace. \(SelectorArguments.namespaceHelp)", valueName: "namespace"))
  var namespace: String?

  @Option(
    name: .customLong("pid"),
    help: ArgumentHelp("Only these. \(SelectorArguments.processHelp)", valueName: "process"),
    completion: Completions.process)
  var process: String?

  @Option(help: ArgumentHelp("Only those of this user, by number.", valueName: "uid"))
  var uid: UInt32?

  @Option(help: ArgumentHelp("Only those with this name.", valueName: "name"))
  var comm: String?

  @Option(
    help: ArgumentHelp(
      "Only those of containers, by name or the beginning of an id.", valueName: "container"),
    completion: Completions.container)
  var container: String?

  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  func validate() throws {
    guard inside.container != nil, process == nil else { return }
    throw ValidationError(
      "--in says in whose PIDs --pid is given; give --pid too, or --container to list its processes"
    )
  }

  static var columnNames: [String] {
    ProcessMomentColumns.all(NamespaceType.allCases, isChosen: true).map(\.key)
  }

  func window(now: WallTime) throws -> TimeWindow {
    let time = try moment.time(now: now)
    return TimeWindow(since: time, until: time)
  }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let time = try moment.time(now: now)
    let types = try type.types()
    var selectors = try [process].compactMap(\.self).map { try inside.process($0, now: now) }
    if let comm { selectors.append(.comm(comm)) }
    if let container {
      selectors.append(try SelectorArguments.process("container:\(container)", now: now))
    }
    let selected = try namespace.map { try inside.incarnations.namespace($0, now: now) }
    try context.list(
      "processes", ProcessMomentColumns.all(types, isChosen: !type.given.isEmpty), rows,
      naming: selectors + [selected?.process]
    ) { reader, _ in
      let answer = try reader.processes(at: time)
      let namespaceRows = try selected.map { Set(try reader.namespaces($0).map(\.namespace.id)) }
      let matchers = try selectors.map { try reader.matcher($0) }
      let formatter = MomentFormatter(time: time, samples: answer.samples, zone: context.zone)
      return ListedAnswer(
        time: .moment(time, moment, samples: answer.samples, recorded: answer.recorded),
        head: { (formatter.json + [$0.json], formatter.lines) },
        rows: { printer in
          _ = answer.processes.lazy.filter { process in
            matchers.allSatisfy { $0(process.process) } && hasUser(process.process)
              && (namespaceRows.map { process.isIn($0) } ?? true)
          }.allSatisfy { printer.add($0, of: $0.process) }
        },
        others: { help in if let selected { try help.say(othersOf: selected) } },
        ifEmpty: { help in
          if let selected, namespaceRows?.isEmpty == true {
            try help.say(nothingOf: selected)
          } else if let nobody = zip(selectors, matchers).first(where: { _, matches in
            !answer.processes.contains { matches($0.process) }
          }) {
            try help.say(nothingOf: nobody.0, in: TimeWindow(since: time, until: time))
          }
        })
    }
  }

  /// Whether the user of the process is, or may be, the one asked for.
  private func hasUser(_ process: ProcessRecord) -> Bool {
    guard let uid else { return true }
    return process.possibleDescriptions.contains { $0.uid == Int64(uid) }
  }
}

extension ProcessAtMoment {
  /// Whether the process was, or may have been, in one of these namespaces.
  fileprivate func isIn(_ namespaces: Set<Int64>) -> Bool {
    links.values.contains {
      $0.namespaces.contains { namespaces.contains($0.id) }
    }
  }
}
