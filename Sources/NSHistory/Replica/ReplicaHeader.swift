internal import SQLite

/// What a file that is made of a replica needs besides its rows, as JSON: the greatest row numbers that were ever
/// given, and the sessions whose end is not known because the file is recorded or is a copy.
struct ReplicaHeader {
  let text: String

  init(_ connection: Connection, _ index: SampleIndex) throws(SQLiteError) {
    let unended = index.sessions.filter { $0.isOpen || $0.isCopied }.map(\.id)
    text =
      try connection.prepare(
        """
        SELECT json_object(
          'row_number', json((SELECT json_group_array(json_array(name, last)) FROM row_number)),
          'sequence', json((SELECT json_group_array(json_array(name, seq)) FROM sqlite_sequence)),
          'unended', json(?))
        """
      ).bind(.list(unended)).first { $0.text(0) } ?? "{}"
  }
}
