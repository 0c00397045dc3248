internal import ArgumentParser
internal import NSFleet
internal import NSHistory
internal import NamespaceModel

/// `nshist fleet search`: finds something over all hosts of a store.
struct SearchFleet: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find a container, a name, a namespace or a mark over all hosts of a store.",
    discussion: """
      nshist fleet search postgresql:///?service=fleet --container web --since -1h
      nshist fleet search postgresql:///?service=fleet --mark left-container

      Exit status: 0 found on some host, 1 on none, 2 if a host has not shipped all of the time asked about, so that \
      something may be missing.
      """)

  @Argument(help: ArgumentHelp("The URI of the store.", valueName: "uri"))
  var uri: String

  @Option(
    help: ArgumentHelp(
      "A container, by name or the beginning of its id.", valueName: "container"))
  var container: String?

  @Option(
    help: ArgumentHelp(
      "Processes of this name: the one that each had last.", valueName: "name"))
  var comm: String?

  @Option(
    help: ArgumentHelp(
      "Namespaces: net:4026532281 by inode number, or net#4107 by the kernel's id.",
      valueName: "namespace"))
  var namespace: String?

  @Option(
    help: ArgumentHelp(
      """
      Changes with this mark: \
      \(NamespaceChange.Mark.allCases.map(\.rawValue).joined(separator: ", ")).
      """, valueName: "mark"),
    completion: .list(NamespaceChange.Mark.allCases.map(\.rawValue)))
  var mark: String?

  @OptionGroup var range: RangeOption
  @Option(help: ArgumentHelp("Print at most this many rows.", valueName: "count"))
  var limit: Int?
  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false

  func validate() throws {
    guard [container, comm, namespace, mark].compactMap(\.self).count == 1 else {
      throw ValidationError("give one of --container, --comm, --namespace and --mark")
    }
    if let limit, limit < 1 {
      throw ValidationError("--limit must be 1 or more, not \(limit)")
    }
    if let mark, NamespaceChange.Mark(rawValue: mark) == nil {
      let all = NamespaceChange.Mark.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError(
        "'\(SystemText.sanitized(mark))' is not a mark; the marks are \(all)")
    }
    guard container != "", comm != "" else { throw ValidationError("there is nothing to search") }
  }

  private func target(_ now: WallTime) throws -> FleetSearch.Target {
    if let container { return .container(container) }
    if let comm { return .comm(comm) }
    if let mark { return .mark(mark) }
    switch try SelectorArguments.namespace(namespace ?? "", now: now) {
    case .inode(let type, let number): return .inode(type, number)
    case .kernelID(let type, let number): return .kernelID(type, number)
    default:
      throw ValidationError(
        "--namespace needs net:4026532281 or net#4107, which all hosts can have")
    }
  }

  func run(on console: Console) throws {
    let window = try range.window(now: console.now)
    let search = FleetSearch(
      try target(console.now), since: window.since ?? .zero, until: window.until ?? console.now)
    let connection = try FleetConnection(uri)
    let listing = Listing(
      "matches", columns(utc ? .utc : .local), to: try Output(console, pages: false), format)
    try listing.begin([])
    var found = 0
    try connection.run("search") { (store) throws(FleetError) in
      try search.run(in: store) { match in
        found += 1
        return listing.add(match) && found < limit ?? .max
      }
    }
    try listing.end()
    let behind = try connection.run("read") { (store) throws(FleetError) in
      try store.histories()
    }.filter { !$0.isWhole || $0.reached < search.until && window.until != nil }
    if !behind.isEmpty {
      let names = Set(behind.map { SystemText.sanitized($0.host ?? $0.uuid) }).sorted()
      console.messages.say(
        "not all of that time is in the store yet for \(names.joined(separator: ", "))")
      throw ExitCode(ExitStatus.unknown)
    }
    if found == 0 { throw ExitCode(ExitStatus.never) }
  }

  private func columns(_ zone: TimeZoneChoice) -> [Column<FleetSearch.Match>] {
    func text(_ text: String?) -> JSON { .optional(text.map(SystemText.sanitized), JSON.string) }
    var columns: [Column<FleetSearch.Match>] = [
      Column("host") { text($0.host) },
      TimeColumns.time("from", zone) { $0.from },
      TimeColumns.time("until", zone) { $0.until },
    ]
    if comm != nil || mark != nil {
      columns += [
        Column("pid") { .optional($0.pid, JSON.integer) },
        Column("comm") { text($0.comm) },
      ]
    }
    if namespace == nil {
      columns.append(Column("container") { text($0.container) })
      if mark == nil { columns.append(Column("container_name", "NAME") { text($0.containerName) }) }
    }
    if namespace != nil || mark != nil {
      columns += [
        Column("type") { .optional($0.type) { .string($0.name) } },
        Column("inode") { .optional($0.inode) { .integer(Int64(clamping: $0)) } },
      ]
    }
    if namespace != nil {
      columns.append(Column("id") { .optional($0.kernelID) { .integer(Int64(clamping: $0)) } })
    }
    return columns + [Column("history") { .string($0.history) }]
  }
}
