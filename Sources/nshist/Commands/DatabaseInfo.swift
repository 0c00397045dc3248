internal import ArgumentParser
internal import NSHistory

/// `nshist db info`: what the file holds, and how long until it reaches a size.
struct DatabaseInfo: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show what the file holds: rows and sizes by table, its time, and how it grows.",
    discussion: """
      nshist db info
      nshist db info --max-size 500M --format json --db /tmp/history.db
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The size until which to count the days: 2G, 64M; or off. Default: the limit of the last recorder.",
      valueName: "size|off"))
  var maxSize: String?

  @OptionGroup var options: ListingOptions

  func validate() throws { _ = try maxSize.map { try SizeArgument.limit($0, "--max-size") } }

  func run(on console: Console) throws {
    let info = try options.reader(console).info()
    let limit =
      if let maxSize { try SizeArgument.limit(maxSize, "--max-size") } else { info.maxSize }
    let listing = Listing(
      "tables", Self.columns, to: try Output(console, pages: options.pager), options.format)
    let days = limit.flatMap { Self.days(until: $0, info) }
    try listing.begin(
      [
        ("file_bytes", .integer(info.file)), ("log_bytes", .integer(info.log)),
        ("free_bytes", .integer(info.free)),
        ("from", .time(info.span?.lowerBound)), ("until", .time(info.span?.upperBound)),
        ("pruned", .bool(info.isPruned)),
        ("slice", .optional(info.slice, SliceFormatter.json)),
        ("bytes_a_day", .optional(info.bytesADay) { .integer(Int64(nearest: $0)) }),
        ("max_bytes", .optional(limit, JSON.integer)),
        ("days_left", .optional(days) { .number(TimeFormat.decimal($0)) }),
      ],
      lines: lines(info, limit, days)
        + (info.slice.map { [SliceFormatter.line($0, options.zone)] } ?? []))
    _ = info.tables.filter { $0.rows > 0 }.sorted { Self.size($0) > Self.size($1) }
      .allSatisfy(listing.add)
    try listing.end()
  }

  private func lines(_ info: HistoryInfo, _ limit: Int64?, _ days: Double?) -> [String] {
    let free = info.free > 0 ? ", \(SizeArgument.text(info.free)) of it free" : ""
    let log = info.log > 0 ? ", and \(SizeArgument.text(info.log)) in its -wal" : ""
    var lines = ["\(SizeArgument.text(info.file))\(free)\(log)"]
    guard let span = info.span else { return lines + ["nothing was recorded yet"] }
    let (from, until) = (span.lowerBound, span.upperBound)
    lines.append(
      """
      from \(TimeFormat.localTime(from, options.zone)) to \(TimeFormat.localTime(until, options.zone)), \
      \(TimeFormat.duration(until - from))\(info.isPruned ? "; what was before was removed" : "")
      """)
    guard let rate = info.bytesADay else { return lines }
    let end =
      days.map { "; \(SizeArgument.text(limit ?? 0)) in \(TimeFormat.decimal($0)) days" } ?? ""
    return lines + ["about \(SizeArgument.text(Int64(nearest: rate))) a day\(end)"]
  }

  /// The days until the file has a size; nil if it does not grow, or is that large.
  private static func days(until limit: Int64, _ info: HistoryInfo) -> Double? {
    guard let rate = info.bytesADay, rate > 0 else { return nil }
    return max(0, Double(limit - info.file + info.free) / rate)
  }

  private static func size(_ table: HistoryInfo.Table) -> Int64 {
    table.bytes.map { $0 + (table.indexBytes ?? 0) } ?? table.rows
  }

  private static var columns: [Column<HistoryInfo.Table>] {
    [
      Column("table") { .string($0.name) },
      Column("rows") { .integer($0.rows) },
      Column("bytes", cell: { .init(text: $0.bytes.map(SizeArgument.text) ?? "") }) {
        .optional($0.bytes, JSON.integer)
      },
      Column(
        "index_bytes", "INDEXES", cell: { .init(text: $0.indexBytes.map(SizeArgument.text) ?? "") }
      ) {
        .optional($0.indexBytes, JSON.integer)
      },
    ]
  }
}
