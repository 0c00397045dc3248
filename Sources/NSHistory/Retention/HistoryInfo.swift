package import NamespaceModel
internal import SQLite

/// The contents and the size of a history file.
package struct HistoryInfo: Sendable, Hashable {
  /// One table with its indexes.
  package struct Table: Sendable, Hashable {
    package let name: String
    package let rows: Int64
    /// The size of the table and of its indexes, in bytes; nil if this SQLite has no `dbstat`.
    package let bytes: Int64?
    package let indexBytes: Int64?
  }

  package let tables: [Table]
  /// The size of the main file, in bytes.
  package let file: Int64
  /// The size of its `-wal` file, in bytes.
  package let log: Int64
  /// The size of the pages of the main file that have no content, in bytes.
  package let free: Int64
  /// The time from the end of the first sample to the last one, or that of the slice; nil without a sample.
  package let span: ClosedRange<WallTime>?
  /// Whether retention has removed the beginning of the history.
  package let isPruned: Bool
  /// The size limit of the last session, in bytes; nil if it has none, and without a session.
  package let maxSize: Int64?
  /// The bounds of the slice, if the history is one; otherwise nil.
  package let slice: SliceBounds.Info?

  /// How many bytes a day of the recorded time takes on average; nil if less than a minute was recorded, and for a
  /// slice, which does not grow.
  package var bytesADay: Double? {
    guard slice == nil, let span, span.upperBound - span.lowerBound >= 60_000_000_000 else {
      return nil
    }
    return Double(file - free) * 86_400e9 / Double(span.upperBound - span.lowerBound)
  }
}

extension HistoryReader {
  /// Reads the contents and the size of the file. To find the sizes of the tables, SQLite reads every page.
  package func info() throws(HistoryError) -> HistoryInfo {
    let slice = try sliceInfo()
    let recorded = try recordedSpan()
    let span = slice?.time ?? recorded
    return try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        let space = try FileSpace(connection)
        let sizes = try tableSizes()
        let tables = try connection.prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).map { $0.text(0) }
        return HistoryInfo(
          tables: try tables.map { (name) throws(SQLiteError) in
            HistoryInfo.Table(
              name: name,
              rows: try connection.prepare("SELECT COUNT(*) FROM \"\(name)\"").first {
                $0.integer(0)
              }
                ?? 0,
              bytes: sizes?[name]?.table ?? (sizes == nil ? nil : 0),
              indexBytes: sizes?[name]?.indexes ?? (sizes == nil ? nil : 0))
          },
          file: space.file, log: FileSpace.size(RealPath.of(path) + "-wal"),
          free: space.free * space.pageSize, span: span,
          isPruned: try HistoryFile.isPruned(connection),
          maxSize: try connection.prepare(
            "SELECT max_bytes FROM session ORDER BY session_id DESC LIMIT 1"
          ).first { $0.optionalInteger(0) } ?? nil, slice: slice)
      } catch { throw wrap(error) }
    }
  }

  /// Returns the sizes of the tables and of their indexes; nil where SQLite was built without `dbstat`.
  private func tableSizes() throws(SQLiteError) -> [String: (table: Int64, indexes: Int64)]? {
    let hasStatistics = try connection.prepare(
      "SELECT EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'dbstat')"
    ).first { $0.integer(0) == 1 }
    guard hasStatistics == true else { return nil }
    var sizes: [String: (table: Int64, indexes: Int64)] = [:]
    let rows = try connection.prepare(
      """
      SELECT COALESCE(s.tbl_name, d.name), COALESCE(s.type, 'table'), SUM(d.pgsize)
      FROM dbstat AS d LEFT JOIN sqlite_schema AS s ON s.name = d.name
      WHERE d.aggregate = TRUE GROUP BY 1, 2
      """
    ).map { ($0.text(0), $0.text(1), $0.integer(2)) }
    for (table, type, bytes) in rows {
      if type == "index" {
        sizes[table, default: (0, 0)].indexes += bytes
      } else {
        sizes[table, default: (0, 0)].table += bytes
      }
    }
    return sizes
  }
}
