internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query same`: shows whether processes were in the same namespaces.
struct QuerySame: QuestionCommand {
  static let configuration = CommandConfiguration(
    commandName: "same",
    abstract: "Show whether processes shared namespaces: same, different or unknown, and why.",
    discussion: """
      nshist query same 10 20 --at 10:42
      nshist query same 10 20 30 --since -1h --type net,mnt --format json

      All processes are compared together. To ask whether any process of one group ever shared with any of \
      another: nshist query shared.

      Exit status: 0 same in every type asked for, throughout the time asked for; 1 different in at \
      least one, at some time; 2 none different but at least one unknown.
      """)

  @Argument(
    help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"),
    completion: Completions.process)
  var processes: [String]

  @OptionGroup var options: ComparisonOptions

  func validate() throws {
    let isSeveral =
      processes.count > 1 || options.inside.container != nil
      || ["comm:", "container:"].contains { processes.first?.hasPrefix($0) == true }
      || processes.first?.contains("@pid") == true
    guard isSeveral else { throw ValidationError("give at least two PIDs") }
  }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let asked = try processes.map { try options.inside.process($0, now: now) }
    guard Set(asked).count == asked.count else {
      throw ValidationError("a PID was given twice; give different ones, or times with PID@TIME")
    }
    let time = try time(now)
    let types = try options.type.types()
    let (reader, help) = try context.open(naming: asked)
    guard
      let operands = try SameOperands(reader: reader, time: time, help: help).operands(asked)
    else {
      try ComparisonListing(comparison: Comparison(ofNobody: types), zone: context.zone)
        .print(context.format, on: context.console)
      throw ExitCode(ExitStatus.unknown)
    }
    let question = SameQuestion(pids: operands.selectors, time: time, types: types)
    let answer = try reader.same(question)
    var formatter = SameFormatter(
      question: question, answer: answer, zone: context.zone,
      noSample: answer.recorded == nil ? try reader.noSampleText() : "", now: now)
    for (selector, processes) in zip(operands.selectors, answer.processes) where processes.isEmpty {
      formatter.threadHints[selector.number] = try ThreadHints(reader: reader).text(selector.number)
    }
    var comparison = Comparison(answer, to: question, time: formatter.time)
    comparison.notes = operands.notes + formatter.notes
    comparison.others = operands.others
    if operands.areGroups {
      comparison.who = "all \(operands.selectors.count) processes together"
      comparison.notes.append(
        """
        This is about all of them at once. Whether any of one group ever shared with any of another: \
        nshist query shared \(processes.joined(separator: " ")).
        """)
    }
    context.console.messages.stopProgress()
    for warning in formatter.warnings { context.say(warning) }
    let nameless = NamelessContainers(context.console.messages)
    for process in answer.processes.joined() { nameless.note(process) }
    nameless.say()
    try ComparisonListing(comparison: comparison, zone: context.zone)
      .print(context.format, on: context.console)
    throw ExitStatus.of(answer.verdict)
  }

  private func time(_ now: WallTime) throws -> SameQuestion.Time {
    if let at = try options.moment(now: now) { return .at(at) }
    let window = try options.range.window(now: now)
    return .range(since: window.since, until: window.until)
  }
}
