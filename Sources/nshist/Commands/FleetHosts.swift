internal import ArgumentParser
internal import NSFleet
internal import NSHistory
internal import NamespaceModel

/// `nshist fleet hosts`: lists the histories of a store, and how far each is.
struct FleetHosts: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "hosts",
    abstract: "List the hosts of a store, and up to when it has the history of each.",
    discussion: """
      nshist fleet hosts postgresql:///?service=fleet
      nshist fleet hosts postgresql:///?service=fleet --format json
      """)

  @Argument(help: ArgumentHelp("The URI of the store.", valueName: "uri"))
  var uri: String

  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false

  func run(on console: Console) throws {
    let histories = try FleetConnection(uri).run("read") { (store) throws(FleetError) in
      try store.histories()
    }
    let zone: TimeZoneChoice = utc ? .utc : .local
    let listing = Listing(
      "hosts", Self.columns(zone, console.now), to: try Output(console, pages: false), format)
    try listing.begin([])
    _ = histories.allSatisfy(listing.add)
    try listing.end()
  }

  private static func columns(
    _ zone: TimeZoneChoice, _ now: WallTime
  ) -> [Column<FleetStore.History>] {
    [
      Column("host") { .optional($0.host.map(SystemText.sanitized), JSON.string) },
      TimeColumns.time("from", zone) { $0.began },
      TimeColumns.time("until", zone) { $0.reached },
      Column(
        "behind_s", "BEHIND", cell: { .init(text: TimeFormat.duration(max(0, now - $0.reached))) }
      ) {
        .integer(max(0, now - $0.reached) / 1_000_000_000)
      },
      TimeColumns.time("shipped", zone) { $0.shippedAt },
      Column("complete") { .bool($0.isWhole) },
      Column("program") { .optional($0.program.map(SystemText.sanitized), JSON.string) },
      Column("machine_id", in: [.json, .csv]) {
        .optional($0.machine.map(SystemText.sanitized), JSON.string)
      },
      Column("history") { .string($0.uuid) },
    ]
  }
}
