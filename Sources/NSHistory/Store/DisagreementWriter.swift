internal import NamespaceModel
internal import SQLite

/// Writes down of which tasks a sample showed what no event had reported.
struct DisagreementWriter {
  let connection: Connection
  let interner: Interner

  func write(_ disagreements: [Disagreement], of sample: Int64) throws(SQLiteError) {
    for (index, one) in disagreements.enumerated() {
      let kind: DisagreementRecord.Kind =
        one.reported == nil ? .startNotReported : one.sampled == nil ? .exitNotReported : .elsewhere
      let reported = try one.reported.map { (set) throws(SQLiteError) in try interner.set(set) }
      let sampled = try one.sampled.map { (set) throws(SQLiteError) in try interner.set(set) }
      try connection.prepare(
        """
        INSERT INTO disagreement (seq, position, pid, tid, comm, kind, reported_set_id,
          sampled_set_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
      ).bind(
        .integer(sample), .integer(Int64(index + 1)), .integer(Int64(one.pid)),
        .optional(one.tid.map(Int64.init)), .optional(one.comm.map { SystemText.escaped($0) }),
        .integer(kind.rawValue), .optional(reported?.row), .optional(sampled?.row)
      ).run()
    }
  }
}
