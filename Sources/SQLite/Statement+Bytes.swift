internal import CSQLite

// Reads text as the bytes stored in the file: text that is passed on unchanged needs no String.

extension Statement {
  /// Replaces the content of `bytes`, whose capacity it retains, with the text of a column as stored in
  /// the file, which need not be UTF-8. Returns false, and leaves `bytes` empty, if the column is NULL.
  package func readText(_ column: Int32, into bytes: inout [UInt8]) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    guard let start = sqlite3_column_text(handle, column) else { return false }
    let count = Int(sqlite3_column_bytes(handle, column))
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    return true
  }
}
