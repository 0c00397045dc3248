package import NSHistory
internal import NamespaceModel

/// Makes a file of a host's history in the store, or a slice of it.
package struct Puller {
  private let store: FleetStore

  package init(from store: FleetStore) { self.store = store }

  /// Writes a slice into a new file.
  ///
  /// - Parameters:
  ///   - host: the name or machine id of the host, or the UUID of the history.
  ///   - file: the path of the slice, which is not there yet, or is empty.
  ///   - scratch: the path of a file that is written meanwhile.
  ///   - name: the path of the slice for messages.
  package func pull(
    _ host: String, in window: TimeWindow, to file: String, scratch: String, named name: String
  ) throws(ShipError) -> SliceWriter.Result {
    let history = try restore(host, to: scratch)
    var window = window
    // A question about the present is about the newest sample.
    if let since = window.since { window.since = min(since, history.reached) }
    do throws(HistoryError) {
      return try SliceWriter(of: scratch).write(
        SliceRequest(in: window), to: file, named: name)
    } catch {
      // The user knows the host, and not the file that its history was written into.
      throw .history(
        HistoryError(
          error.kind, error.operation,
          error.path == scratch ? "the history of \(host)" : error.path,
          reason: error.reason, remedy: error.remedy, sqlite: error.sqlite))
    }
  }

  /// Writes everything that the store has of a host into a file.
  ///
  /// - Parameters:
  ///   - host: the name or machine id of the host, or the UUID of the history.
  ///   - path: the path of the file, which is not there yet, or is empty.
  @discardableResult
  package func restore(_ host: String, to path: String) throws(ShipError) -> FleetStore.History {
    let connection = store.connection
    do {
      // All rows are of one moment, whatever is shipped meanwhile.
      try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      try store.requireReadable()
      let history = try store.history(of: host)
      guard history.fileVersion <= ReplicaFile.version else {
        throw FleetError(.newerStore, detail: "\(history.fileVersion)")
      }
      guard history.isWhole else { throw FleetError(.catchingUp, detail: host) }
      let file = try ReplicaFile(path, of: history.uuid)
      for (kind, sql) in Self.queries {
        var failure: HistoryError?
        try connection.run(sql, [history.uuid]) { (row) throws(FleetError) in
          guard failure == nil else { return }
          let (part, key) = (Int16(try row.number(0)), try row.number(1))
          let body = row.text(2) ?? ""
          do throws(HistoryError) { try file.add(kind, part: part, key: key, body) } catch {
            failure = error
          }
        }
        if let failure { throw failure }
      }
      try connection.run("COMMIT")
      try file.finish(header: history.header, missing: history.missing)
      return history
    } catch let error as FleetError {
      throw .store(error)
    } catch let error as HistoryError {
      throw .history(error)
    } catch { throw .store(FleetError(.failed, detail: "\(error)")) }
  }

  private static let queries: [(ReplicaBatch.Kind, String)] = [
    (.piece, "SELECT part, key, body FROM nshist.piece WHERE history = $1"),
    (.namespace, "SELECT 0, namespace_id, body FROM nshist.namespace WHERE history = $1"),
    (.container, "SELECT 0, container_id, body FROM nshist.container WHERE history = $1"),
    (.run, "SELECT 0, first_seq, body FROM nshist.run WHERE history = $1"),
    // A task that went on after it had been shipped as ended has two rows: the later one has all of the earlier one.
    (
      .task,
      """
      SELECT 0, task_id, body FROM (
        SELECT DISTINCT ON (task_id) task_id, body FROM (
          SELECT task_id, until_seq, body FROM nshist.task WHERE history = $1
          UNION ALL
          SELECT task_id, 9223372036854775807, body FROM nshist.open_task WHERE history = $1
        ) AS either (task_id, until_seq, body)
        ORDER BY task_id, until_seq DESC) AS latest
      """
    ),
  ]
}
