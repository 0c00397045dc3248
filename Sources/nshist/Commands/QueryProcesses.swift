internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query processes`: every process at a time.
struct QueryProcesses: ParsableCommand {
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
    help: ArgumentHelp("Only these. \(SelectorArguments.processHelp)", valueName: "process"))
  var process: String?

  @Option(help: ArgumentHelp("Only those of this user, by number.", valueName: "uid"))
  var uid: UInt32?

  @Option(help: ArgumentHelp("Only those with this name.", valueName: "name"))
  var comm: String?

  @Option(
    help: ArgumentHelp(
      "Only those of containers, by name or the beginning of an id.", valueName: "container"))
  var container: String?

  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func validate() throws {
    guard inside.container != nil, process == nil else { return }
    throw ValidationError(
      "--in says in whose PIDs --pid is given; give --pid too, or --container to list its processes"
    )
  }

  func run() throws {
    let now = ClockReading.now().wall
    let time = try moment.time(now: now)
    let types = try type.types()
    var selectors = try [process].compactMap(\.self).map {
      try inside.process($0, now: now)
    }
    if let comm { selectors.append(.comm(comm)) }
    if let container {
      selectors.append(try SelectorArguments.process("container:\(container)", now: now))
    }
    let place = try namespace.map { try inside.incarnations.namespace($0, now: now) }
    let all = ProcessMomentColumns.all(types, isChosen: !type.given.isEmpty)
    let arrangement = try rows.arrangement(of: all, options.format)

    let reader = try options.reader()
    for selector in selectors + [place?.process].compactMap(\.self) {
      try reader.requireKnown(selector)
    }
    let answer = try reader.processes(at: time)
    let places = try place.map { place in
      Set(try reader.namespaces(place).map(\.namespace.id))
    }
    let matchers = try selectors.map { try reader.matcher($0) }
    let listing = Listing(
      "processes", all, arrangement, to: try options.output(), options.format)
    let words = MomentFormatter(time: time, samples: answer.samples, zone: options.zone)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(at: time, moment)
    try listing.begin(words.json + [caveats.json], lines: words.lines)
    let nameless = NamelessContainers()
    _ = answer.processes.lazy.filter { process in
      matchers.allSatisfy { $0(process.process) }
        && (uid.map { uid in
          process.process.possibleDescriptions.contains { $0.uid == Int64(uid) }
        } ?? true)
        && (places.map { process.isIn($0) } ?? true)
    }.allSatisfy { process in
      nameless.note(process.process)
      return listing.add(process)
    }
    try listing.end()
    nameless.say()
    try hints.say(caveats, time, answer.samples, answer.recorded)
    if let place { try hints.say(othersOf: place) }
    guard listing.rows == 0 else { return }
    if let place, places?.isEmpty == true {
      try hints.say(nothingOf: place)
    } else if let nobody = zip(selectors, matchers).first(where: { _, matches in
      !answer.processes.contains { matches($0.process) }
    }) {
      try hints.say(nothingOf: nobody.0, in: TimeWindow(since: time, until: time))
    }
    try hints.endEmpty(caveats, of: selectors)
  }
}

extension ProcessAtMoment {
  /// Whether the process was, or may have been, in one of these namespaces.
  fileprivate func isIn(_ namespaces: Set<Int64>) -> Bool {
    places.values.contains { place in
      place.namespaces.contains { namespaces.contains($0.id) }
    }
  }
}
