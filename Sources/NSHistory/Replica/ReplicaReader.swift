internal import NamespaceModel
internal import SQLite

/// Reads a history in parts, for a replica of it in another place.
///
/// Each part is read in one snapshot, which ends before the part is sent: a slow network never holds the log of the
/// file, and the file is closed meanwhile, so that a recorder can start. A part ends at a sequence number, the cursor.
/// A task is in the part in which it exited, with all its rows, which are final then. The rows of what has not ended,
/// and those of the small tables, are in the last part; a reader remembers what it has read of these, and leaves out
/// what has not changed since.
package final class ReplicaReader {
  private let path: String
  private let memory: ReplicaMemory

  /// - Parameters:
  ///   - path: the path of the history.
  ///   - openTasks: the tasks that the replica has as open.
  ///   - wholeUntil: the number up to which the replica had everything when it was whole last; nil if it never was.
  package init(of path: String, openTasks: Set<Int64>, wholeUntil: Int64?) {
    self.path = path
    memory = ReplicaMemory(openTasks: openTasks, wholeUntil: wholeUntil)
  }

  /// Reads the part after a cursor; nil if there is no sample. The reader assumes that the replica takes the part over:
  /// after a failure, a new reader is needed.
  ///
  /// - Parameter limit: about how many rows the part may have, if it is not a single sample that has more.
  package func batch(
    after cursor: ReplicaBatch.Cursor?, limit: Int
  ) throws(ReplicaMismatch) -> ReplicaBatch? {
    let result: Result<ReplicaBatch?, ReplicaMismatch>
    do throws(HistoryError) {
      let reader = try HistoryReader(path: path)
      result = try reader.snapshot { () throws(HistoryError) in
        do throws(SQLiteError) {
          return try ReplicaPass(reader, memory).batch(after: cursor, limit: limit)
        } catch { throw reader.wrap(error) }
      }
    } catch { throw .history(error) }
    return try result.get()
  }
}

extension HistoryReader {
  /// The UUID of the history, and the version of the file's schema.
  package func identity() throws(HistoryError) -> (uuid: String, version: Int64) {
    do throws(SQLiteError) {
      return (
        try connection.prepare("SELECT uuid FROM history").first { $0.text(0) } ?? "",
        try connection.prepare("PRAGMA user_version").first { $0.integer(0) } ?? 0
      )
    } catch { throw wrap(error) }
  }
}

/// What a `ReplicaReader` remembers from one part to the next.
final class ReplicaMemory {
  /// The tasks that the replica has as open.
  fileprivate var openTasks: Set<Int64>
  /// The hash of each open task, small row, namespace and container that the replica has.
  fileprivate var sent: [Key: Int] = [:]
  /// The greatest key that was read of each small table.
  fileprivate var greatest: [ReplicaPart: Int64] = [:]
  /// Rows of small tables that were read, but did not fit the part.
  fileprivate var waiting: [ReplicaBatch.Row] = []
  fileprivate var waitingNamespaces: [Int64: ReplicaBatch.Row] = [:]
  /// Up to which number the replica was whole, with the marks of all changes.
  fileprivate var wholeUntil: Int64?
  /// Whether no part had all namespaces yet.
  fileprivate var isFirst = true
  /// How many sequence numbers the next part is to span.
  fileprivate var stride: Int64 = 1024
  /// The newest sequence number when the small tables were read last.
  fileprivate var lastRead: Int64 = 0
  /// The namespaces of the file, and for those without a kernel id, which may turn out to be another one, until when
  /// each was known.
  fileprivate var namespaces: Set<Int64> = []
  fileprivate var unidentified: [Int64: Int64] = [:]

  init(openTasks: Set<Int64>, wholeUntil: Int64?) {
    self.openTasks = openTasks
    self.wholeUntil = wholeUntil
  }

  fileprivate struct Key: Hashable {
    let kind: Int16
    let part: Int16
    let key: Int64
  }
}

/// Reads one part of a history, in one snapshot.
private struct ReplicaPass {
  private typealias Key = ReplicaMemory.Key

  private let reader: HistoryReader
  private let memory: ReplicaMemory
  private var connection: Connection { reader.connection }

  /// The most sequence numbers in one run.
  private static let run: Int64 = 1024

  init(_ reader: HistoryReader, _ memory: ReplicaMemory) {
    self.reader = reader
    self.memory = memory
  }

  func batch(
    after cursor: ReplicaBatch.Cursor?, limit: Int
  ) throws(SQLiteError) -> Result<ReplicaBatch?, ReplicaMismatch> {
    if try HistoryFile.isSlice(connection) { return .failure(.isSlice) }
    let index = try reader.index()
    if let mismatch = try mismatch(cursor, index) { return .failure(mismatch) }
    return .success(try read(after: cursor, limit, index))
  }

  /// Returns why the file cannot go on from a cursor; nil if it can.
  private func mismatch(
    _ cursor: ReplicaBatch.Cursor?, _ index: SampleIndex
  ) throws(SQLiteError) -> ReplicaMismatch? {
    guard let cursor else { return nil }
    guard let first = index.first, let last = index.last, cursor.seq <= last.rawValue else {
      return .fileIsBehind
    }
    // Retention has removed the sample with the number of the cursor.
    guard cursor.seq >= first.rawValue else { return nil }
    let point = try index.point(SequenceNumber(rawValue: cursor.seq))
    return point.wall == cursor.wall && point.boot == BootTime(nanoseconds: cursor.boot)
      ? nil : .fileDiffers
  }

  // MARK: One part

  private func read(
    after cursor: ReplicaBatch.Cursor?, _ limit: Int, _ index: SampleIndex
  ) throws(SQLiteError) -> ReplicaBatch? {
    guard let first = index.first, let last = index.last else { return nil }
    let low = max(first, SequenceNumber(rawValue: (cursor?.seq ?? 0) + 1))
    let sessions = try SessionEnds(index)
    let stable = try lastStable()
    var batch = ReplicaBatch(
      cursor: cursor ?? .init(seq: first.rawValue - 1, wall: .zero, boot: 0),
      header: try ReplicaHeader(connection, index).text, begins: try index.point(first).wall,
      host: try host())
    batch.watermark = try HistoryFile.watermark(connection)?.rawValue
    if first.rawValue > (cursor?.seq ?? 0) + 1 { batch.missing = first.rawValue - 1 }
    while low <= stable {
      let high = try end(of: low, spanning: memory.stride, index)
      guard high <= stable else { break }
      let tasks = try finishedTasks(low, high, index, sessions)
      guard tasks.count <= limit || memory.stride <= 1 else {
        memory.stride /= 2
        continue
      }
      if tasks.count < limit / 2 { memory.stride = min(memory.stride * 2, 1 << 20) }
      try add(tasks, low, high, index, to: &batch)
      return batch
    }
    memory.waiting += try changedRows(index)
    guard memory.waiting.count <= limit else {
      batch.rows = Array(memory.waiting.prefix(limit))
      memory.waiting.removeFirst(limit)
      return batch
    }
    try add(finishedTasks(low, last, index, sessions), low, last, index, to: &batch)
    batch.rows += memory.waiting + Array(memory.waitingNamespaces.values)
    (memory.waiting, memory.waitingNamespaces) = ([], [:])
    batch.rows += try changedOpenTasks(index, sessions)
    batch.rows += try marks(since: memory.wholeUntil.map { SequenceNumber(rawValue: $0) }, index)
    memory.wholeUntil = last.rawValue
    batch.isWhole = true
    (batch.isFirst, memory.isFirst) = (memory.isFirst, false)
    return batch
  }

  /// Adds the tasks that ended in a range, and the samples and events of the range.
  private func add(
    _ tasks: [ReplicaBatch.Row], _ low: SequenceNumber, _ high: SequenceNumber,
    _ index: SampleIndex, to batch: inout ReplicaBatch
  ) throws(SQLiteError) {
    batch.rows += tasks
    // The container of a task is there before the task, or with it.
    batch.rows += try changedContainers(Set(tasks.compactMap(\.container)))
    batch.rows += try runs(low, high, index)
    let point = try index.point(high)
    batch.cursor = .init(seq: high.rawValue, wall: point.wall, boot: point.boot.nanoseconds)
  }

  /// Returns the last number that no membership which is open now can end at: the next sample may end one as early as
  /// at the sample before the last one. A part that ends later has all that is open, so that the replica knows what may
  /// end.
  private func lastStable() throws(SQLiteError) -> SequenceNumber {
    try connection.prepare("SELECT seq - 1 FROM sample ORDER BY seq DESC LIMIT 1 OFFSET 2").first {
      $0.sequence(0)
    } ?? .zero
  }

  /// Returns the number at which a part that begins at another number ends: that of a sample, or the last of a batch
  /// of events.
  private func end(
    of low: SequenceNumber, spanning stride: Int64, _ index: SampleIndex
  ) throws(SQLiteError) -> SequenceNumber {
    guard let last = index.last else { return low }
    let (sum, isOver) = low.rawValue.addingReportingOverflow(stride - 1)
    guard !isOver, sum < last.rawValue else { return last }
    let high = SequenceNumber(rawValue: sum)
    let events = try connection.prepare(
      """
      SELECT first_seq + length(offsets) / \(PointReader.digits) - 1 FROM event_batch
      WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1
      """
    ).bind(.number(high)).first { $0.sequence(0) }
    return min(last, max(high, events ?? high))
  }

  private func host() throws(SQLiteError) -> ReplicaBatch.Host {
    try connection.prepare(
      "SELECT host_name, machine_id, program FROM session ORDER BY session_id DESC LIMIT 1"
    ).first {
      ReplicaBatch.Host(
        name: $0.optionalText(0), machine: $0.optionalText(1), program: $0.optionalText(2))
    } ?? .init()
  }

  // MARK: Samples and events

  private func runs(
    _ low: SequenceNumber, _ high: SequenceNumber, _ index: SampleIndex
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    guard low <= high else { return [] }
    let sql = ReplicaSQL(connection)
    let parts = try ReplicaSQL.runTables.map { (table, key) throws(SQLiteError) in
      "json((SELECT json_group_array(\(try sql.array(table))) FROM \(table) AS t WHERE t.\(key) BETWEEN ?1 AND ?2))"
    }
    let query = "SELECT json_array(\(parts.joined(separator: ", ")))"
    var rows: [ReplicaBatch.Row] = []
    var start = low
    while start <= high {
      let stop = min(high, try end(of: start, spanning: Self.run, index))
      let body =
        try connection.prepare(query).bind(.number(start), .number(stop)).first { $0.text(0) } ?? ""
      rows.append(
        .init(
          kind: .run, from: start.rawValue, until: stop.rawValue,
          began: try index.point(start).wall, ended: try index.point(stop).wall, body: body))
      start = stop + 1
    }
    return rows
  }

  // MARK: Tasks

  /// The ends of the sessions after which a task may go on in a later session: the last one of each space, in the boot
  /// of the newest session.
  private struct SessionEnds {
    let numbers: Set<Int64>

    init(_ index: SampleIndex) throws(SQLiteError) {
      var last: [Int64: SessionSpan] = [:]
      for session in index.sessions { last[session.space] = session }
      let boot = index.sessions.last?.boot
      numbers = Set(last.values.filter { $0.boot == boot }.map(\.last.rawValue))
    }
  }

  /// Reads the tasks that exited in a range, and those of which the replica does not know yet that they exited.
  private func finishedTasks(
    _ low: SequenceNumber, _ high: SequenceNumber, _ index: SampleIndex, _ sessions: SessionEnds
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    let ended = try connection.prepare(
      """
      SELECT DISTINCT task_id FROM (\(IntervalOverlapQuery.everywhere("m.task_id, m.until_seq")))
      WHERE task_id > 0 AND until_seq BETWEEN ? AND ?
      """
    ).bind(.number(low), .number(high), .number(low), .number(high)).map { $0.integer(0) }
    var rows: [ReplicaBatch.Row] = []
    let known = memory.openTasks
    try forEachTask(Set(ended).union(known), index) { task in
      let isKnown = known.contains(task.row.key)
      guard task.isEnded, let until = task.row.until, until <= high.rawValue,
        !sessions.numbers.contains(until), isKnown || until >= low.rawValue
      else { return }
      var row = task.row
      row.kind = .task
      rows.append(row)
    }
    rows += try shortLivedTasks(low, high, index)
    return rows
  }

  /// Reads the open tasks that have changed, and the numbers of those that are not open any more.
  private func changedOpenTasks(
    _ index: SampleIndex, _ sessions: SessionEnds
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    var open = Set(
      try connection.prepare("SELECT task_id FROM membership WHERE until_seq IS NULL").map {
        $0.integer(0)
      })
    for number in sessions.numbers {
      let ended = try connection.prepare(
        """
        SELECT task_id FROM (\(IntervalOverlapQuery.everywhere("m.task_id, m.until_seq")))
        WHERE task_id > 0 AND until_seq = ?
        """
      ).bind(.integer(number), .integer(number), .integer(number)).map { $0.integer(0) }
      open.formUnion(ended)
    }
    var rows: [ReplicaBatch.Row] = []
    var isOpen: Set<Int64> = []
    try forEachTask(open, index) { task in
      if task.isEnded, let until = task.row.until, !sessions.numbers.contains(until) { return }
      isOpen.insert(task.row.key)
      var row = task.row
      row.kind = .openTask
      if !task.isEnded { row.until = nil }
      if hasChanged(row) { rows.append(row) }
    }
    for task in memory.openTasks.subtracting(isOpen) {
      memory.sent[Key(kind: ReplicaBatch.Kind.openTask.rawValue, part: 0, key: task)] = nil
      rows.append(.init(kind: .goneTask, key: task))
    }
    memory.openTasks = isOpen
    return rows
  }

  private struct Task {
    var row: ReplicaBatch.Row
    let isEnded: Bool
  }

  /// Calls `body` with some tasks and all their rows.
  private func forEachTask(
    _ tasks: Set<Int64>, _ index: SampleIndex, _ body: (Task) throws(SQLiteError) -> Void
  ) throws(SQLiteError) {
    guard !tasks.isEmpty else { return }
    let sql = ReplicaSQL(connection)
    let statement = try connection.prepare(
      """
      SELECT t.task_id, t.pid, t.comm, c.container_id, MIN(m.from_seq), MAX(m.until_seq),
        SUM(m.until_seq IS NULL), MIN(m.set_id), MAX(m.set_id),
        json_array(\(try sql.array("task")), json_group_array(\(try sql.array("membership", "m"))),
          json((SELECT json_group_array(\(try sql.array("past_description", "p")))
            FROM past_description AS p WHERE p.task_id = t.task_id)))
      FROM json_each(?) AS chosen CROSS JOIN task AS t ON t.task_id = chosen.value
        CROSS JOIN membership AS m ON m.task_id = t.task_id
        LEFT JOIN cgroup AS c ON c.cgroup_id = t.cgroup_id
      GROUP BY t.task_id
      """
    ).bind(.list(tasks.sorted()))
    while try statement.step() {
      let isEnded = statement.integer(6) == 0
      let until = statement.optionalInteger(5)
      var row = ReplicaBatch.Row(kind: .task, key: statement.integer(0))
      row.number = statement.integer(1)
      row.name = statement.optionalText(2)
      row.container = statement.optionalInteger(3)
      row.from = statement.integer(4)
      row.until = until
      if statement.integer(7) == statement.integer(8) { row.other = statement.integer(7) }
      row.body = statement.text(9)
      row.began = try index.point(statement.sequence(4)).wall
      if isEnded, let until { row.ended = try index.point(SequenceNumber(rawValue: until)).wall }
      try body(Task(row: row, isEnded: isEnded))
    }
  }

  private func shortLivedTasks(
    _ low: SequenceNumber, _ high: SequenceNumber, _ index: SampleIndex
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    let statement = try connection.prepare(
      """
      SELECT t.from_seq, t.until_seq, t.pid, t.comm, c.container_id, t.set_id,
        \(try ReplicaSQL(connection).array("short_lived_task"))
      FROM short_lived_task AS t LEFT JOIN cgroup AS c USING (cgroup_id)
      WHERE t.from_seq BETWEEN ? AND ?
      """
    ).bind(.number(low), .number(high))
    var rows: [ReplicaBatch.Row] = []
    while try statement.step() {
      var row = ReplicaBatch.Row(kind: .task, key: -statement.integer(0))
      row.from = statement.integer(0)
      row.until = statement.integer(1)
      row.number = statement.integer(2)
      row.name = statement.optionalText(3)
      row.container = statement.optionalInteger(4)
      row.other = statement.integer(5)
      row.body = statement.text(6)
      row.began = try index.point(statement.sequence(0)).wall
      row.ended = try index.point(statement.sequence(1)).wall
      rows.append(row)
    }
    return rows
  }

  // MARK: Marks

  /// Reads the marked changes since a sequence number. Some that the replica has are among them: the newest sample may
  /// end a membership as early as at the sample before the last one, so the search begins before the last two samples.
  private func marks(
    since number: SequenceNumber?, _ index: SampleIndex
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    let reading = try HistorySnapshot(connection, index, isRecorded: reader.isRecorded)
    var question = ChangesQuestion()
    if let number {
      let seq = try connection.prepare(
        "SELECT seq - 1 FROM sample WHERE seq <= ? ORDER BY seq DESC LIMIT 1 OFFSET 2"
      ).bind(.number(number)).first { $0.sequence(0) }
      question.after = seq.map { ChangePoint(seq: $0, scan: .min) }
    }
    var rows: [ReplicaBatch.Row] = []
    try ChangesQuery(reading, question)?.forEach { change in
      for mark in change.marks {
        guard let at = change.by ?? change.after else { continue }
        let part = change.parts.first { $0.to?.isInitial != true || $0.how == .joined }
        let namespace = part?.to ?? part?.from ?? change.emptied.first
        var row = ReplicaBatch.Row(kind: .mark, key: Self.hash(of: change))
        row.began = at
        row.name = mark.rawValue
        row.number = change.process?.pid
        row.secondName = change.process?.comm
        row.other = namespace.map { Int64(bitPattern: $0.inode) }
        row.part = namespace.map { Int16($0.type.rawValue) } ?? 0
        row.body = change.process?.container?.id ?? ""
        rows.append(row)
      }
      return true
    }
    return rows
  }

  /// Returns the 64-bit FNV-1a hash of what identifies a change: it is the same in every run.
  private static func hash(of change: NamespaceChange) -> Int64 {
    let parts = change.parts.map { "\($0.link.rawValue) \($0.from?.id ?? 0) \($0.to?.id ?? 0)" }
    let text = "\(change.kind.rawValue) \(change.process?.id ?? 0) \(change.pin?.id ?? 0) \(parts)"
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return Int64(bitPattern: hash)
  }

  // MARK: Small tables

  /// Returns the rows of small tables and containers that the replica does not have as they are.
  private func changedRows(_ index: SampleIndex) throws(SQLiteError) -> [ReplicaBatch.Row] {
    // A part has all namespaces that have changed, or none: the store compares those of the first part with its own.
    let (namespaces, hasMerged) = try changedNamespaces(index)
    for row in namespaces { memory.waitingNamespaces[row.key] = row }
    var rows: [ReplicaBatch.Row] = []
    for part in ReplicaPart.allCases {
      // Where two rows of namespaces turned out to be one, sets have changed too.
      rows += try changedPieces(of: part, all: part == .namespaceSet && hasMerged)
    }
    return rows + (try changedContainers())
  }

  private func changedPieces(
    of part: ReplicaPart, all: Bool
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    let array =
      part == .namespaceSet
      ? """
      json_array(t.set_id, t.links, json((
        SELECT json_group_array(json_array(l.link, l.namespace_id, l.unread))
        FROM namespace_set_link AS l WHERE l.set_id = t.set_id)))
      """ : try ReplicaSQL(connection).array(part.table)
    let condition = part.mayHaveChanged
    let values: [Value] = [
      .integer(all ? 0 : memory.greatest[part] ?? 0), .integer(memory.lastRead),
    ]
    let statement = try connection.prepare(
      "SELECT t.\(part.key), \(array) FROM \(part.table) AS t WHERE \(condition) ORDER BY t.\(part.key)"
    ).bind(Array(values.prefix(condition.contains("?2") ? 2 : condition.contains("?1") ? 1 : 0)))
    var rows: [ReplicaBatch.Row] = []
    while try statement.step() {
      let key = statement.integer(0)
      let row = ReplicaBatch.Row(
        kind: .piece, part: part.rawValue, key: key, body: statement.text(1))
      memory.greatest[part] = max(memory.greatest[part] ?? 0, key)
      if hasChanged(row) { rows.append(row) }
    }
    if part == ReplicaPart.allCases.last {
      memory.lastRead = try connection.prepare(SessionSpan.lastNumber).first { $0.integer(0) } ?? 0
    }
    return rows
  }

  private func changedNamespaces(
    _ index: SampleIndex
  ) throws(SQLiteError) -> (rows: [ReplicaBatch.Row], hasMerged: Bool) {
    let statement = try connection.prepare(
      """
      SELECT t.namespace_id, t.type, t.inode, t.kernel_id, t.first_seq, t.last_seq,
        \(try ReplicaSQL(connection).array("namespace")) FROM namespace AS t
      """)
    var rows: [ReplicaBatch.Row] = []
    var found: Set<Int64> = []
    while try statement.step() {
      let key = statement.integer(0)
      found.insert(key)
      var row = ReplicaBatch.Row(
        kind: .namespace, part: Int16(truncatingIfNeeded: statement.integer(1)), key: key)
      row.number = statement.integer(2)
      row.other = statement.optionalInteger(3)
      row.from = statement.optionalInteger(4)
      row.until = statement.optionalInteger(5)
      row.body = statement.text(6)
      guard hasChanged(row) else { continue }
      row.began = try wall(row.from, index)
      row.ended = try wall(row.until, index)
      rows.append(row)
    }
    // A namespace that retention has removed stays in the replica. The other ones turned out to be another namespace.
    let watermark = try HistoryFile.watermark(connection)
    var hasMerged = false
    for gone in memory.namespaces.subtracting(found) {
      let isMerged = memory.unidentified[gone].map { $0 >= watermark?.rawValue ?? 0 } ?? false
      memory.sent[Key(kind: ReplicaBatch.Kind.namespace.rawValue, part: 0, key: gone)] = nil
      guard isMerged else { continue }
      hasMerged = true
      rows.append(.init(kind: .goneNamespace, key: gone))
    }
    memory.unidentified = [:]
    let candidates = try connection.prepare(
      "SELECT namespace_id, COALESCE(last_seq, 9223372036854775807) FROM namespace WHERE kernel_id IS NULL"
    ).map { ($0.integer(0), $0.integer(1)) }
    for (key, until) in candidates { memory.unidentified[key] = until }
    memory.namespaces = found
    return (rows, hasMerged)
  }

  private func wall(_ number: Int64?, _ index: SampleIndex) throws(SQLiteError) -> WallTime? {
    guard let number, index.everything.contains(SequenceNumber(rawValue: number)) else {
      return nil
    }
    return try index.point(SequenceNumber(rawValue: number)).wall
  }

  /// - Parameter chosen: the containers; nil for all.
  private func changedContainers(
    _ chosen: Set<Int64>? = nil
  ) throws(SQLiteError) -> [ReplicaBatch.Row] {
    if chosen?.isEmpty == true { return [] }
    let statement = try connection.prepare(
      """
      SELECT t.container_id, t.id, t.name, \(try ReplicaSQL(connection).array("container"))
      FROM container AS t
      \(chosen == nil ? "" : "WHERE t.container_id IN (SELECT value FROM json_each(?))")
      """
    ).bind(chosen.map { [.list($0.sorted())] } ?? [])
    var rows: [ReplicaBatch.Row] = []
    while try statement.step() {
      var row = ReplicaBatch.Row(kind: .container, key: statement.integer(0))
      row.name = statement.text(1)
      row.secondName = statement.optionalText(2)
      row.body = statement.text(3)
      if hasChanged(row) { rows.append(row) }
    }
    return rows
  }

  /// Returns whether a row is not as it was read last, and remembers it.
  private func hasChanged(_ row: ReplicaBatch.Row) -> Bool {
    // The type of a namespace is in `part`, and never changes.
    let part = row.kind == .piece ? row.part : 0
    let hash = row.body.hashValue
    return memory.sent.updateValue(
      hash, forKey: Key(kind: row.kind.rawValue, part: part, key: row.key))
      != hash
  }
}
