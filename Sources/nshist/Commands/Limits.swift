internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// `nshist limits`: how many namespaces there may be, are and were.
struct Limits: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Show the limits of /proc/sys/user beside what is in use, and the peak.",
    discussion: """
      nshist limits
      nshist limits --format json --db /tmp/history.db
      """)

  @OptionGroup var options: ListingOptions

  func run(on console: Console) throws {
    let use = try LiveUse(root: ProcRoot.live())
    let peaks = try recordedPeaks(console)
    let rows = NamespaceType.allCases.map { type in
      LimitRow(
        type: type, limit: use.limits[type], inUse: use.counts[type] ?? 0, peak: peaks[type])
    }
    let listing = Listing(
      "limits", LimitColumns.all(options.zone), to: try Output(console, pages: options.pager),
      options.format)
    try listing.begin([("unreadable_processes", .integer(Int64(use.denied)))])
    _ = rows.allSatisfy(listing.add)
    try listing.end(lines: LimitColumns.explanation(denied: use.denied))
  }

  /// Reads the peak number of namespaces of each type from the history; empty without a history.
  private func recordedPeaks(_ console: Console) throws -> [NamespaceType: PeakUse] {
    do {
      return try options.reader(console).peakUse()
    } catch let error as HistoryError where error.kind == .missing {
      console.messages.say("of the past nothing is known: \(error.description)")
      return [:]
    }
  }
}
