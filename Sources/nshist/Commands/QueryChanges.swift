internal import ArgumentParser
internal import Glibc
internal import NSHistory
internal import NamespaceModel

/// `nshist query changes`: shows which processes entered, left or created namespaces.
struct QueryChanges: ListingCommand {
  static let configuration = CommandConfiguration(
    commandName: "changes",
    abstract: "Show who entered, left or made a namespace, in the order of time.",
    discussion: """
      nshist query changes --since -1h
      nshist query changes --namespace net:4026532281 --format csv
      nshist query changes --container web --since -1h
      nshist query changes --mark left-container --quiet-engines
      nshist query changes --follow

      Marked are processes that joined namespaces which others had (joined), those that came \
      from other namespaces into initial ones (left-container), and namespaces that were not known \
      before (created). The last process of a namespace leaves it with last-exit. Starts and exits without a change \
      of namespaces are shown with --pid, --container or --namespace only. With --container they are \
      those of its processes, while they were in it, and of every process that entered its own namespaces from \
      outside: the column CONTAINER says where each of them was.
      """)

  @Option(
    name: .customLong("pid"),
    help: ArgumentHelp(
      "Only of these processes, with all starts and exits. \(SelectorArguments.processHelp)",
      valueName: "process"),
    completion: Completions.process)
  var process: String?

  @Option(
    help: ArgumentHelp(
      "Only of these namespaces, with all who came and left. \(SelectorArguments.namespaceHelp)",
      valueName: "namespace"))
  var namespace: String?

  @Option(
    help: ArgumentHelp(
      """
      Only of a container, by name or the beginning of an id: of its processes, and of everyone who \
      entered its own namespaces.
      """, valueName: "container"),
    completion: Completions.container)
  var container: String?

  @Option(
    help: ArgumentHelp(
      """
      Only with one of these marks: \
      \(NamespaceChange.Mark.allCases.map(\.rawValue).joined(separator: ", ")). Given several times, each counts.
      """, valueName: "mark,..."),
    completion: .list(NamespaceChange.Mark.allCases.map(\.rawValue)))
  var mark: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only of processes of this name. Given several times, each counts.", valueName: "name"))
  var comm: [String] = []

  @Flag(
    help: """
      Omit processes whose names are those of container engines and their tools, but never one that left its \
      container. Any process can use such a name.
      """)
  var quietEngines = false

  @Flag(
    help: """
      In a table, print a row for each change. Otherwise a row is one act: setns(2) calls of one process that \
      follow one another within 0.1 s, or an exit with the namespaces that it leaves empty. JSON and CSV hold each \
      change.
      """)
  var separate = false

  @Flag(
    help: """
      Print each change as it is recorded, until ^C: with --since first those since then, otherwise those from now \
      on. A row is printed once, as it is known at that time.
      """)
  var follow = false

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: QueryOptions

  /// Returns the marks of `--mark`.
  private func marks() throws -> Set<NamespaceChange.Mark> {
    let all = NamespaceChange.Mark.allCases.map(\.rawValue).joined(separator: ", ")
    return Set(
      try mark.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map { name in
        guard let mark = NamespaceChange.Mark(rawValue: String(name)) else {
          throw ValidationError(
            "'\(SystemText.sanitized(String(name)))' is not a mark; the marks are \(all)")
        }
        return mark
      })
  }

  func validate() throws {
    _ = try marks()
    if container != nil, process != nil || namespace != nil {
      throw ValidationError("--container cannot be combined with --pid or --namespace")
    }
    guard follow else { return }
    let excluded = [
      ("--until", range.until != nil), ("--sort", rows.sort != nil), ("--reverse", rows.reverse),
      ("--fleet", options.store.fleet != nil), ("--pager", options.pager),
      ("--format json", options.format == .json),
    ].filter(\.1).map(\.0)
    if let option = excluded.first {
      throw ValidationError("--follow cannot be combined with \(option)")
    }
  }

  static var columnNames: [String] { ChangeColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow { try range.window(now: now) }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let question = ChangesQuestion(
      in: try range.window(now: now), types: try type.types(),
      process: try process.map { try inside.process($0, now: now) },
      namespace: try namespace.map { try inside.incarnations.namespace($0, now: now) },
      container: container)
    let isOfOne = process != nil || namespace != nil || container != nil || !comm.isEmpty
    let marks = try marks()
    try context.list(
      "changes", ChangeColumns.all(context.zone), rows, isOpenEnded: follow,
      naming: [
        question.process, question.namespace?.process, container.map { .container($0) },
      ] + comm.map { .comm($0) }
    ) { reader, help in
      let matchers = try comm.map { try reader.matcher(.comm($0)) }
      let isNamed: ((ProcessRecord) -> Bool)? =
        matchers.isEmpty ? nil : { process in matchers.contains { $0(process) } }
      return ListedAnswer(
        time: .window(question.window, isOfOne: isOfOne),
        rows: { printer in
          var omitted = 0
          var changes = ChangePrinter(
            printer, apart: context.format == .csv,
            combines: context.format == .table && !separate
          ) { change in
            guard isAsked(change, isNamed, marks) else { return false }
            guard quietEngines, EngineTools.made(change) else { return true }
            omitted += 1
            return false
          }
          if follow { return try self.follow(question, reader, &changes, context, help) }
          try reader.changes(question) { changes.add($0) }
          _ = changes.finish()
          if omitted > 0 {
            let changes = RecordingFormatter.count(omitted, "change", "changes")
            help.messages.say(
              "--quiet-engines omitted \(changes) by processes with the names of container engines")
          }
        },
        others: { help in
          if let process = question.process {
            try help.say(othersOf: process, in: question.window)
          }
          if let namespace = question.namespace { try help.say(othersOf: namespace) }
        },
        ifEmpty: { try sayNothing(question, $0) })
    }
  }

  /// Prints each change as it is recorded, and each time in which nothing was, until no more rows are wanted.
  private func follow(
    _ question: ChangesQuestion, _ reader: HistoryReader, _ changes: inout ChangePrinter,
    _ context: QuestionContext, _ help: EmptyResultHelp
  ) throws {
    var reader = reader
    var follower =
      range.since == nil ? try ChangeFollower(fromNowOn: question, of: reader) : ChangeFollower()
    var gaps = GapFollower(
      since: try range.since == nil ? reader.recordedSpan()?.upperBound : question.window.since)
    // Waiting for the next change is no reading.
    context.console.messages.stopProgress()
    if !reader.isRecorded {
      context.say(
        "no recorder has \(reader.path) open; changes are printed when one records into it")
    }
    while true {
      for gap in try gaps.gaps(in: reader) {
        try changes.note("--- \(gap.text(context.zone)) ---") {
          context.say(gap.text(context.zone))
        }
      }
      var isWanted = true
      try follower.changes(question, of: reader) {
        isWanted = changes.add($0)
        return isWanted
      }
      guard isWanted, changes.finish() else { return }
      try changes.flush()
      usleep(500_000)
      // A reader of a file without a recorder does not see what a later one writes.
      if !reader.isRecorded { reader = try HistoryReader(path: reader.path) }
    }
  }

  private func isAsked(
    _ change: NamespaceChange, _ isNamed: ((ProcessRecord) -> Bool)?,
    _ marks: Set<NamespaceChange.Mark>
  ) -> Bool {
    if !marks.isEmpty, marks.isDisjoint(with: change.marks) { return false }
    return isNamed.map { isNamed in change.process.map(isNamed) ?? false } ?? true
  }

  private func sayNothing(_ question: ChangesQuestion, _ help: EmptyResultHelp) throws {
    if let process = question.process ?? container.map({ .container($0) }),
      try !help.reader.isRecorded(process, in: question.window)
    {
      return try help.say(nothingOf: process, in: question.window)
    }
    if let namespace = question.namespace, try help.reader.namespaces(namespace).isEmpty {
      return try help.say(nothingOf: namespace)
    }
    let isFiltered = !mark.isEmpty || !comm.isEmpty || quietEngines
    let none = "no \(isFiltered ? "such " : "")change was recorded"
    guard let span = try help.reader.recordedSpan() else { return help.messages.say(none) }
    let from = TimeFormat.localTime(question.window.since ?? span.lowerBound, help.zone)
    let until = TimeFormat.localTime(question.window.until ?? span.upperBound, help.zone)
    help.messages.say("\(none) from \(from) to \(until)")
  }
}

/// Finds the times in which nothing was recorded, each once, while a recorder writes the history.
private struct GapFollower {
  /// The end of the last gap, or the time from which gaps count.
  private var since: WallTime?

  init(since: WallTime?) { self.since = since }

  /// A time in which nothing was recorded.
  struct Gap {
    let from: WallTime
    let until: WallTime
    let missing: MissingSamples

    func text(_ zone: TimeZoneChoice) -> String {
      let times =
        "\(TimeFormat.localTime(from, zone)) to \(TimeFormat.localTime(until, zone))"
      return "nothing was recorded from \(times): \(missing.words)"
    }
  }

  /// Returns the gaps that ended since the last call, in time order.
  mutating func gaps(in reader: HistoryReader) throws -> [Gap] {
    var gaps: [Gap] = []
    try reader.coverage(in: TimeWindow(since: since, until: nil)) { period in
      if case .gap(let missing) = period.kind, period.until > since ?? .min {
        gaps.append(Gap(from: period.from, until: period.until, missing: missing))
      }
      return true
    }
    if let last = gaps.map(\.until).max() { since = last }
    return gaps
  }
}

/// The programs that start and watch containers.
enum EngineTools {
  /// Command names as the kernel stores them (comm), at most 15 bytes long.
  private static let names: Set<String> = [
    "aardvark-dns", "buildkitd", "catatonit", "conmon", "containerd", "containerd-shim", "crio",
    "crun",
    "docker-init", "docker-proxy", "dockerd", "exe", "fuse-overlayfs", "netavark", "pasta", "pinns",
    "podman", "rootlessport", "runc", "slirp4netns",
  ]

  /// Whether a process with this command name is one of these programs; runc(8) names its stages
  /// `runc:[1:CHILD]`.
  static func contains(_ name: String) -> Bool { names.contains(name) || name.hasPrefix("runc:[") }

  /// Whether a change is one that container engines make by themselves. They are outside of the containers, so that a
  /// process that left the container to which its cgroup belongs is none of them, whatever its name is.
  static func made(_ change: NamespaceChange) -> Bool {
    guard let process = change.process, isNameOf(process) else { return false }
    return process.container == nil || !change.marks.contains(.leftContainer)
  }

  /// Whether every name that a process may have had is that of one of these programs.
  static func isNameOf(_ process: ProcessRecord) -> Bool {
    let names = process.possibleDescriptions.compactMap(\.comm)
    return !names.isEmpty && names.allSatisfy(contains)
  }
}
