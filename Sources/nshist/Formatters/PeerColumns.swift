internal import NSHistory
internal import NamespaceModel

/// A row about two processes that shared one namespace, or several namespaces at the same times.
final class PeerRow {
  let peer: Peer
  let shared: [Peer.Shared]

  private init(peer: Peer, shared: [Peer.Shared]) {
    self.peer = peer
    self.shared = shared
  }

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

/// A peer with all that it shared: with one process, or with any process of a container.
struct PeerSum {
  let peer: ProcessRecord
  /// The thread asked about that shared, if that was in other namespaces than its process.
  let thread: TaskNumber?
  private(set) var types: Set<NamespaceType> = []
  private(set) var from = WallTime.max
  private(set) var until = WallTime.min
  private(set) var isOpen = false
  /// For how long, and how many times, the peer shared each namespace with each process.
  private(set) var durations: Set<Duration> = []

  struct Duration: Hashable {
    let total: Int64
    let times: Int
  }

  init(_ peer: ProcessRecord, with thread: TaskNumber?) {
    self.peer = peer
    self.thread = thread
  }

  mutating func add(_ all: [Peer.Shared]) {
    for shared in all {
      types.insert(shared.namespace.type)
      from = min(from, shared.intervals.first?.from ?? from)
      until = max(until, shared.intervals.last?.until ?? until)
      isOpen = isOpen || shared.intervals.last?.isOpen == true
      durations.insert(Duration(total: shared.total, times: shared.intervals.count))
    }
  }
}

/// Sums up the peers of a process, or of all processes of a container or a name together.
struct PeerSums {
  /// Whether the question names a container or a name, so that a peer of several of its processes counts once.
  private let isOfGroup: Bool
  private var sums: [PeerSum] = []
  private var indices: [Key: Int] = [:]

  private struct Key: Hashable {
    let peer: Int64
    /// The row of the process asked about; nil if all of a group count as one.
    let process: Int64?
  }

  init(isOfGroup: Bool) { self.isOfGroup = isOfGroup }

  mutating func add(_ peer: Peer) {
    let key = Key(peer: peer.peer.id, process: isOfGroup ? nil : peer.process.id)
    let index = indices[key] ?? sums.count
    if index == sums.count {
      indices[key] = index
      let isThread = !isOfGroup && peer.process.tid != nil
      sums.append(PeerSum(peer.peer, with: isThread ? peer.process.number : nil))
    }
    sums[index].add(peer.shared)
  }

  /// The peers grouped by container, those of one container one after the other, in the order of the first peer.
  var groups: [PeerGroup] {
    var groups: [[String]: [PeerGroup]] = [:]
    var order: [[String]] = []
    var ids: [String: Set<String>] = [:]
    for sum in sums {
      let containers = sum.peer.possibleDescriptions.compactMap(\.container) + sum.peer.outsideOf
      for one in containers { ids[one.label, default: []].insert(one.id) }
      // Peers outside of containers are grouped by name.
      let key = containers.isEmpty ? ["", sum.peer.shownNames] : containers.map(\.id)
      if groups[key] == nil { order.append(key) }
      let index = groups[key]?.firstIndex { $0.isMeant(sum) }
      if let index {
        groups[key]?[index].add(sum)
      } else {
        groups[key, default: []].append(PeerGroup(sum))
      }
    }
    // Tells containers of one name apart by their ids.
    return order.flatMap { groups[$0] ?? [] }.map { group in
      var group = group
      group.container = group.first.containerNames { container in
        let isOne = ids[container.label]?.count == 1
        return isOne ? container.label : "\(container.label) \(container.id.prefix(12))"
      }
      return group
    }
  }
}

/// The peers of one container that shared the same types of namespaces; of peers outside of containers, those of one
/// name.
struct PeerGroup {
  private let types: Set<NamespaceType>
  private let thread: TaskNumber?
  /// The first peer.
  let first: ProcessRecord
  /// The container of the peers, as text.
  fileprivate(set) var container = ""
  private(set) var count = 0
  private var labels: [String] = []
  private(set) var from = WallTime.max
  private(set) var until = WallTime.min
  private var isOpen = false
  private var durations: Set<PeerSum.Duration> = []

  /// The number of peers that a row names.
  private static let most = 3

  init(_ sum: PeerSum) {
    types = sum.types
    thread = sum.thread
    first = sum.peer
    add(sum)
  }

  /// Whether a peer of the same container belongs into the same row.
  func isMeant(_ sum: PeerSum) -> Bool { sum.types == types && sum.thread == thread }

  mutating func add(_ sum: PeerSum) {
    count += 1
    if labels.count < Self.most { labels.append(sum.peer.label) }
    from = min(from, sum.from)
    until = max(until, sum.until)
    isOpen = isOpen || sum.isOpen
    durations.formUnion(sum.durations)
  }

  /// The longest time that a peer shared a namespace, in nanoseconds.
  fileprivate var longest: Int64 { durations.map(\.total).max() ?? 0 }

  fileprivate var typeNames: String {
    NamespaceType.allCases.filter(types.contains).map(\.name).joined(separator: ",")
  }

  fileprivate var peers: String {
    labels.joined(separator: ", ")
      + (count > labels.count ? " and \(count - labels.count) more" : "")
  }

  fileprivate var together: String {
    let isEven = durations.count == 1
    let times = durations.first.map { isEven && $0.times > 1 ? ", \($0.times) times" : "" } ?? ""
    let thread = thread.map { ", with thread \($0)" } ?? ""
    return (isEven ? "" : "up to ") + TimeFormat.duration(longest) + times
      + (isOpen ? ", and still" : "") + thread
  }
}

/// The columns of the peers of a process, folded by container: for tables only.
enum PeerGroupColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<PeerGroup>] {
    [
      Column("container") { .string($0.container) }.yielding(1),
      Column("processes", "COUNT") { .integer(Int64($0.count)) }.yielding(2),
      Column("type", "TYPES") { .string($0.typeNames) },
      TimeColumns.time("from", zone) { $0.from },
      TimeColumns.time("until", zone) { $0.until },
      Column("seconds", "TOGETHER", cell: { .init(text: $0.together) }) { .seconds($0.longest) },
      Column("pids", cell: { .init(text: $0.peers) }) { .string($0.peers) }.flowing,
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
