internal import NSHistory
internal import NamespaceModel

/// A row about two processes that shared one namespace, or several namespaces at the same times.
struct PeerRow {
  let peer: Peer
  let shared: [Peer.Shared]

  /// Returns a row for each shared namespace; if `grouped` is set, one row for all namespaces that were shared
  /// at the same times.
  static func rows(_ peer: Peer, grouped: Bool) -> [PeerRow] {
    guard grouped else { return peer.shared.map { PeerRow(peer: peer, shared: [$0]) } }
    return peer.shared.map(\.intervals).uniqued.map { time in
      PeerRow(peer: peer, shared: peer.shared.filter { $0.intervals == time })
    }
  }

  var intervals: [Peer.Together] { shared.first?.intervals ?? [] }
}

/// The columns of the peers of a process.
enum PeerColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<PeerRow>] {
    ProcessColumns.all { $0.peer.peer } + [
      Column(
        "type", "TYPES",
        cell: { row in
          .init(
            text: row.shared.map(\.namespace.type.name).uniqued.joined(separator: ","))
        }
      ) { .optional($0.shared.first) { .string($0.namespace.type.name) } },
      Column("inode", in: .data) { .optional($0.shared.first) { .unsigned($0.namespace.inode) } },
      Column("id", in: .data) {
        .optional($0.shared.first?.namespace.kernelID, JSON.unsigned)
      },
      Column("initial", in: .data) {
        .optional($0.shared.first?.namespace.isInitial, JSON.bool)
      },
      TimeColumns.time("from", zone) { $0.intervals.first?.from },
      TimeColumns.time("until", zone) { $0.intervals.last?.until },
      Column("open", in: .data) { .bool($0.intervals.last?.isOpen == true) },
      Column("seconds", "TOGETHER", cell: { .init(text: together($0)) }) {
        .seconds($0.shared.first?.total ?? 0)
      },
      Column("times", in: .data) { .integer(Int64($0.intervals.count)) },
      Column("intervals", in: .data, cell: { .init(text: words($0.intervals)) }) {
        .array($0.intervals.map(json))
      },
      Column("of_pid", in: .data) { .integer($0.peer.process.pid) },
      Column("of_tid", in: .data) { .optional($0.peer.process.tid, JSON.integer) },
      Column("of_start", in: .data) { row in
        .optional(row.peer.process.start) { .string(TimeFormat.start($0)) }
      },
    ]
  }

  private static func together(_ row: PeerRow) -> String {
    let total = TimeFormat.duration(row.shared.first?.total ?? 0)
    let times = row.intervals.count > 1 ? ", \(row.intervals.count) times" : ""
    let thread = row.peer.process.tid.map { _ in ", with thread \(row.peer.process.number)" }
    return total + times + (row.intervals.last?.isOpen == true ? ", and still" : "")
      + (thread ?? "")
  }

  private static func words(_ intervals: [Peer.Together]) -> String {
    intervals.map { "\(TimeFormat.utc($0.from))/\(TimeFormat.utc($0.until))" }
      .joined(separator: " ")
  }

  private static func json(_ time: Peer.Together) -> JSON {
    .object([
      ("from", .time(time.from)), ("until", .time(time.until)), ("open", .bool(time.isOpen)),
    ])
  }
}
