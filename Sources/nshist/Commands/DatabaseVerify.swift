internal import ArgumentParser
internal import NSHistory

/// `nshist db verify`: whether the file is sound, and holds what every history holds.
struct DatabaseVerify: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Verify that every page is sound, and that the rows agree with one another.",
    discussion: """
      nshist db verify
      nshist db verify --format json --db /tmp/history.db

      Exit status: 65 if the file is damaged, otherwise 0.
      """)

  @OptionGroup var options: ListingOptions

  func run(on console: Console) throws {
    let found = try options.reader(console).verify()
    let listing = Listing(
      "properties", Self.columns, to: try Output(console, pages: options.pager), options.format)
    let isSound = found.allSatisfy(\.faults.isEmpty)
    try listing.begin([("sound", .bool(isSound))])
    _ = found.allSatisfy(listing.add)
    try listing.end(
      lines: isSound
        ? [] : ["Keep a copy, then save what is readable: sqlite3 FILE .recover"])
    if !isSound { throw ExitCode(ExitStatus.data) }
  }

  private static var columns: [Column<HistoryVerification>] {
    [
      Column("property") { .string($0.property.rawValue) },
      Column(
        "state",
        cell: { row in
          .init(
            text: row.faults.isEmpty ? "fine" : "broken", colour: row.faults.isEmpty ? .green : .red
          )
        }
      ) { .string($0.faults.isEmpty ? "fine" : "broken") },
      Column("faults", cell: { .init(text: $0.faults.joined(separator: "; ")) }) {
        .array($0.faults.map { .string(SystemText.sanitized($0)) })
      },
    ]
  }
}
