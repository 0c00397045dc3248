package import NSHistory
internal import NamespaceModel

/// Ships a history file to a store, batch by batch.
///
/// The file is the queue: nothing else is stored. Each batch is read in one snapshot of the file, and written in one
/// transaction, which also moves the cursor of the history from where the shipper found it. So a batch that was lost is read
/// again, a batch whose COMMIT was lost is found to be there, and of two shippers of one file one is refused.
package final class Shipper {
  private let store: FleetStore
  private let reader: ReplicaReader
  private let uuid: String
  private let fileVersion: Int64
  private var ship: Int64
  private var cursor: ReplicaBatch.Cursor?

  /// One batch that the store has taken over.
  package struct Progress: Sendable, Hashable {
    /// How many rows and bytes were sent.
    package var rows: Int
    package var bytes: Int
    /// The time up to which the store has the history.
    package var reached: WallTime
    /// Whether the store has all that the file had when the batch was read.
    package var isWhole: Bool
  }

  /// Connects to the store, and finds how far the history is in it.
  package init(of path: String, to store: FleetStore) throws(ShipError) {
    self.store = store
    do throws(HistoryError) {
      (uuid, fileVersion) = try HistoryReader(path: path).identity()
    } catch { throw .history(error) }
    var open: Set<Int64> = []
    var whole: Int64?
    do throws(FleetError) {
      try store.requireWritable()
      let state = try store.connection.first(
        "SELECT ship, seq, seq_wall_ns, seq_boot_ns, whole_seq FROM nshist.state($1)", [uuid]
      ) { (row) throws(FleetError) in
        (
          try row.number(0),
          ReplicaBatch.Cursor(
            seq: try row.number(1), wall: WallTime(nanoseconds: try row.number(2)),
            boot: try row.number(3)), try row.integer(4)
        )
      }
      ship = state?.0 ?? 0
      cursor = state?.1
      whole = state?.2
      try store.connection.run("SELECT * FROM nshist.open_tasks($1)", [uuid]) {
        (row) throws(FleetError) in open.insert(try row.number(0))
      }
    } catch { throw .store(error) }
    reader = ReplicaReader(of: path, openTasks: open, wholeUntil: whole)
  }

  /// Ships the next batch. After a failure, a new shipper is needed.
  ///
  /// - Parameter limit: about how many rows a batch has.
  package func shipBatch(limit: Int) throws(ShipError) -> Progress? {
    let batch: ReplicaBatch?
    do throws(ReplicaMismatch) { batch = try reader.batch(after: cursor, limit: limit) } catch {
      switch error {
      case .fileIsBehind: throw .store(FleetError(.fileIsBehind, detail: uuid))
      case .fileDiffers: throw .store(FleetError(.fileDiffers, detail: uuid))
      case .isSlice: throw .store(FleetError(.isSlice))
      case .history(let error): throw .history(error)
      }
    }
    guard let batch else { return nil }
    let data = ShipmentText.bytes(batch.rows)
    do throws(FleetError) { try commit(batch, data) } catch { throw .store(error) }
    ship += 1
    cursor = batch.cursor
    return Progress(
      rows: batch.rows.count, bytes: data.count, reached: batch.cursor.wall, isWhole: batch.isWhole)
  }

  private func commit(_ batch: ReplicaBatch, _ data: [UInt8]) throws(FleetError) {
    let connection = store.connection
    try connection.transaction { () throws(FleetError) in
      try connection.run("SELECT nshist.begin_ship()")
      try connection.copy("COPY pg_temp.nshist_shipment FROM STDIN", data)
      try connection.run(
        """
        SELECT nshist.commit_ship($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        [
          uuid, "\(ship)", "\(batch.cursor.seq)", "\(batch.cursor.wall.nanoseconds)",
          "\(batch.cursor.boot)", "\(batch.isWhole)", "\(batch.isFirst)",
          batch.missing.map { "\($0)" }, batch.watermark.map { "\($0)" }, batch.header,
          batch.host.name, batch.host.machine, batch.host.program, "\(fileVersion)",
          "\(batch.begins.nanoseconds)",
        ])
    }
  }
}

/// A failure to ship: of the file, or of the store.
package enum ShipError: Error, Sendable {
  case history(HistoryError)
  case store(FleetError)
}

/// Rows in the text format of COPY (PostgreSQL, "COPY", "Text Format").
enum ShipmentText {
  static func bytes(_ rows: [ReplicaBatch.Row]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * 256)
    for row in rows {
      append(Int64(row.kind.rawValue), to: &bytes)
      append(Int64(row.part), to: &bytes)
      append(row.key, to: &bytes)
      for number in [
        row.from, row.until, row.began?.nanoseconds, row.ended?.nanoseconds, row.number, row.other,
        row.container,
      ] { append(number, to: &bytes) }
      append(row.name, to: &bytes)
      append(row.secondName, to: &bytes)
      append(row.body, to: &bytes)
      bytes[bytes.count - 1] = UInt8(ascii: "\n")
    }
    return bytes
  }

  private static func append(_ number: Int64?, to bytes: inout [UInt8]) {
    if let number { bytes.append(contentsOf: String(number).utf8) } else { appendNull(to: &bytes) }
    bytes.append(UInt8(ascii: "\t"))
  }

  private static func append(_ text: String?, to bytes: inout [UInt8]) {
    guard var text else {
      appendNull(to: &bytes)
      return bytes.append(UInt8(ascii: "\t"))
    }
    text.withUTF8 { text in
      for byte in text {
        switch byte {
        case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
        case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
        // PostgreSQL stores no NUL in a text. A text of a history is escaped, so that only a forged file has one.
        case 0: bytes.append(contentsOf: "\u{FFFD}".utf8)
        default: bytes.append(byte)
        }
      }
    }
    bytes.append(UInt8(ascii: "\t"))
  }

  private static func appendNull(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "\\N".utf8)
  }
}
