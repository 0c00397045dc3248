internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query same`: were these in the same namespaces?
struct QuerySame: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "same",
    abstract: "Tell whether processes shared namespaces: same, different or unknown, and why.",
    discussion: """
      nshist query same 10 20 --at 10:42
      nshist query same 10 20 30 --since -1h --type net,mnt --format json

      All of them at once are compared. Whether any process of one group ever shared with any of \
      another is another question: nshist query shared.

      Exit status: 0 same in every type asked for, throughout the time asked for; 1 different in at \
      least one, at some time; 2 none different but at least one unknown.
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"))
  var processes: [String]

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("At this moment. \(TimeArguments.help)", valueName: "time"))
  var at: String?

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var type: TypeOption
  @Option(help: "How to print it.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @OptionGroup var database: DatabaseOption

  func validate() throws {
    let isSeveral =
      processes.count > 1 || inside.container != nil
      || ["comm:", "container:"].contains { processes.first?.hasPrefix($0) == true }
      || processes.first?.contains("@pid") == true
    guard isSeveral else { throw ValidationError("give at least two PIDs") }
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at is one moment: leave --since and --until out, or --at")
    }
  }

  func run() throws {
    let now = ClockReading.now().wall
    let asked = try processes.map { try inside.process($0, now: now) }
    guard Set(asked).count == asked.count else {
      throw ValidationError("a PID was given twice; give different ones, or times with PID@TIME")
    }
    let time = try time(now)
    let types = try type.types()
    let path = try database.path()
    let reader = try HistoryReader(path: path)
    for selector in asked { try reader.requireKnown(selector) }
    Progress.shared.watch(reader)
    let zone: TimeZoneChoice = utc ? .utc : .local
    guard
      let operands = try SameOperands(reader: reader, time: time, zone: zone).operands(asked)
    else {
      try Comparison(ofNobody: types).print(format, utc: utc)
      throw ExitCode(ExitStatus.unknown)
    }
    let question = SameQuestion(pids: operands.selectors, time: time, types: types)
    let answer = try reader.same(question)
    var words = SameWords(question: question, answer: answer, zone: zone, path: path)
    for (selector, processes) in zip(operands.selectors, answer.processes) where processes.isEmpty {
      words.threadHints[selector.number] = try ThreadHints(reader: reader).words(selector.number)
    }
    var comparison = Comparison(answer, to: question, time: words.time)
    comparison.notes = operands.notes + words.notes
    comparison.others = operands.others
    if operands.areGroups {
      comparison.who = "all \(operands.selectors.count) processes together"
      comparison.notes.append(
        """
        This is about all of them at once. Whether any of one group ever shared with any of another: \
        nshist query shared \(processes.joined(separator: " ")).
        """)
    }
    Progress.shared.stop()
    for warning in words.warnings { Messages.shared.say(warning) }
    let nameless = NamelessContainers()
    for process in answer.processes.joined() { nameless.note(process) }
    nameless.say()
    try comparison.print(format, utc: utc)
    throw ExitStatus.of(answer.verdict)
  }

  private func time(_ now: Int64) throws -> SameQuestion.Time {
    if let at = try TimeArguments.end(at, "--at", now: now) { return .at(at) }
    let window = try range.window(now: now)
    return .range(since: window.since, until: window.until)
  }
}
