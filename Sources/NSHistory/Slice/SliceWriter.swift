internal import Glibc
internal import NamespaceModel
internal import SQLite
internal import SystemPackage

/// Cuts a slice out of a history, into a new file.
///
/// The history is read in one transaction, so that a recorder may continue to write it meanwhile. It is never changed:
/// SQLite has it open for reading only. The copied rows have the same row ids and sequence numbers.
package final class SliceWriter {
  private let reader: HistoryReader
  private let path: String

  /// A summary of a slice that was written.
  package struct Result: Sendable, Hashable {
    /// The time that the slice is about.
    package let time: ClosedRange<WallTime>
    /// The number of processes and threads that were running in the time of the slice.
    package let processes: Int
  }

  private static let operation = "cut a slice out of"

  /// Opens the history to cut.
  ///
  /// Throws `HistoryError`, as `HistoryReader` does.
  package convenience init(of path: String) throws(HistoryError) {
    self.init(reading: try HistoryReader(path: path, writesBeside: true))
  }

  /// - Parameter reader: an open history beside which files can be written (`writesBeside`).
  init(reading reader: HistoryReader) {
    self.reader = reader
    path = reader.path
  }

  /// Calls `body` periodically while a slice is written. If `body` returns false, the writing stops, and `write`
  /// throws.
  package func onProgress(_ body: @escaping () -> Bool) {
    reader.onProgress { [unowned connection = reader.connection] in
      if !body() { connection.interrupt() }
    }
  }

  /// Writes a slice into a new file. The file is not flushed to the device.
  ///
  /// - Parameter file: the path of the file, which is not there yet, or is empty.
  /// - Parameter name: the path of the file for messages.
  package func write(
    _ request: SliceRequest, to file: String, named name: String
  ) throws(HistoryError) -> Result {
    do throws(SQLiteError) {
      let slice = try Connection(path: file, access: .readWrite)
      // The caller gives the file its name only when it is complete, so an incomplete file needs no journal.
      try slice.execute("PRAGMA journal_mode = OFF")
      try slice.execute("PRAGMA synchronous = OFF")
      try slice.execute("PRAGMA auto_vacuum = INCREMENTAL")
      try Migrator.migrate(slice, from: 0)
    } catch { throw HistoryError(error, "write", name) }
    let connection = reader.connection
    do throws(SQLiteError) {
      try connection.prepare("ATTACH ? AS slice").bind(.text(Connection.uri(path: file))).run()
      try connection.execute("PRAGMA temp_store = MEMORY")
      // Of the rows that a slice needs, many are in the same pages.
      try connection.execute("PRAGMA main.cache_size = -65536")
      for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"] {
        try connection.execute("PRAGMA slice.\(pragma)")
      }
    } catch { throw HistoryError(error, "write", name) }
    do throws(HistoryError) {
      let cut = try cut(request, named: name)
      do throws(SQLiteError) { try connection.execute("DETACH slice") } catch {
        throw HistoryError(error, "write", name)
      }
      return cut
    } catch {
      do throws(SQLiteError) { try connection.execute("DETACH slice") } catch let second {
        // The error above is thrown in any case, so that the caller does not use the slice.
        assertionFailure("DETACH: \(second)")
      }
      throw error
    }
  }

  private func cut(_ request: SliceRequest, named name: String) throws(HistoryError) -> Result {
    let connection = reader.connection
    let found: Result?
    var missing: [String] = []
    do throws(SQLiteError) {
      found = try connection.transaction { () throws(SQLiteError) in
        let index = try reader.index()
        let reading = try HistorySnapshot(connection, index, isRecorded: reader.isRecorded)
        guard let cut = try SliceCut(request.window, in: reading, now: ClockReading.now().wall)
        else { return nil }
        missing = try absent(request, cut, reading)
        guard missing.isEmpty else { return nil }
        try SliceRows(reading, cut, request).choose()
        // A recorder may have the sessions open still, so that the slice does not show how they end.
        try SliceCopy(connection, cut).copy(
          openSessions: index.sessions.filter { $0.isOpen || $0.isCopied }.map(\.id))
        try copyLimits(request)
        return Result(
          time: cut.time,
          processes: try processes(request, cut))
      }
    } catch {
      if error.kind == .full || error.kind == .inputOutput {
        throw HistoryError(error, "write", name)
      }
      throw HistoryError(error, Self.operation, path)
    }
    guard missing.isEmpty else {
      throw HistoryError(
        .missing, Self.operation, path,
        reason: "no process of \(missing.joined(separator: ", ")) was recorded in that time",
        remedy: "nshist query processes lists those of a time")
    }
    guard let found else {
      let span = try reader.recordedSpan()
      let recorded =
        span.map {
          """
          samples are recorded from \(TimeFormat.localTime($0.lowerBound, .local)) to \
          \(TimeFormat.localTime($0.upperBound, .local))
          """
        } ?? "it holds no sample"
      throw HistoryError(
        .missing, Self.operation, path, reason: "no sample was taken in that time; \(recorded)",
        remedy: "choose another --since and --until")
    }
    return found
  }

  /// Returns those of the PIDs and containers of the request that no process had in the time of the slice.
  private func absent(
    _ request: SliceRequest, _ cut: SliceCut, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> [String] {
    var missing: [String] = []
    let window = TimeWindow(since: cut.time.lowerBound, until: cut.time.upperBound)
    let pids = request.pids.map { (ProcessSelector.pid($0), "PID \($0)") }
    let containers = request.containers.map { (ProcessSelector.container($0), "container \($0)") }
    for (selector, name) in pids + containers {
      var isThere = false
      try ProcessFinder(reading: reading).forEach(selector, in: window) { _ in
        isThere = true
        return false
      }
      if !isThere { missing.append(SystemText.sanitized(name)) }
    }
    return missing
  }

  private func copyLimits(_ request: SliceRequest) throws(SQLiteError) {
    let connection = reader.connection
    var position: Int64 = 0
    func add(_ pid: Value, _ container: Value) throws(SQLiteError) {
      position += 1
      try connection.prepare("INSERT INTO slice.slice_process VALUES (?, ?, ?)")
        .bind(.integer(position), pid, container).run()
    }
    for pid in request.pids { try add(.integer(pid), .null) }
    for container in request.containers {
      for row in try ContainerFinder(connection: connection).rows(container).sorted() {
        try add(.null, .integer(row))
      }
    }
  }

  private func processes(_ request: SliceRequest, _ cut: SliceCut) throws(SQLiteError) -> Int {
    let sql =
      request.isLimited
      ? "SELECT COUNT(*) FROM temp.cut_asked"
      : "SELECT COUNT(DISTINCT member) FROM (\(IntervalOverlapQuery.everywhere("m.task_id AS member")))"
    return try reader.connection.prepare(sql)
      .bind(request.isLimited ? [] : IntervalOverlapQuery.values(cut.asked))
      .first { Int($0.integer(0)) } ?? 0
  }
}

/// Copies the rows that `SliceRows` chose into the attached file.
struct SliceCopy {
  private let connection: Connection
  private let cut: SliceCut

  init(_ connection: Connection, _ cut: SliceCut) {
    self.connection = connection
    self.cut = cut
  }

  private func run(_ sql: String, _ values: [Value] = []) throws(SQLiteError) {
    try connection.prepare(sql).bind(values).run()
  }

  /// Copies the rows of a table whose value in a column is one of the chosen ids.
  ///
  /// - Parameters:
  ///   - chosen: the temporary table of the ids.
  ///   - column: the column that is compared with them.
  private func copy(
    _ table: String, where chosen: String, is column: String, _ columns: String = "t.*"
  ) throws(SQLiteError) {
    let names = columns == "t.*" ? "" : "(\(columns)) "
    try run(
      """
      INSERT OR IGNORE INTO slice.\(table) \(names)SELECT \(columns) FROM temp.\(chosen) AS chosen
      CROSS JOIN main.\(table) AS t ON t.\(column) = chosen.id
      """)
  }

  private func copyAll(_ table: String) throws(SQLiteError) {
    try run("INSERT INTO slice.\(table) SELECT * FROM main.\(table)")
  }

  /// - Parameter openSessions: the row ids of the sessions whose end is not known.
  func copy(openSessions: [Int64]) throws(SQLiteError) {
    try copyHistory()
    for session in openSessions {
      try run(
        """
        INSERT INTO slice.session_file (session_id, device, inode, copied) VALUES (?, 0, 0, 1)
        ON CONFLICT (session_id) DO UPDATE SET copied = 1
        """, [.integer(session)])
    }
    try copySamples()
    try copyTasks()
    try copyNamespaces()
    try copyContainers()
  }

  private func copyHistory() throws(SQLiteError) {
    let numbers = IntervalOverlapQuery.values(cut.numbers)
    try run(
      "INSERT INTO slice.slice SELECT 1, uuid, ?3, ?4, ?1, ?2 FROM main.history",
      numbers + [.wall(cut.time.lowerBound), .wall(cut.time.upperBound)])
    try run(
      "UPDATE slice.history SET watermark_seq = (SELECT watermark_seq FROM main.history)")
    try run("DELETE FROM slice.row_number")
    for table in [
      "row_number", "boot", "pid_space", "session", "session_file", "clock_step", "container",
    ] {
      try copyAll(table)
    }
  }

  private func copySamples() throws(SQLiteError) {
    let numbers = IntervalOverlapQuery.values(cut.numbers)
    try run("INSERT INTO slice.sample SELECT * FROM main.sample WHERE seq BETWEEN ? AND ?", numbers)
    try copy("sample", where: "cut_point", is: "seq")
    try run(
      """
      INSERT INTO slice.event_batch SELECT * FROM main.event_batch WHERE first_seq BETWEEN
        COALESCE((SELECT MAX(first_seq) FROM main.event_batch WHERE first_seq <= ?1), ?1) AND ?2
      """, numbers)
    try run(
      """
      INSERT OR IGNORE INTO slice.event_batch
      SELECT b.* FROM temp.cut_point AS chosen CROSS JOIN main.event_batch AS b ON b.first_seq =
        (SELECT MAX(first_seq) FROM main.event_batch WHERE first_seq <= chosen.id)
      WHERE chosen.id < b.first_seq + length(b.offsets) / \(PointReader.digits)
      """)
    try run(
      """
      INSERT INTO slice.sample_note SELECT n.* FROM slice.sample AS s
      CROSS JOIN main.sample_note AS n ON n.seq = s.seq
      """)
    try run(
      """
      INSERT INTO slice.event_loss SELECT * FROM main.event_loss
      WHERE seq IN (SELECT seq FROM slice.sample)
      """)
    try run(
      "INSERT INTO slice.disagreement SELECT * FROM main.disagreement WHERE seq BETWEEN ? AND ?",
      numbers)
  }

  private func copyTasks() throws(SQLiteError) {
    for table in ["task", "membership", "past_description"] {
      try copy(table, where: "cut_task", is: "task_id")
    }
    try copy(
      "short_lived_task", where: "cut_short", is: "from_seq",
      "from_seq, length, pid, set_id, parent_task_id, comm, uid, cgroup_id, provenance, "
        + "program_id, login_id")
    for (table, column) in [("program", "program_id"), ("login", "login_id")] {
      try run(
        """
        INSERT INTO slice.\(table) SELECT t.* FROM (
          SELECT \(column) FROM slice.task UNION SELECT \(column) FROM slice.past_description
          UNION SELECT \(column) FROM slice.short_lived_task) AS chosen
        CROSS JOIN main.\(table) AS t ON t.\(column) = chosen.\(column)
        """)
    }
  }

  private func copyNamespaces() throws(SQLiteError) {
    try copy("namespace", where: "cut_namespace", is: "namespace_id")
    try copy("namespace_set", where: "cut_set", is: "set_id")
    try copy("namespace_set_link", where: "cut_set", is: "set_id")
    try copy("pin_scan", where: "cut_scan", is: "scan_id")
    try copy("pin", where: "cut_pin", is: "pin_id")
  }

  private func copyContainers() throws(SQLiteError) {
    try run(
      """
      INSERT OR IGNORE INTO slice.cgroup SELECT t.* FROM (
        SELECT cgroup_id FROM slice.task UNION SELECT cgroup_id FROM slice.past_description
        UNION SELECT cgroup_id FROM slice.short_lived_task
        UNION SELECT MIN(cgroup_id) FROM main.cgroup WHERE container_id IS NOT NULL
          GROUP BY container_id) AS chosen
      CROSS JOIN main.cgroup AS t ON t.cgroup_id = chosen.cgroup_id
      """)
    // SQLite never gives a row id of the history to another row, also not in the slice.
    try run("DELETE FROM slice.sqlite_sequence")
    try run("INSERT INTO slice.sqlite_sequence SELECT * FROM main.sqlite_sequence")
  }
}
