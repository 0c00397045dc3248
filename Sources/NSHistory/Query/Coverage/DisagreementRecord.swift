public import NamespaceModel
internal import SQLite

/// A task of which a sample showed what no event had reported.
public struct DisagreementRecord: Sendable, Hashable {
  /// When the sample was, in nanoseconds since the epoch.
  public let time: Int64
  /// Its PID, or that of its process.
  public let pid: Int64
  /// Of a thread, its TID.
  public let tid: Int64?
  /// Its name; nil when it is not known.
  public let comm: String?
  /// What differed.
  public let kind: Kind
  /// Where events had it, and where the sample showed it: of each type in which the two differ.
  public let types: [Difference]

  /// What differed. The raw value is the code in the file.
  public enum Kind: Int64, Sendable, Hashable {
    /// Events had it elsewhere.
    case elsewhere = 1
    /// No event reported its start.
    case startNotReported = 2
    /// No event reported its exit.
    case exitNotReported = 3
  }

  /// The namespaces of one type; nil where the one or the other did not know it.
  public struct Difference: Sendable, Hashable {
    /// The type.
    public let type: NamespaceType
    /// Where events had it.
    public let reported: NamespaceRecord?
    /// Where the sample showed it.
    public let sampled: NamespaceRecord?
  }
}

/// Reads them.
struct DisagreementReader {
  let reading: Reading

  /// The first of a range of samples.
  func disagreements(
    in samples: ClosedRange<Int64>, most: Int64
  ) throws(SQLiteError) -> [DisagreementRecord] {
    let rows = try reading.connection.prepare(
      """
      SELECT wall_ns, pid, tid, comm, kind, reported_set_id, sampled_set_id
      FROM disagreement JOIN sample USING (seq) WHERE seq BETWEEN ? AND ?
      ORDER BY seq, position LIMIT ?
      """
    ).bind(IntervalOverlapQuery.values(samples) + [.integer(most)]).map { row in
      (
        time: row.integer(0), pid: row.integer(1), tid: row.optionalInteger(2),
        comm: row.optionalText(3).map(SystemText.sanitized), kind: row.integer(4),
        reported: row.optionalInteger(5), sampled: row.optionalInteger(6)
      )
    }
    var records: [DisagreementRecord] = []
    for row in rows {
      guard let kind = DisagreementRecord.Kind(rawValue: row.kind) else {
        throw .corrupt("a disagreement has the kind \(row.kind)", operation: "read the samples")
      }
      records.append(
        DisagreementRecord(
          time: row.time, pid: row.pid, tid: row.tid, comm: row.comm, kind: kind,
          types: kind == .elsewhere ? try differences(row.reported, row.sampled) : []))
    }
    return records
  }

  private func differences(
    _ reported: Int64?, _ sampled: Int64?
  ) throws(SQLiteError) -> [DisagreementRecord.Difference] {
    let before = try reported.map(reading.sets.links) ?? [:]
    let after = try sampled.map(reading.sets.links) ?? [:]
    return NamespaceType.allCases.compactMap { type in
      let (one, two) = (before[type.link]?.namespace, after[type.link]?.namespace)
      return one == two
        ? nil : DisagreementRecord.Difference(type: type, reported: one, sampled: two)
    }
  }
}
