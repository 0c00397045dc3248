internal import NSHistory
internal import NamespaceModel

/// Writes the rows of an export in one of the formats.
///
/// A row is put together from pieces of text that were made before, as bytes: what the process says,
/// which is the same in all of its rows; what its cgroup and a namespace say, which are kept by their
/// rows, as far as they fit in fixed room; and the two times, which often are those of the row
/// before. What is new is formatted straight into the block that goes out.
struct ExportWriter: ~Copyable {
  private let dialect: RowDialect
  private let output: OutputFile
  private var block = TextBlock(capacity: Self.blockSize + 4096)
  /// How many were written.
  private(set) var rows = 0

  private var head = ExportHead()
  private var links = ExportLinks()
  private var from = ExportTime(.from)
  private var until = ExportTime(.until)
  private var tails = ExportTails()

  /// A block goes out when it is as large as this: more than a pipe holds, so that who reads it is
  /// woken up less often.
  private static let blockSize = 1 << 18

  init(format: RowFormat, output: OutputFile) {
    dialect = RowDialect(format, columns: ExportColumn.allCases.map(\.name))
    self.output = output
  }

  /// What stands before the first row.
  mutating func begin() throws(OutputError) {
    let names = ExportColumn.allCases.map(\.name)
    switch dialect.format {
    case .csv: block.append(DelimitedText.csv(names))
    case .tsv: block.append(names.joined(separator: "\t") + "\n")
    case .json: block.append(UInt8(ascii: "["))
    case .ndjson: break
    }
  }

  /// One row.
  mutating func write(_ process: ExportProcess, _ piece: ExportPiece) throws(OutputError) {
    let start = block.count
    head.append(process, piece, dialect, to: &block)
    // Nothing is before the first.
    if rows == 0, dialect.format == .json { block.removeByte(at: start) }
    links.append(piece, dialect, to: &block)
    from.append(piece.from, dialect, to: &block)
    until.append(piece.until, dialect, to: &block)
    tails.append(process, piece, dialect, to: &block)
    rows += 1
    if block.count >= Self.blockSize { try flush() }
  }

  /// Lets out the rows up to where no more can be read: they are right.
  mutating func breakOff() throws(OutputError) { if rows > 0 { try flush() } }

  /// What stands behind the last row.
  mutating func end() throws(OutputError) {
    if dialect.format == .json {
      block.append(rows == 0 ? "]\n" : "\n]\n")
    }
    try flush()
    try output.finish()
  }

  private mutating func flush() throws(OutputError) {
    Progress.shared.tick()
    try output.write(block)
    block.removeAll()
  }
}
