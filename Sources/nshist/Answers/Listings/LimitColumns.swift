internal import NSHistory
internal import NamespaceModel

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
