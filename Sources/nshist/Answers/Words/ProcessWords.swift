internal import NSHistory

extension ProcessRecord {
  /// For people: `4711 nginx`.
  var label: String { "\(number) \(shownName)" }

  /// Its name, or what there is to say of it.
  var shownName: String {
    switch comm {
    case nil: "(name not readable)"
    case ""?: "(empty name)"
    case let name?: name
    }
  }

  /// Its identity, in few words.
  var json: JSON {
    .object([
      ("pid", .integer(pid)), ("tid", .optional(tid, JSON.integer)),
      ("start", .optional(start) { .string(TimeFormat.start($0)) }),
      ("comm", .optional(comm, JSON.string)), ("container", .optional(container?.id, JSON.string)),
      ("container_name", .optional(container?.name, JSON.string)),
    ])
  }
}

/// The columns of another process that a row names.
enum RelatedProcess {
  /// An object in JSON, two fields in CSV.
  static func columns<Row>(
    _ key: String, _ process: @escaping (Row) -> ProcessRecord?
  ) -> [Column<Row>] {
    [
      Column(key, in: [.json]) { .optional(process($0)) { $0.json } },
      Column("\(key)_pid", in: [.csv]) { .optional(process($0)) { .integer($0.pid) } },
      Column("\(key)_comm", in: [.csv]) { .optional(process($0)?.comm, JSON.string) },
    ]
  }
}

/// The columns that say which process a row is about.
enum ProcessColumns {
  /// - Parameter showsContainer: whether tables have its container too.
  static func all<Row>(
    showsContainer: Bool = false, _ process: @escaping (Row) -> ProcessRecord
  ) -> [Column<Row>] {
    [
      Column("pid", cell: { .init(text: process($0).number.description) }) {
        .integer(process($0).pid)
      },
      Column("tid", in: .data) { .optional(process($0).tid, JSON.integer) },
      Column("start", in: .data) { row in
        .optional(process(row).start) { .string(TimeFormat.start($0)) }
      },
      Column("comm", cell: { .init(text: process($0).shownName) }) {
        .optional(process($0).comm, JSON.string)
      },
      Column("uid") { .optional(process($0).uid, JSON.integer) },
    ] + ContainerColumns.all(inTables: showsContainer) { process($0) }
  }
}
