internal import ArgumentParser
internal import NSHistory

/// A range of time.
struct RangeOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From this time on; by default, the first sample. \(TimeArguments.help)",
      valueName: "time"))
  var since: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Up to this time; by default, the last sample.", valueName: "time"))
  var until: String?

  func window(now: Int64) throws -> TimeWindow {
    let range = try TimeArguments.range(since: since, until: until, now: now)
    return TimeWindow(since: range.since, until: range.until)
  }
}

/// A moment.
struct MomentOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "At this moment; by default, now, as the last sample saw it. \(TimeArguments.help)",
      valueName: "time"))
  var at: String?

  func time(now: Int64) throws -> Int64 { try TimeArguments.end(at, "--at", now: now) ?? now }
}

/// Which columns to print.
struct ColumnsOption: ParsableArguments {
  @Option(help: ArgumentHelp("Only these columns, in this order.", valueName: "name,..."))
  var columns: String?

  /// The keys asked for; nil for the usual ones.
  func chosen<Row>(of known: [Column<Row>]) throws -> [String]? {
    guard let columns else { return nil }
    return try columns.split(separator: ",", omittingEmptySubsequences: false).map { name in
      let name = name.lowercased()
      // As a program has it, or as a table shows it.
      let column =
        known.first { $0.key == name } ?? known.first { $0.title.lowercased() == name }
      guard let column else {
        let all = known.map(\.key).joined(separator: ", ")
        throw ValidationError("'\(name)' is not a column; the columns are \(all)")
      }
      return column.key
    }
  }
}
