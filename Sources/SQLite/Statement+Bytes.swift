internal import CSQLite

// Text as the bytes that the file holds: what goes out as it came needs no String in between.

extension Statement {
  /// Replaces what is in `bytes`, and keeps its room, by a column's text as it is in the file, which
  /// need not be UTF-8. Returns false, with nothing in it, when the column is NULL.
  package func readText(_ column: Int32, into bytes: inout [UInt8]) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    guard let start = sqlite3_column_text(handle, column) else { return false }
    let count = Int(sqlite3_column_bytes(handle, column))
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    return true
  }
}
