internal import NSHistory
internal import NamespaceModel

extension IntervalBound {
  /// The text for a person: `started within 5.0 s`, where the duration is the distance to the sample on the
  /// other side; only `started` if an event reported the time.
  var text: String {
    guard let within, !isExact else { return kind.rawValue }
    let reason = missing.map { ": \($0.words)" } ?? ""
    return "\(kind.rawValue) within \(TimeFormat.duration(within))\(reason)"
  }
}

/// The columns of an interval: its two bounds, and how each is known.
enum TimeColumns {
  static func all<Row>(
    _ zone: TimeZoneChoice, from: @escaping (Row) -> WallTime, until: @escaping (Row) -> WallTime,
    beginning: @escaping (Row) -> IntervalBound, end: @escaping (Row) -> IntervalBound
  ) -> [Column<Row>] {
    [
      time("from", zone, from),
      time("until", zone, until),
      Column("began", cell: { .init(text: beginning($0).text) }) {
        .string(beginning($0).kind.rawValue)
      }.yielding(3),
      Column("began_after", in: .data) { .time(beginning($0).other) },
      Column("ended", cell: { .init(text: end($0).text) }) {
        .string(end($0).kind.rawValue)
      }.yielding(2),
      Column("ended_by", in: .data) { .time(end($0).other) },
      Column("began_exactly", in: .data) { .bool(beginning($0).isExact) },
      Column("ended_exactly", in: .data) { .bool(end($0).isExact) },
      Column("missing_before", in: .data) { row in
        .optional(beginning(row).missing) { .string($0.code) }
      },
      Column("missing_after", in: .data) { row in
        .optional(end(row).missing) { .string($0.code) }
      },
      Column("open", in: .data) { .bool(end($0).kind == .open) },
    ]
  }

  /// Returns a column that holds one point in time.
  static func time<Row>(
    _ key: String, _ zone: TimeZoneChoice,
    in formats: Set<AnswerFormat> = [.table, .json, .csv], _ time: @escaping (Row) -> WallTime?
  ) -> Column<Row> {
    Column(
      key, in: formats,
      cell: { row in .init(text: time(row).map { TimeFormat.localTime($0, zone) } ?? "") }
    ) { .time(time($0)) }.ofTime
  }
}
