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

/// The peers of one container that shared the same types of namespaces with the process; of peers outside of
/// containers, those of one name.
struct PeerGroup {
  /// What the peers of a group have in common.
  struct Key: Hashable {
    let containers: String
    /// The name of the peers; nil for those of a container.
    let comm: String?
    let types: [NamespaceType]
    /// The process asked about, or its thread.
    let process: TaskNumber
  }

  let key: Key
  private(set) var count = 0
  /// The first peers, as text.
  private(set) var first: [String] = []
  private(set) var from = WallTime.max
  private(set) var until = WallTime.min
  private(set) var isOpen = false
  /// For how long, and how many times, each peer shared each namespace.
  private var durations: Set<Duration> = []

  private struct Duration: Hashable {
    let total: Int64
    let times: Int
  }

  /// The number of peers that a row names.
  private static let most = 3

  init(_ key: Key) { self.key = key }

  static func key(of peer: Peer) -> Key {
    Key(
      containers: peer.peer.shownContainers,
      comm: peer.peer.container == nil ? peer.peer.shownNames : nil,
      types: peer.shared.map(\.namespace.type).uniqued, process: peer.process.number)
  }

  mutating func add(_ peer: Peer) {
    count += 1
    if first.count < Self.most { first.append(peer.peer.label) }
    for shared in peer.shared {
      from = min(from, shared.intervals.first?.from ?? from)
      until = max(until, shared.intervals.last?.until ?? until)
      isOpen = isOpen || shared.intervals.last?.isOpen == true
      durations.insert(Duration(total: shared.total, times: shared.intervals.count))
    }
  }

  /// The longest time that a peer shared a namespace, in nanoseconds.
  fileprivate var longest: Int64 { durations.map(\.total).max() ?? 0 }

  fileprivate var peers: String {
    first.joined(separator: ", ") + (count > first.count ? " and \(count - first.count) more" : "")
  }

  fileprivate var together: String {
    let isEven = durations.count == 1
    let times = durations.first.map { isEven && $0.times > 1 ? ", \($0.times) times" : "" } ?? ""
    let thread = key.process.tid.map { _ in ", with thread \(key.process)" } ?? ""
    return (isEven ? "" : "up to ") + TimeFormat.duration(longest) + times
      + (isOpen ? ", and still" : "") + thread
  }
}

/// The columns of the peers of a process, folded by container: for tables only.
enum PeerGroupColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<PeerGroup>] {
    [
      Column("container") { .string($0.key.containers) }.yielding(1),
      Column("processes", "COUNT") { .integer(Int64($0.count)) }.yielding(2),
      Column("pids", cell: { .init(text: $0.peers) }) { .string($0.peers) },
      Column("type", "TYPES") { .string($0.key.types.map(\.name).joined(separator: ",")) },
      TimeColumns.time("from", zone) { $0.from },
      TimeColumns.time("until", zone) { $0.until },
      Column("seconds", "TOGETHER", cell: { .init(text: $0.together) }) { .seconds($0.longest) },
    ]
  }
}

/// The columns of the peers of a process, one row a process.
enum PeerColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<PeerRow>] {
    ProcessColumns.all(showsContainer: true) { $0.peer.peer } + [
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
      Column("intervals", in: .data, cell: { .init(text: text($0.intervals)) }) {
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

  private static func text(_ intervals: [Peer.Together]) -> String {
    intervals.map { "\(TimeFormat.utc($0.from))/\(TimeFormat.utc($0.until))" }
      .joined(separator: " ")
  }

  private static func json(_ time: Peer.Together) -> JSON {
    .object([
      ("from", .time(time.from)), ("until", .time(time.until)), ("open", .bool(time.isOpen)),
    ])
  }
}
