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

/// The limit on the namespaces of one type, the number in use, and the recorded peak.
struct LimitRow {
  let type: NamespaceType
  let limit: Int64?
  let inUse: Int
  let peak: PeakUse?
}

/// The columns of the listing of limits.
enum LimitColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<LimitRow>] {
    [
      Column("type") { .string($0.type.name) },
      Column("limit", cell: { .init(text: $0.limit.map(String.init) ?? "not known") }) {
        .optional($0.limit, JSON.integer)
      },
      Column(
        "in_use", "IN USE",
        cell: { row in
          .init(text: "\(row.inUse)", colour: isNear(row) ? .red : .none)
        }
      ) { .integer(Int64($0.inUse)) },
      Column("peak", cell: { .init(text: $0.peak.map { "\($0.count)" } ?? "") }) {
        .optional($0.peak) { .integer(Int64($0.count)) }
      },
      TimeColumns.time("when", zone) { $0.peak?.time },
    ]
  }

  private static func isNear(_ row: LimitRow) -> Bool {
    row.limit.map { Int64(row.inUse) >= $0 - $0 / 10 } ?? false
  }

  /// Returns the lines that explain what the numbers count.
  static func explanation(denied: Int) -> [String] {
    let unread =
      denied == 0
      ? []
      : [
        "\(RecordingFormatter.count(denied, "process", "processes")) could not be read: there may be more."
      ]
    return [
      "A limit is for each user in this user namespace, and counts the namespaces that this user made",
      "here and in user namespaces below; at the limit unshare(2) and clone(2) fail with ENOSPC.",
      "IN USE and PEAK count the namespaces of all users, initial ones excepted, that a process is in or",
      "that its children start in. Namespaces kept only by a mount, file or socket are not counted. PEAK is",
      "the highest number in the history, WHEN the first time of it; a namespace that had no process for a",
      "while counts all the time.",
    ] + unread
  }
}

/// The number of namespaces in use now, by type, and the limits on how many each user may create.
struct LiveUse {
  let limits: [NamespaceType: Int64]
  /// The number of namespaces in use, by type, without the initial ones.
  let counts: [NamespaceType: Int]
  /// The number of processes whose namespaces could not be read.
  let denied: Int

  init(root: ProcRoot) throws(ProcfsError) {
    let sample = try ProcfsSource(root: root).takeSample()
    var found: Set<ObservedNamespace> = []
    for process in sample.appeared {
      // A namespace that only a `..._for_children` link refers to is in use as well.
      for link in NamespaceLink.allCases {
        guard case .namespace(let namespace) = process.links[Int(link.rawValue)],
          namespace.isInitial != true
        else { continue }
        found.insert(namespace)
      }
    }
    counts = found.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    denied = sample.counts.denied
    limits = NamespaceType.allCases.reduce(into: [:]) { $0[$1] = root.limit(of: $1) }
  }
}
