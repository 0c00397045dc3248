internal import NSHistory
internal import NamespaceModel

/// Writes export rows in one of the formats.
struct ExportWriter {
  let format: RowFormat
  let output: OutputFile
  /// How many were written.
  private(set) var rows = 0

  init(format: RowFormat, output: OutputFile) {
    self.format = format
    self.output = output
  }

  /// What stands before the first row.
  func begin() throws(OutputError) {
    switch format {
    case .csv: try output.write(DelimitedText.csv(Self.columns))
    case .tsv: try output.write(DelimitedText.tsv(Self.columns))
    case .json: try output.write("[")
    case .ndjson: break
    }
  }

  /// One row.
  mutating func write(_ row: ExportRow) throws(OutputError) {
    switch format {
    case .csv: try output.write(DelimitedText.csv(Self.fields(row)))
    case .tsv: try output.write(DelimitedText.tsv(Self.fields(row)))
    case .json: try output.write((rows == 0 ? "\n" : ",\n") + Self.json(row).compact)
    case .ndjson: try output.write(Self.json(row).compact + "\n")
    }
    rows += 1
  }

  /// What stands behind the last row.
  func end() throws(OutputError) {
    if format == .json { try output.write(rows == 0 ? "]\n" : "\n]\n") }
    try output.finish()
  }

  private static let columns = [
    "boot", "pid_namespace", "pid", "start", "comm", "uid", "type", "inode", "id", "initial",
    "unread", "from", "until", "open", "cgroup", "tid", "from_exact", "until_exact",
    "container", "container_name", "engine",
  ]

  private static func fields(_ row: ExportRow) -> [String] {
    [
      row.boot, row.pidNamespaceInode.map(String.init) ?? "", String(row.pid),
      row.start.map(TimeFormat.start) ?? "", row.comm ?? "",
      row.uid.map(String.init) ?? "", row.type.name, row.inode.map(String.init) ?? "",
      row.kernelID.map(String.init) ?? "", row.isInitial.map(String.init) ?? "",
      row.unread?.name ?? "", TimeFormat.utc(row.from), TimeFormat.utc(row.until),
      String(row.isOpen), row.cgroup ?? "", row.tid.map(String.init) ?? "",
      String(row.isExactFrom), String(row.isExactUntil), row.container?.id ?? "",
      row.container?.name ?? "", row.container?.engine ?? "",
    ]
  }

  private static func json(_ row: ExportRow) -> JSON {
    .object([
      ("boot", .string(row.boot)),
      ("pid_namespace", .optional(row.pidNamespaceInode, JSON.unsigned)),
      ("pid", .integer(row.pid)),
      ("start", .optional(row.start) { .string(TimeFormat.start($0)) }),
      ("comm", .optional(row.comm, JSON.string)), ("uid", .optional(row.uid, JSON.integer)),
      ("type", .string(row.type.name)), ("inode", .optional(row.inode, JSON.unsigned)),
      ("id", .optional(row.kernelID, JSON.unsigned)),
      ("initial", .optional(row.isInitial, JSON.bool)),
      ("unread", .optional(row.unread) { .string($0.name) }), ("from", .time(row.from)),
      ("until", .time(row.until)), ("open", .bool(row.isOpen)),
      ("cgroup", .optional(row.cgroup, JSON.string)),
      ("tid", .optional(row.tid, JSON.integer)), ("from_exact", .bool(row.isExactFrom)),
      ("until_exact", .bool(row.isExactUntil)),
      ("container", .optional(row.container?.id, JSON.string)),
      ("container_name", .optional(row.container?.name, JSON.string)),
      ("engine", .optional(row.container?.engine, JSON.string)),
    ])
  }
}
