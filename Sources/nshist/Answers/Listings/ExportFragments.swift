internal import NSHistory
internal import NamespaceModel

// The pieces of text that a row of an export is put together from, in their order. Each keeps what is
// likely to be said again.

/// The columns of the process, up to its user: made once a process.
struct ExportHead: ~Copyable {
  private var row: Int64?
  private var version = 0
  private var pidNamespaceInode: UInt64?
  private var bootRow: Int64?
  /// The columns `boot` and `pid_namespace`, and those behind them.
  private var space = TextBlock(capacity: 128)
  private var process = TextBlock(capacity: 256)
  private var day = UTCDay()

  mutating func append(
    _ process: ExportProcess, _ piece: ExportPiece, _ dialect: RowDialect, to block: inout TextBlock
  ) {
    if bootRow != process.bootRow || pidNamespaceInode != piece.pidNamespaceInode {
      bootRow = process.bootRow
      pidNamespaceInode = piece.pidNamespaceInode
      space.removeAll()
      dialect.add(.boot, process.boot, to: &space)
      dialect.add(.pidNamespace, piece.pidNamespaceInode, to: &space)
    }
    if row != process.row || version != process.version {
      row = process.row
      version = process.version
      make(process, dialect)
    }
    block.append(space)
    block.append(self.process)
  }

  private mutating func make(_ of: ExportProcess, _ dialect: RowDialect) {
    process.removeAll()
    dialect.add(.pid, of.pid, to: &process)
    dialect.add(.start, of.start.map { UTCText(start: $0, &day) }, to: &process)
    dialect.add(ExportColumn.comm.rawValue, of.hasComm ? of.comm : nil, to: &process)
    dialect.add(.uid, of.uid, to: &process)
  }
}

/// The columns of the namespace, from the type on: kept for the namespaces met last, by their rows.
struct ExportLinks: ~Copyable {
  /// For each type.
  private var namespaces = FragmentCache(groups: NamespaceType.allCases.count, room: 128)

  mutating func append(_ piece: ExportPiece, _ dialect: RowDialect, to block: inout TextBlock) {
    guard let namespace = piece.value.namespace else {
      return Self.make(piece, dialect, in: &block)
    }
    let group = Int(piece.type.rawValue) - 1
    namespaces.append(namespace.id, group: group, to: &block) {
      Self.make(piece, dialect, in: &$0)
    }
  }

  private static func make(
    _ piece: ExportPiece, _ dialect: RowDialect, in text: inout TextBlock
  ) {
    dialect.add(.type, piece.type.name, to: &text)
    let namespace = piece.value.namespace
    dialect.add(.inode, namespace?.inode, to: &text)
    dialect.add(.id, namespace?.kernelID, to: &text)
    dialect.add(.initial, namespace?.isInitial, to: &text)
    let unread: UnreadReason? = if case .unread(let reason) = piece.value { reason } else { nil }
    dialect.add(.unread, unread?.name, to: &text)
  }
}

/// A time: mostly the same in all rows of a process, and often in those of its neighbours.
struct ExportTime: ~Copyable {
  private let column: ExportColumn
  private var time: Int64?
  private var text = TextBlock(capacity: 64)
  private var day = UTCDay()

  init(_ column: ExportColumn) { self.column = column }

  mutating func append(_ time: Int64, _ dialect: RowDialect, to block: inout TextBlock) {
    if self.time != time {
      self.time = time
      text.removeAll()
      dialect.add(column, UTCText(time, &day), to: &text)
    }
    block.append(text)
  }
}

/// The columns behind the times. Of processes they are kept for the cgroups met last; threads are
/// few.
struct ExportTails: ~Copyable {
  /// For each way in which a row can be open and exact, and each source of its user id and its container.
  private var places = FragmentCache(groups: 48, room: 512)

  mutating func append(
    _ process: ExportProcess, _ piece: ExportPiece, _ dialect: RowDialect, to block: inout TextBlock
  ) {
    guard process.tid == nil, let place = process.place else {
      return Self.make(process, piece, dialect, in: &block)
    }
    let way =
      (piece.isOpen ? 4 : 0) + (piece.isExactFrom ? 2 : 0) + (piece.isExactUntil ? 1 : 0)
      + (process.uid == nil ? 16 : process.hasInheritedUID ? 8 : 0)
      + (process.containerSource == .inherited ? 24 : 0)
    places.append(place.row, group: way, to: &block) {
      Self.make(process, piece, dialect, in: &$0)
    }
  }

  private static func make(
    _ process: ExportProcess, _ piece: ExportPiece, _ dialect: RowDialect, in text: inout TextBlock
  ) {
    let container = process.place?.container
    dialect.add(.open, piece.isOpen, to: &text)
    dialect.add(.cgroup, process.place?.cgroup, to: &text)
    dialect.add(.tid, process.tid, to: &text)
    dialect.add(.fromExact, piece.isExactFrom, to: &text)
    dialect.add(.untilExact, piece.isExactUntil, to: &text)
    dialect.add(.container, container?.id, to: &text)
    dialect.add(.containerName, container?.name, to: &text)
    dialect.add(.engine, container?.engine, to: &text)
    dialect.add(
      .uidSource, process.uid.map { _ in process.hasInheritedUID ? "inherited" : "read" },
      to: &text)
    dialect.add(.containerSource, process.containerSource?.rawValue, to: &text)
    text.append(dialect.end)
  }
}
