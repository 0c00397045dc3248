internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query shared`: did any process of one group ever share a namespace with any of another?
struct QueryShared: QuestionCommand {
  static let configuration = CommandConfiguration(
    commandName: "shared",
    abstract:
      "Show whether any process of one group ever shared a namespace with any of another, and when.",
    discussion: """
      nshist query shared container:web container:db --since -1h
      nshist query shared container:web host --type net,mnt
      nshist query shared net@4711 comm:nginx

      For each type: shared, by whom, with whom and when; never, if kernel events cover all that every process \
      of both groups did; or unknown, with the reasons, for how long and of whom. A bare PID means the process \
      that had it last: if nobody observed who had it after that, the answer is not never. PID@TIME means one \
      process alone. A process is not compared with itself. A namespace is asked about by its own type unless \
      --type says others; its group is then the processes that were in it, while they were.

      Exit status: 0 shared at some time, 1 never in every type asked for, 2 otherwise.
      """)

  @Argument(
    help: ArgumentHelp(GroupArguments.help, valueName: "group"), completion: Completions.process)
  var groups: [String]

  @Flag(
    help: """
      In a table, list every time and process: also what containers usually share with the host, and processes of no \
      known container with the names of container engines' tools.
      """)
  var all = false

  @OptionGroup var options: ComparisonOptions

  func validate() throws {
    guard groups.count > 1 else { throw ValidationError("give at least two groups") }
  }

  func window(now: WallTime) throws -> TimeWindow { try options.window(now: now) }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let asked = try groups.map { try GroupArguments(inside: options.inside, now: now).group($0) }
    guard Set(asked).count == asked.count else {
      throw ValidationError("a group was given twice; give different ones")
    }
    let types =
      options.type.given.isEmpty ? GroupArguments.types(of: asked) : try options.type.types()
    let moment = try options.moment(now: now)
    let window =
      try moment.map { TimeWindow(since: $0, until: $0) } ?? options.range.window(now: now)
    let (reader, help) = try context.open(naming: asked.map(\.process))
    let zone = context.zone
    let answer = try reader.shared(SharedQuestion(asked, in: window, types: types))
    context.console.messages.stopProgress()
    for (group, found) in zip(groups, answer.groups) where found.isTooLarge {
      throw ValidationError(
        """
        '\(group)' is \(found.processes) processes in that time: more than \(SharedQuestion.most) of a \
        group are not compared, for where each was is kept in memory; narrow it down with --at, --since \
        and --until
        """)
    }
    try refuseOneProcess(answer)
    for (group, found) in zip(asked, answer.groups) where found.processes == 0 {
      try sayNothing(of: group, found, window, help)
    }
    let caveats = try help.caveats(in: window, isToLastSample: moment == nil)
    try help.say(caveats, in: window, isEmpty: false, present: "nshist check")
    let names = zip(groups, answer.groups).map { GroupName(text: $0, group: $1) }
    let limits = CaveatFormatter(caveats: caveats.caveats + answer.caveats, zone: zone)
    let text = SharedFormatter(
      answer: answer, names: names, window: window, isMoment: moment != nil, zone: zone,
      caveats: limits.caveats, colours: context.console.colours, extent: all ? .all : .brief)
    let nameless = NamelessContainers(context.console.messages)
    for group in answer.groups { nameless.note(group.process) }
    nameless.say()
    let output = try context.output()
    if context.format == .json {
      let document = SharedJSON(answer: answer, given: groups, caveats: limits)
      try output.write(document.json.pretty + "\n")
      try output.finish()
    } else {
      let isTable = context.format == .table
      let rows = answer.types.flatMap { SharedRow.rows($0, grouped: isTable) }
      let listing = Listing(
        "types", wide: SharedColumns(given: groups).all, showing: rows, to: output, context.format)
      try listing.begin([], lines: isTable ? text.header : [])
      _ = rows.allSatisfy(listing.add)
      try listing.end(lines: isTable ? text.footer : [])
    }
    throw ExitStatus.of(answer.verdict)
  }

  /// Rejects groups that are all the same single process, or threads of it: a process is not compared with itself.
  private func refuseOneProcess(_ answer: SharedAnswer) throws {
    let own = answer.groups.compactMap(\.onlyProcess)
    guard own.count == answer.groups.count, Set(own).count == 1 else { return }
    let pid = answer.groups[0].process?.pid ?? 0
    let isSame = Set(answer.groups.compactMap(\.process?.id)).count == 1
    throw ValidationError(
      isSame
        ? "all groups are one process, PID \(pid); give another"
        : "all groups are threads of one process, PID \(pid), and count as that; ask nshist query same"
    )
  }

  private func sayNothing(
    of group: SharedQuestion.Group, _ found: SharedAnswer.Group, _ window: TimeWindow,
    _ help: EmptyResultHelp
  ) throws {
    switch group {
    case .processes(let selector): try help.say(nothingOf: selector, in: window)
    case .namespace(let selector): if !found.isKnown { try help.say(nothingOf: selector) }
    case .host: break
    }
  }
}

extension SharedQuestion.Group {
  /// The selector of processes that defines the group; nil if something else defines it.
  fileprivate var process: ProcessSelector? {
    switch self {
    case .processes(let selector): selector
    case .namespace(let selector): selector.process
    case .host: nil
    }
  }
}
