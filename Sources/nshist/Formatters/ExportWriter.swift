internal import Glibc
internal import NSHistory
internal import NamespaceModel

/// Writes the rows of an export in one of the formats.
///
/// The writer assembles a row from cached fragments of bytes: the columns of the process, which are the same in
/// all of its rows; the columns of its cgroup and of the namespace, which caches of fixed size hold by row id;
/// and the two times, which often equal those of the previous row.
struct ExportWriter: ~Copyable {
  private let dialect: RowDialect
  private let output: OutputFile
  private let messages: Messages
  private var block = TextBlock(capacity: Self.blockSize + 4096)
  /// The number of rows that `write` accepted.
  private(set) var rows = 0

  private var head = ExportHead()
  private var links = ExportLinks()
  private var from = ExportTime(.from)
  private var until = ExportTime(.until)
  private var tails = ExportTails()
  private var programs = ExportProgramColumns()

  /// The size at which the writer flushes the block. It exceeds the default capacity of a pipe (pipe(7)), so
  /// that the reader wakes up less often.
  private static let blockSize = 1 << 18

  init(format: RowFormat, output: OutputFile, _ messages: Messages) {
    dialect = RowDialect(format, columns: ExportColumn.allCases.map(\.name))
    self.output = output
    self.messages = messages
  }

  /// Appends the part before the first row: the header, or the opening bracket of JSON.
  mutating func begin() throws(OutputError) {
    let names = ExportColumn.allCases.map(\.name)
    switch dialect.format {
    case .csv: block.append(DelimitedText.csv(names))
    case .tsv: block.append(names.joined(separator: "\t") + "\n")
    case .json: block.append(UInt8(ascii: "["))
    case .ndjson: break
    }
  }

  /// Appends a row, and flushes the block if it is full.
  mutating func write(_ process: ExportProcess, _ piece: ExportPiece) throws(OutputError) {
    let start = block.count
    head.append(process, piece, dialect, to: &block)
    // Removes the comma that separates a row from the one before: the first row has none.
    if rows == 0, dialect.format == .json { block.removeByte(at: start) }
    links.append(piece, dialect, to: &block)
    from.append(piece.from, dialect, to: &block)
    until.append(piece.until, dialect, to: &block)
    tails.append(process, piece, dialect, to: &block)
    programs.append(process, dialect, to: &block)
    rows += 1
    if block.count >= Self.blockSize { try flush() }
  }

  /// Flushes the complete rows after a read error, because they are valid.
  mutating func breakOff() throws(OutputError) { if rows > 0 { try flush() } }

  /// Appends the part after the last row, flushes the block and finishes the output.
  mutating func end() throws(OutputError) {
    if dialect.format == .json {
      block.append(rows == 0 ? "]\n" : "\n]\n")
    }
    try flush()
    try output.finish()
  }

  private mutating func flush() throws(OutputError) {
    messages.progress()
    try output.write(block)
    block.removeAll()
  }
}

/// The columns of an export, in their order.
enum ExportColumn: Int, CaseIterable {
  case boot, pidNamespace, pid, start, comm, uid, type, inode, id, initial, unread, from, until
  case open, cgroup, tid, fromExact, untilExact, container, containerName, engine
  case uidSource, containerSource, commandLine, executable, loginUID, session, terminal

  /// The name of the column in the header and in JSON.
  var name: String {
    switch self {
    case .pidNamespace: "pid_namespace"
    case .fromExact: "from_exact"
    case .untilExact: "until_exact"
    case .containerName: "container_name"
    case .uidSource: "uid_source"
    case .containerSource: "container_source"
    case .commandLine: "command_line"
    case .loginUID: "login_uid"
    case .session: "sid"
    case .terminal: "tty"
    default: "\(self)"
    }
  }
}

extension RowDialect {
  /// Adds a number.
  func add(_ column: ExportColumn, _ number: (some BinaryInteger)?, to row: inout TextBlock) {
    add(column.rawValue, number, to: &row)
  }

  /// Adds a Boolean value.
  func add(_ column: ExportColumn, _ truth: Bool?, to row: inout TextBlock) {
    add(column.rawValue, truth, to: &row)
  }

  /// Adds a time.
  func add(_ column: ExportColumn, _ time: UTCText?, to row: inout TextBlock) {
    add(column.rawValue, time, to: &row)
  }

  /// Adds a string.
  func add(_ column: ExportColumn, _ text: String?, to row: inout TextBlock) {
    add(column.rawValue, text, to: &row)
  }
}

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
  private var time: WallTime?
  private var text = TextBlock(capacity: 64)
  private var day = UTCDay()

  init(_ column: ExportColumn) { self.column = column }

  mutating func append(_ time: WallTime, _ dialect: RowDialect, to block: inout TextBlock) {
    if self.time != time {
      self.time = time
      text.removeAll()
      dialect.add(column, UTCText(time, &day), to: &text)
    }
    block.append(text)
  }
}

/// The columns from `open` to `container_source`, cached for recently exported cgroups by row id. The columns of
/// threads, which are few, are not cached.
struct ExportTails: ~Copyable {
  /// The cached fragments, with one group for each combination of the columns `open`, `from_exact`,
  /// `until_exact`, `uid_source` and `container_source`.
  private var cgroups = FragmentCache(groups: 48, room: 512)

  mutating func append(
    _ process: ExportProcess, _ piece: ExportPiece, _ dialect: RowDialect, to block: inout TextBlock
  ) {
    guard process.tid == nil, let membership = process.cgroupMembership else {
      return Self.make(process, piece, dialect, in: &block)
    }
    let way =
      (piece.isOpen ? 4 : 0) + (piece.isExactFrom ? 2 : 0) + (piece.isExactUntil ? 1 : 0)
      + (process.uid == nil ? 16 : process.hasInheritedUID ? 8 : 0)
      + (process.containerSource == .inherited ? 24 : 0)
    cgroups.append(membership.row, group: way, to: &block) {
      Self.make(process, piece, dialect, in: &$0)
    }
  }

  private static func make(
    _ process: ExportProcess, _ piece: ExportPiece, _ dialect: RowDialect, in text: inout TextBlock
  ) {
    let container = process.cgroupMembership?.container
    dialect.add(.open, piece.isOpen, to: &text)
    dialect.add(.cgroup, process.cgroupMembership?.cgroup, to: &text)
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
  }
}

/// The columns from `command_line` to `tty`, formatted once for each version of a process.
struct ExportProgramColumns: ~Copyable {
  private var row: Int64?
  private var version = 0
  private var text = TextBlock(capacity: 1024)
  /// The columns of a process without a known program and login; empty until they are needed.
  private var unknown = TextBlock(capacity: 128)

  mutating func append(
    _ process: ExportProcess, _ dialect: RowDialect, to block: inout TextBlock
  ) {
    if process.program == nil, process.login == nil {
      if unknown.count == 0 { Self.make(process, dialect, in: &unknown) }
      return block.append(unknown)
    }
    if row != process.row || version != process.version {
      row = process.row
      version = process.version
      text.removeAll()
      Self.make(process, dialect, in: &text)
    }
    block.append(text)
  }

  private static func make(
    _ process: ExportProcess, _ dialect: RowDialect, in text: inout TextBlock
  ) {
    dialect.add(.commandLine, process.program?.commandLine, to: &text)
    dialect.add(.executable, process.program?.executable, to: &text)
    dialect.add(.loginUID, process.login?.uid, to: &text)
    dialect.add(.session, process.login?.session, to: &text)
    dialect.add(.terminal, process.login?.terminal, to: &text)
    text.append(dialect.end)
  }
}

/// A direct-mapped cache of text fragments by row id. The low bits of the row id select one of a fixed number of
/// slots of fixed size, so the memory does not grow. A fragment that is too long for a slot is formatted again
/// each time.
struct FragmentCache: ~Copyable {
  /// The slots. Each begins with the row id and the length of its text in bytes, which is 0 if the slot holds no
  /// text.
  private let memory: UnsafeMutableRawPointer
  private let groups: Int
  private let stride: Int
  private var scratch = TextBlock(capacity: 256)

  private static let head = 16
  /// The number of slots of each group: a power of two.
  private static let slots = 1 << 10

  /// - Parameters:
  ///   - groups: the number of kinds of fragments that a row may have, each with slots of its own.
  ///   - room: the least number of text bytes that a slot can hold.
  init(groups: Int, room: Int) {
    self.groups = groups
    stride = Self.head + (room + 7) / 8 * 8
    // The kernel allocates the zeroed pages of calloc(3) only when they are first written.
    guard let memory = calloc(groups * Self.slots, stride) else { fatalError("out of memory") }
    self.memory = memory
  }

  deinit { free(memory) }

  /// Appends the fragment of a row to `text`. If the cache does not hold it, `make` formats it into an empty
  /// block first.
  @inline(__always)
  mutating func append(
    _ key: Int64, group: Int, to text: inout TextBlock, make: (inout TextBlock) -> Void
  ) {
    precondition(0..<groups ~= group)
    let index = Int(truncatingIfNeeded: key) & (Self.slots - 1)
    let slot = memory + (group * Self.slots + index) * stride
    let count = slot.load(fromByteOffset: 8, as: Int.self)
    if count == 0 || slot.load(as: Int64.self) != key {
      scratch.removeAll()
      make(&scratch)
      store(key, in: slot)
      return text.append(scratch)
    }
    text.append(UnsafeRawBufferPointer(start: slot + Self.head, count: count))
  }

  private func store(_ key: Int64, in slot: UnsafeMutableRawPointer) {
    let fits = scratch.count <= stride - Self.head
    slot.storeBytes(of: key, as: Int64.self)
    slot.storeBytes(of: fits ? scratch.count : 0, toByteOffset: 8, as: Int.self)
    guard fits, let text = scratch.bytes.baseAddress else { return }
    (slot + Self.head).copyMemory(from: text, byteCount: scratch.count)
  }
}
