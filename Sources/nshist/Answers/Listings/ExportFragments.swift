internal import NSHistory
internal import NamespaceModel

// The fragments of text that form a row of an export, in the order of the columns. Each type caches the
// fragments that following rows are likely to repeat.

/// The columns from `boot` to `uid`, formatted once for each version of a process.
struct ExportHead: ~Copyable {
  private var row: Int64?
  private var version = 0
  private var pidNamespaceInode: UInt64?
  private var bootRow: Int64?
  /// The cached columns: `boot` and `pid_namespace` in `space`, and those from `pid` to `uid` in `process`.
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

/// The columns from `type` to `unread`, cached for recently exported namespaces by row id.
struct ExportLinks: ~Copyable {
  /// The cached fragments, with one group for each namespace type.
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

/// A time column. Caches the last time, because consecutive rows often have the same one.
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

/// The columns after the times, cached for recently exported cgroups by row id. The columns of threads, which are
/// few, are not cached.
struct ExportTails: ~Copyable {
  /// The cached fragments, with one group for each combination of the columns `open`, `from_exact`,
  /// `until_exact`, `uid_source` and `container_source`.
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
