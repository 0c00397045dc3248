internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist report`: writes an HTML page that shows processes and their namespaces through time.
struct Report: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one HTML page that shows who was in which namespace, and when.",
    discussion: """
      nshist report container:web container:db --since -1h --output web.html
      nshist report 4711 812 --since 10:00 --until 10:30 --output incident.html
      nshist report --since -1h --output hour.html

      The page is one file that loads nothing: it can be attached to a ticket and opened in any browser, also \
      without JavaScript. Without a process or a namespace, it shows every process that was in a namespace that is \
      not initial, and says how many it leaves out. With several, it begins with their verdict, as nshist query \
      same and nshist query shared give it.
      """)

  @Argument(
    help: ArgumentHelp(
      """
      What the page is about: PIDs, PID@TIME, comm:NAME, container:ID or container:NAME, and namespaces (net@PID, \
      net:INODE, net#ID or a path). Others in their namespaces are shown too.
      """, valueName: "process"),
    completion: Completions.process)
  var selectors: [String] = []

  @Option(
    help: ArgumentHelp(
      "The file to write; - for standard output. It appears only when it is complete, and replaces one that is there.",
      valueName: "path"), completion: .file())
  var output: String

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @Flag(help: "Show times in UTC.") var utc = false
  @OptionGroup var database: DatabaseOption

  func validate() throws {
    if output.isEmpty { throw ValidationError("--output needs a path") }
  }

  func run(on console: Console) throws {
    let zone: TimeZoneChoice = utc ? .utc : .local
    let window = try range.window(now: console.now)
    let groups = try selectors.map {
      try GroupArguments(inside: inside, now: console.now).group($0)
    }
    guard Set(groups).count == groups.count else {
      throw ValidationError("a process or namespace was given twice; give different ones")
    }
    guard !groups.contains(.host) else {
      throw ValidationError(
        "'host' is every process of the host; name a process, a container or a namespace of it")
    }
    let reader = try HistoryReader(path: database.path())
    console.messages.watch(reader)
    let named = groups.compactMap(\.selector)
    for selector in named + groups.compactMap(\.namespace?.process) {
      try reader.requireKnown(selector)
    }
    // The picture and the verdict are of one state of the history, while the recorder goes on.
    try reader.inOneSnapshot {
      try write(from: reader, groups, in: window, zone, on: console)
    }
  }

  private func write(
    from reader: HistoryReader, _ groups: [SharedQuestion.Group], in window: TimeWindow,
    _ zone: TimeZoneChoice, on console: Console
  ) throws {
    let named = groups.compactMap(\.selector)
    let file = try OutputFile(output, or: console.output)
    let report = try reader.report(
      ReportQuestion(in: window, processes: named, namespaces: groups.compactMap(\.namespace)))
    let help = EmptyResultHelp(
      reader: reader, zone: zone, messages: console.messages, now: console.now)
    let caveats = try help.caveats(in: window)
    let author = ReportAuthor(
      reader: reader, report: report, help: help, window: window, given: selectors,
      groups: groups, caveats: caveats, zone: zone, now: console.now)
    let page = try author.page()
    try file.write(page.html())
    try file.finish()
    console.messages.stopProgress()
    try help.say(caveats, in: window, isEmpty: report.lanes.isEmpty)
    for selector in named {
      try help.say(othersOf: selector, in: window)
      if try !reader.isRecorded(selector, in: window) {
        try help.say(nothingOf: selector, in: window)
      }
    }
    for namespace in groups.compactMap(\.namespace) where try reader.namespaces(namespace).isEmpty {
      try help.say(nothingOf: namespace)
    }
    guard report.lanes.isEmpty else { return }
    try help.endEmptyThroughTime(caveats, of: named, in: window, isOfOne: !groups.isEmpty)
  }
}

extension SharedQuestion.Group {
  /// The processes that the user named; nil for a namespace.
  fileprivate var selector: ProcessSelector? {
    if case .processes(let selector) = self { selector } else { nil }
  }

  /// The namespace that the user named; nil for processes.
  fileprivate var namespace: NamespaceSelector? {
    if case .namespace(let selector) = self { selector } else { nil }
  }
}
