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
    guard isSeveral else { throw TimeArguments.tooFewPIDs }
  }

  func window(now: WallTime) throws -> TimeWindow { try options.window(now: now) }

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
    let compared = try SameComparison(
      reader: reader, zone: context.zone, now: now, time: time, types: types
    ).compare(operands, processes)
    let answer = compared.answer
    context.console.messages.stopProgress()
    for warning in compared.warnings { context.say(warning) }
    let nameless = NamelessContainers(context.console.messages)
    for process in answer.processes.joined() { nameless.note(process) }
    nameless.say()
    try ComparisonListing(comparison: compared.comparison, zone: context.zone)
      .print(context.format, on: context.console)
    throw ExitStatus.of(answer.verdict)
  }

  private func time(_ now: WallTime) throws -> SameQuestion.Time {
    if let at = try options.moment(now: now) { return .at(at) }
    let window = try options.range.window(now: now)
    return .range(since: window.since, until: window.until)
  }
}

/// Compares processes, and writes the words around the answer.
struct SameComparison {
  let reader: HistoryReader
  let zone: TimeZoneChoice
  /// The time at which the program started.
  let now: WallTime
  let time: SameQuestion.Time
  let types: [NamespaceType]

  /// An answer, ready to be shown.
  struct Compared {
    let comparison: Comparison
    let answer: SameAnswer
    /// A line for each part of the question that the history does not cover.
    let warnings: [String]
  }

  /// Returns the answer about processes.
  ///
  /// - Parameter given: the processes as the user wrote them.
  func compare(_ operands: SameOperands.Operands, _ given: [String]) throws -> Compared {
    let question = SameQuestion(pids: operands.selectors, time: time, types: types)
    let answer = try reader.same(question)
    var formatter = SameFormatter(
      question: question, answer: answer, zone: zone,
      noSample: answer.recorded == nil ? try reader.noSampleText() : "", now: now)
    for (selector, processes) in zip(operands.selectors, answer.processes) where processes.isEmpty {
      formatter.threadHints[selector.number] = try ThreadHints(reader: reader).text(selector.number)
      formatter.isCut = try reader.hasExpiredBeginning()
    }
    var comparison = Comparison(answer, to: question, time: formatter.time)
    comparison.notes = operands.notes + formatter.notes
    comparison.others = operands.others
    if operands.areGroups {
      comparison.who = "all \(operands.selectors.count) processes together"
      comparison.notes.append(
        """
        This is about all of them at once. Whether any of one group ever shared with any of another: \
        nshist query shared \(given.joined(separator: " ")).
        """)
    }
    return Compared(comparison: comparison, answer: answer, warnings: formatter.warnings)
  }
}

/// Resolves the selectors of `query same` to the processes to compare. A name or a container stands for every
/// process that it matched at the time of the question.
struct SameOperands {
  let reader: HistoryReader
  let time: SameQuestion.Time
  let help: EmptyResultHelp

  /// The largest number of processes to compare. The comparison checks all of them at each change, so more take
  /// too long.
  private static let most = 5000

  /// The resolved processes, with notes about them.
  struct Operands {
    var selectors: [SameQuestion.Selector] = []
    /// Whether a name or container, and not a PID, selected some of the processes.
    var areGroups = false
    /// The number of other processes that had a PID that was given without a time.
    var others: [Comparison.Others] = []
    /// The sentences about `others`.
    var notes: [String] = []
  }

  /// Returns the processes to compare; nil if a selector matches no process, with the reason on standard error.
  func operands(_ asked: [ProcessSelector]) throws -> Operands? {
    var operands = Operands()
    var known: Set<SameQuestion.Selector> = []
    func add(_ selector: SameQuestion.Selector) {
      if known.insert(selector).inserted { operands.selectors.append(selector) }
    }
    var indexes: [Int64: Int] = [:]
    for selector in asked {
      if let one = try single(selector, &operands) {
        add(one)
        continue
      }
      let meant = try processes(selector)
      guard !meant.isEmpty else {
        try help.say(nothingOf: selector, in: window)
        return nil
      }
      if selector.latestPID == nil { operands.areGroups = true }
      try note(othersOf: selector, &operands)
      for one in meant {
        // The comparison covers the process while it matched any of the given names.
        if let index = indexes[one.id] {
          operands.selectors[index].names.insert(selector)
          continue
        }
        var operand = SameQuestion.Selector(one.number, process: one.id)
        operand.names = [selector]
        indexes[one.id] = operands.selectors.count
        operands.selectors.append(operand)
      }
    }
    // Removes a process that a name selected if its PID was given too: the PID covers it under any name.
    let plain = operands.selectors.filter(\.names.isEmpty)
    operands.selectors.removeAll { named in
      !named.names.isEmpty
        && plain.contains {
          $0.number == named.number
            && ($0.process == named.process || ($0.process == nil && $0.alive == nil))
        }
    }
    let all = operands.selectors
    guard all.count <= Self.most else {
      throw ValidationError(
        """
        that is \(all.count) processes, too many to compare all at once; narrow it down with --at, \
        --since and --until, or ask whether any shared with any: nshist query shared
        """)
    }
    guard all.count >= 2 else {
      throw ValidationError(
        "only one process matches, PID \(all.first?.pid ?? 0); name another one to compare it with")
    }
    return operands
  }

  /// Returns the operand of a selector that stands for one PID or TID; nil if the selector may match any number
  /// of processes.
  private func single(
    _ selector: ProcessSelector, _ operands: inout Operands
  ) throws -> SameQuestion.Selector? {
    switch selector {
    case .pid(let pid, let alive, let within):
      return SameQuestion.Selector(pid: pid, alive: alive, within: within)
    case .thread(let number, let alive, let within):
      return SameQuestion.Selector(number, alive: alive, within: within)
    case .latest(.pid(let pid, _, _)):
      // At one moment, only one process has a PID.
      guard case .range = time else { return SameQuestion.Selector(pid: pid) }
      try note(othersOf: selector, &operands)
      let last = try reader.processes(selector, in: window).last
      return SameQuestion.Selector(pid: pid, process: last?.id)
    default: return nil
    }
  }

  /// Adds a note on how many other processes had a PID that stands for the last of them. Applies to PIDs inside a
  /// container too, because its processes get the same PIDs again after a restart.
  private func note(othersOf selector: ProcessSelector, _ operands: inout Operands) throws {
    guard case .range = time, let pid = selector.latestPID,
      let others = try help.others(of: selector, in: window)
    else { return }
    operands.notes.append("\(others).")
    let count = try reader.otherIncarnations(selector, in: window)
    if count > 0 { operands.others.append(.init(pid: pid, count: count)) }
  }

  private var window: TimeWindow { time.window }

  private func processes(_ selector: ProcessSelector) throws -> [ProcessRecord] {
    guard case .at(let time) = time else {
      return try reader.processes(selector, in: window)
    }
    return try reader.processes(at: time).processes.map(\.process)
      // Excludes processes that entered a container's namespaces from outside.
      .filter(reader.matcher(selector, countsOutsiders: false))
  }
}
