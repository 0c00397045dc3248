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
