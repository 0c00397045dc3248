internal import NamespaceModel
internal import SQLite

/// Chooses the rows of a slice, into temporary tables `cut_*` that hold row ids.
///
/// A slice has every task, namespace and pin of its samples and events (`SliceCut.numbers`). Of other times it has the
/// rows that an answer about its own time reads:
///
/// - all memberships and descriptions of these tasks, of their ancestors, of their threads, of the makers of these
///   namespaces and of the holders of these pins, with the samples and events at which they begin and end;
/// - the processes that were in one of these namespaces at its beginning and when it was last seen, and those that were in
///   it when one of these tasks joined it: an answer names the first process of a namespace, the container of the first
///   process in it that was in one, and a process that was in it already when another joined;
/// - the namespaces that had the same inode number just before and just after, and their pins;
/// - where the own cgroup of one of these tasks was not read, the processes that show to which container its namespaces
///   belonged;
/// - the processes that later had the PID of one of these tasks, or of a parent, and may have started in the slice.
struct SliceRows {
  private let reading: HistorySnapshot
  private let cut: SliceCut
  private let request: SliceRequest
  private let last: SequenceNumber

  private var connection: Connection { reading.connection }
  private var index: SampleIndex { reading.index }
  private var low: SequenceNumber { cut.numbers.lowerBound }
  private var high: SequenceNumber { cut.numbers.upperBound }

  /// The temporary tables, by the name of what their row ids identify.
  static let tables = [
    "cut_task", "cut_short", "cut_set", "cut_namespace", "cut_own", "cut_point", "cut_scan",
    "cut_pin",
    "cut_asked", "cut_pid",
  ]

  init(_ reading: HistorySnapshot, _ cut: SliceCut, _ request: SliceRequest) {
    self.reading = reading
    self.cut = cut
    self.request = request
    last = reading.index.last ?? .zero
  }

  /// Chooses all rows.
  func choose() throws(SQLiteError) {
    try chooseTasksOfRange()
    try chooseScans()
    try chooseOwnNamespaces()
    try choosePins()
    try chooseMembers()
    try chooseJoined()
    try chooseSuccessors()
    try chooseRelatives()
    try chooseThoseOfContainers()
    try chooseSets()
    try choosePoints()
  }

  private func run(_ sql: String, _ values: [Value] = []) throws(SQLiteError) {
    try connection.prepare(sql).bind(values).run()
  }

  private func range(_ numbers: ClosedRange<SequenceNumber>) -> [Value] {
    IntervalOverlapQuery.values(numbers)
  }

  /// Adds the tasks that a query selects as `member`.
  private func addTasks(_ query: String, _ values: [Value]) throws(SQLiteError) {
    try run(
      "INSERT OR IGNORE INTO temp.cut_task SELECT member FROM (\(query)) WHERE member IS NOT NULL",
      values)
  }

  /// Moves the short-lived tasks that were added, whose ids are negative, into their own table, `cut_short`.
  private func splitTasks() throws(SQLiteError) {
    try run("INSERT OR IGNORE INTO temp.cut_short SELECT -id FROM temp.cut_task WHERE id < 0")
    try run("DELETE FROM temp.cut_task WHERE id < 0")
  }

  // MARK: The slice's own time

  private func chooseTasksOfRange() throws(SQLiteError) {
    for table in Self.tables {
      try connection.execute("DROP TABLE IF EXISTS temp.\(table)")
      try connection.execute("CREATE TABLE temp.\(table) (id INTEGER PRIMARY KEY)")
    }
    guard !request.isLimited else { return try chooseAsked() }
    try addTasks(IntervalOverlapQuery.everywhere("m.task_id AS member"), range(cut.numbers))
    // The summary of a namespace counts the processes that keep it alive at the last sample of the whole history.
    try addTasks(IntervalOverlapQuery.everywhere("m.task_id AS member"), range(last...last))
  }

  /// Chooses the processes to which the slice is limited, and those whose links could not be read: an answer about
  /// coverage gives the number of the latter.
  private func chooseAsked() throws(SQLiteError) {
    for pid in request.pids {
      try addTasks(
        """
        SELECT t.task_id AS member FROM task AS t WHERE t.pid = ?3 AND EXISTS (
          SELECT 1 FROM membership AS m WHERE m.task_id = t.task_id AND m.from_seq <= ?2
            AND COALESCE(m.until_seq, ?2) >= ?1)
        UNION ALL SELECT task_id FROM short_lived_task
        WHERE pid = ?3 AND from_seq <= ?2 AND until_seq >= ?1
        """, range(cut.numbers) + [.integer(pid)])
    }
    for container in request.containers {
      let described = try ProcessFinder(reading: reading).described(.container(container))
      for task in try described?.tasks(in: cut.numbers) ?? [] {
        try addTasks("SELECT ? AS member", [.number(task)])
      }
    }
    try run("INSERT OR IGNORE INTO temp.cut_asked SELECT id FROM temp.cut_task")
    try addTasks(
      IntervalOverlapQuery.unread("m.task_id AS member"),
      range(cut.numbers) + [.integer(Int64(UnreadReason.denied.rawValue))])
  }

  /// Returns SQL that selects a column of the memberships `m` of the slice's own tasks in its own time, as `there`. The
  /// first two parameters are the first and the last sequence number of the slice.
  private func own(_ column: String) -> String {
    guard request.isLimited else {
      return IntervalOverlapQuery.everywhere("\(column) AS there", "?1, ?2")
    }
    return """
      SELECT \(column) AS there FROM temp.cut_asked AS c CROSS JOIN membership AS m ON m.task_id = c.id
      WHERE m.from_seq <= ?2 AND COALESCE(m.until_seq, ?2) >= ?1
      UNION ALL SELECT \(column) FROM temp.cut_asked AS c
        CROSS JOIN short_lived_task AS m ON m.from_seq = -c.id
      """
  }

  /// Chooses the scans for pins around the time, the first and the last scan of the whole history, and the pins that
  /// the scans around the time found.
  private func chooseScans() throws(SQLiteError) {
    let times: [Value] = [.wall(cut.time.lowerBound), .wall(cut.time.upperBound)]
    let before = "SELECT scan_id FROM pin_scan WHERE wall_ns <= ?1 ORDER BY wall_ns DESC LIMIT 1"
    let ended = """
      SELECT scan_id FROM pin_scan WHERE wall_ns + duration_ns <= ?1 AND wall_ns <= ?1
      ORDER BY wall_ns DESC LIMIT 1
      """
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_scan
      WITH around (id) AS (
        SELECT MIN(scan_id) - 1 FROM pin_scan WHERE wall_ns >= ?1
        UNION ALL SELECT MAX(scan_id) + 1 FROM pin_scan WHERE wall_ns <= ?2
        UNION ALL SELECT * FROM (\(before)) UNION ALL SELECT * FROM (\(ended))
        UNION ALL SELECT id + 1 FROM (SELECT scan_id AS id FROM (\(ended)))
        UNION ALL SELECT MIN(scan_id) FROM pin_scan
          WHERE NOT EXISTS (SELECT 1 FROM (\(ended))))
      SELECT scan_id FROM pin_scan WHERE scan_id BETWEEN (SELECT MIN(id) FROM around)
        AND (SELECT MAX(id) FROM around)
      """, times)
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_pin
      \(IntervalOverlapQuery.spans(
        "(SELECT MIN(id) FROM temp.cut_scan), (SELECT MAX(id) FROM temp.cut_scan)",
        longest: "SELECT COALESCE(MAX(scan_id), 0) FROM pin_scan"))
      SELECT p.pin_id FROM range CROSS JOIN span CROSS JOIN pin AS p
      WHERE p.until_scan IS NOT NULL
        AND length(printf('%o', p.until_scan - p.from_scan)) = digits
        AND p.from_scan > low - (1 << 3 * digits) AND p.from_scan <= high
        AND p.until_scan >= low
      UNION ALL
      SELECT p.pin_id FROM range CROSS JOIN pin AS p
      WHERE p.until_scan IS NULL AND p.from_scan <= high
      """)
    let ends = try connection.prepare(
      "SELECT (SELECT MIN(scan_id) FROM pin_scan), (SELECT MAX(scan_id) FROM pin_scan)"
    ).first { [$0.optionalInteger(0), $0.optionalInteger(1)].compactMap(\.self) }
    for scan in ends ?? [] {
      try run("INSERT OR IGNORE INTO temp.cut_scan VALUES (?)", [.integer(scan)])
    }
  }

  /// Chooses the namespaces that a task, a link for children or a pin of the slice was in, and those that own them or
  /// in which they were made.
  private func chooseOwnNamespaces() throws(SQLiteError) {
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_own
      SELECT l.namespace_id FROM (
        SELECT DISTINCT there FROM (\(own("m.set_id"))))
      CROSS JOIN namespace_set_link AS l ON l.set_id = there WHERE l.namespace_id IS NOT NULL
      """, range(cut.numbers))
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_own
      SELECT l.namespace_id FROM disagreement AS d CROSS JOIN namespace_set_link AS l
        ON l.set_id IN (d.reported_set_id, d.sampled_set_id)
      WHERE d.seq BETWEEN ? AND ? AND l.namespace_id IS NOT NULL
      """, range(cut.numbers))
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_own
      SELECT namespace_id FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      UNION SELECT mount_namespace_id FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      WHERE mount_namespace_id IS NOT NULL
      """)
    if !request.isLimited { try chooseOlderNamespaces() }
    try addAncestors(of: "cut_own")
  }

  /// Chooses the namespaces that existed before the slice and after it, also those in which no process was meanwhile.
  /// Of the indexes by first and by last sequence number, the query uses the one that skips the longer part of the
  /// history.
  private func chooseOlderNamespaces() throws(SQLiteError) {
    let isLate = low - (index.first ?? low) > last - high
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_own
      SELECT namespace_id FROM namespace
      WHERE \(isLate ? "" : "+")last_seq >= ?1 AND \(isLate ? "+" : "")first_seq <= ?2
      UNION SELECT namespace_id FROM namespace WHERE last_seq IS NULL AND +first_seq <= ?2
      """, range(cut.numbers))
  }

  private func addAncestors(of table: String) throws(SQLiteError) {
    try run(
      """
      INSERT OR IGNORE INTO temp.\(table)
      WITH RECURSIVE above (id) AS (
        SELECT id FROM temp.\(table)
        UNION SELECT n.owner_id FROM above CROSS JOIN namespace AS n ON n.namespace_id = above.id
          WHERE n.owner_id IS NOT NULL
        UNION SELECT n.parent_id FROM above CROSS JOIN namespace AS n ON n.namespace_id = above.id
          WHERE n.parent_id IS NOT NULL)
      SELECT id FROM above
      """)
  }

  private func ownNamespaces() throws(SQLiteError) -> [NamespaceLifetime] {
    try reading.namespaces.lifetimes(
      where: "namespace_id IN (SELECT id FROM temp.cut_own)", [])
  }

  // MARK: Further rows about the namespaces

  /// Chooses the namespaces that may be the same as one of the slice, because they have its inode number, and the pins
  /// of all of them.
  private func choosePins() throws(SQLiteError) {
    try run("INSERT OR IGNORE INTO temp.cut_namespace SELECT id FROM temp.cut_own")
    for lifetime in try ownNamespaces() {
      let namespace = lifetime.namespace
      let like: [Value] = [
        .integer(Int64(bitPattern: namespace.inode)), .integer(Int64(namespace.type.rawValue)),
      ]
      // `NamespaceReader.hasDouble` and `lastEmptied` read no more rows around a number than these queries select.
      for number in [low - 1, high, lifetime.first.map { $0 - 1 }].compactMap(\.self) {
        try run(
          """
          INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace
          WHERE inode = ?1 AND type = ?2 AND last_seq >= ?3 ORDER BY last_seq LIMIT 6
          """, like + [.number(number)])
      }
      for number in [low - 1, lifetime.first].compactMap(\.self) {
        try run(
          """
          INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace
          WHERE inode = ?1 AND type = ?2 AND last_seq < ?3 ORDER BY last_seq DESC LIMIT 2
          """, like + [.number(number)])
      }
      try run(
        """
        INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace
        WHERE inode = ?1 AND type = ?2 AND last_seq IS NULL ORDER BY namespace_id DESC LIMIT 4
        """, like)
      try run(
        """
        INSERT OR IGNORE INTO temp.cut_pin
        SELECT p.pin_id FROM namespace AS n CROSS JOIN pin AS p ON p.namespace_id = n.namespace_id
        WHERE n.inode = ?1 AND n.type = ?2
        """, like)
      guard let first = lifetime.first, namespace.isInitial != true else { continue }
      // The scans around the time at which the namespace was seen first.
      for number in [first, first + 1] where number <= last {
        let scans = try reading.pins.scans(around: index.point(number).wall)
        for scan in [scans.before, scans.after].compactMap(\.self) {
          try run("INSERT OR IGNORE INTO temp.cut_scan VALUES (?)", [.integer(scan.id)])
        }
      }
    }
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_namespace
      SELECT namespace_id FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      UNION SELECT mount_namespace_id FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      WHERE mount_namespace_id IS NOT NULL
      """)
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace WHERE last_seq >= ?
      """, [.number(last)])
    try run(
      "INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace WHERE last_seq IS NULL"
    )
    // A question about the host reads all initial namespaces of a type, and whether any namespace may be initial.
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_namespace SELECT namespace_id FROM namespace WHERE initial = 1
      UNION SELECT MIN(namespace_id) FROM namespace WHERE initial IS NULL GROUP BY type
      """)
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_scan
      SELECT from_scan FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      UNION SELECT until_scan FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      WHERE until_scan IS NOT NULL
      """)
    try addTasks(
      """
      SELECT task_id AS member FROM temp.cut_pin CROSS JOIN pin ON pin_id = id
      WHERE task_id IS NOT NULL
      """, [])
  }

  /// Chooses the processes that were in a namespace at its beginning and at its last sequence number, and its maker.
  private func chooseMembers() throws(SQLiteError) {
    for lifetime in try ownNamespaces() {
      let namespace = lifetime.namespace
      let times = SeenTimes(reading: reading)
      let isInitial = namespace.isInitial == true
      var ranges: [ClosedRange<SequenceNumber>] = []
      if let first = lifetime.first {
        ranges.append(first...(isInitial ? first : first &+ SliceExtent.beginning))
      }
      if let last = try times.last(lifetime) { ranges.append(last...last) }
      for range in Set(ranges) where request.isLimited || !cut.numbers.contains(range) {
        // In a slice that is limited to some processes, no answer says when an initial namespace was seen.
        if request.isLimited, isInitial { continue }
        try addMembers(of: namespace, in: range)
      }
      if namespace.type.linkForChildren != namespace.type.link { try addHolder(of: namespace) }
    }
    try addTasks(
      """
      SELECT maker_task_id AS member FROM temp.cut_own CROSS JOIN namespace ON namespace_id = id
      WHERE maker_task_id IS NOT NULL
      """, [])
  }

  private func addMembers(
    of namespace: NamespaceRecord, in range: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) {
    try addTasks(
      reading.members.sql("m.task_id AS member", in: namespace, byEither: true),
      IntervalOverlapQuery.values(range, namespace) + [
        .integer(Int64(namespace.type.linkForChildren.rawValue))
      ])
  }

  /// Adds the last task whose link for children led to a namespace.
  private func addHolder(of namespace: NamespaceRecord) throws(SQLiteError) {
    try addTasks(
      """
      SELECT member FROM (
        SELECT m.task_id AS member, COALESCE(m.until_seq, 9223372036854775807) AS held
        FROM namespace_set_link AS l CROSS JOIN membership AS m ON m.set_id = l.set_id
        WHERE \(ChildrenHolders.isLink(to: "?1"))
        UNION ALL
        SELECT m.task_id, m.until_seq
        FROM namespace_set_link AS l CROSS JOIN short_lived_task AS m ON m.set_id = l.set_id
        WHERE \(ChildrenHolders.isLink(to: "?1")))
      ORDER BY held DESC LIMIT 1
      """, [.integer(namespace.id)])
  }

  /// Chooses the processes that were in a namespace just before a task of the slice joined it, if that was before the
  /// slice.
  private func chooseJoined() throws(SQLiteError) {
    let joined = try connection.prepare(
      """
      SELECT DISTINCT m.from_seq - 1, l.namespace_id
      FROM (SELECT DISTINCT there FROM (\(own("m.task_id"))))
        CROSS JOIN membership AS m ON m.task_id = there
        CROSS JOIN namespace_set_link AS l ON l.set_id = m.set_id
        CROSS JOIN namespace AS n ON n.namespace_id = l.namespace_id
      WHERE m.from_seq <= ?3 AND m.from_seq > 1 AND m.cause IS NOT NULL AND n.initial IS NOT 1
        AND m.from_seq >= (SELECT MIN(from_seq) FROM (
          SELECT from_seq FROM membership AS w WHERE w.task_id = there AND w.from_seq <= ?3
          ORDER BY from_seq DESC LIMIT \(request.isLimited ? -1 : 3)))
      """
    ).bind(range(cut.numbers) + [.number(request.isLimited ? high : low)]).map {
      ($0.sequence(0), $0.integer(1))
    }
    for (number, id) in joined where number >= index.first ?? .zero {
      try addMembers(of: reading.namespaces.lifetime(id).namespace, in: number...number)
    }
  }

  // MARK: Further rows about the processes

  /// Chooses the processes with a PID of the slice that no sample of the slice saw, but that may have been running in
  /// its time.
  private func chooseSuccessors() throws(SQLiteError) {
    let spaces = Set(
      index.sessions.filter { $0.first <= high + 1 && $0.last >= low - 1 }.map(\.space))
    let tasks = own("m.task_id")
    // A parent may be found by its PID alone.
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_pid
      WITH own (id) AS MATERIALIZED (SELECT DISTINCT there FROM (\(tasks)))
      SELECT pid FROM own CROSS JOIN task ON task_id = id
      UNION SELECT pid FROM own CROSS JOIN short_lived_task ON from_seq = -id
      UNION SELECT parent_pid FROM own CROSS JOIN task ON task_id = id
      UNION SELECT last_parent_pid FROM own CROSS JOIN task ON task_id = id
      WHERE last_parent_pid IS NOT NULL
      UNION SELECT parent_pid FROM own CROSS JOIN past_description ON task_id = id
      """, range(cut.numbers))
    if request.isLimited {
      try addTasks(
        """
        SELECT m.task_id AS member FROM temp.cut_pid AS p CROSS JOIN task AS t ON t.pid = p.id
          CROSS JOIN membership AS m ON m.task_id = t.task_id
        WHERE m.from_seq <= ?2 AND COALESCE(m.until_seq, ?2) >= ?1
        UNION ALL SELECT s.task_id FROM temp.cut_pid AS p CROSS JOIN short_lived_task AS s ON s.pid = p.id
        WHERE s.from_seq <= ?2 AND s.until_seq >= ?1
        """, range(cut.numbers))
    }
    func add(_ condition: String, _ values: [Value]) throws(SQLiteError) {
      try run(
        """
        INSERT OR IGNORE INTO temp.cut_task
        SELECT t.task_id FROM temp.cut_pid AS p CROSS JOIN task AS t INDEXED BY task_pid ON t.pid = p.id
        WHERE ?1 <= ?2 AND \(condition) AND t.space_id IN (SELECT value FROM json_each(?3))
        """, range(cut.numbers) + [.list(spaces.sorted())] + values)
    }
    // If the slice has sessions of several PID spaces, every process with the PID is chosen: a recorder in one PID
    // space does not see when a process of another one starts or exits.
    guard spaces.count == 1, let space = spaces.first else { return try add("TRUE", []) }
    let end = try index.point(min(high, last)).bootEnd &+ PIDHistory.startTimeTolerance
    let ticks = try connection.prepare(
      """
      SELECT ?1 / 1000000 * ticks_per_second / 1000 + 2 FROM pid_space JOIN boot USING (boot_id)
      WHERE space_id = ?2
      """
    ).bind(.boot(end), .integer(space)).first { $0.integer(0) }
    let newest =
      try connection.prepare("SELECT MAX(there) FROM (\(tasks))").bind(range(cut.numbers))
      .first { $0.optionalInteger(0) } ?? nil
    guard let ticks, let newest else { return }
    // Most tasks of a PID started later, or were seen before. The index has the start time and the row number of each
    // task, so that SQLite reads no row of these, as long as it has both limits as numbers.
    try add("t.task_id > ?4 AND t.start_ticks <= ?5", [.integer(newest), .integer(ticks)])
    try add("t.task_id > ?4 AND t.start_ticks IS NULL", [.integer(newest)])
  }

  /// Chooses the ancestors and the threads of all tasks so far.
  private func chooseRelatives() throws(SQLiteError) {
    for _ in 0..<2 {
      try addTasks(
        """
        SELECT t.task_id AS member FROM temp.cut_task AS c
          CROSS JOIN task AS p ON p.task_id = c.id
          CROSS JOIN task AS t ON t.pid = p.pid AND t.tid IS NOT NULL
        WHERE t.parent_task_id = p.task_id
        """, [])
      try addTasks(
        """
        WITH RECURSIVE above (member) AS (
          SELECT id FROM temp.cut_task
          UNION SELECT COALESCE(t.parent_task_id, s.parent_task_id) FROM above
            LEFT JOIN task AS t ON t.task_id = member
            LEFT JOIN short_lived_task AS s ON s.from_seq = -member
          WHERE COALESCE(t.parent_task_id, s.parent_task_id) IS NOT NULL)
        SELECT member FROM above
        """, [])
    }
    try splitTasks()
    // A parent may have been removed by retention.
    try run("DELETE FROM temp.cut_task WHERE id NOT IN (SELECT task_id FROM task)")
    try run("DELETE FROM temp.cut_short WHERE id NOT IN (SELECT from_seq FROM short_lived_task)")
  }

  /// Chooses the processes that show to which container a namespace belonged, for the tasks whose own cgroup was not
  /// always read (`ContainerRule`).
  private func chooseThoseOfContainers() throws(SQLiteError) {
    guard try reading.containers.isAnyRecorded() else { return }
    let blocks = try connection.prepare(
      """
      WITH doubtful (task_id) AS MATERIALIZED (
        SELECT t.task_id FROM temp.cut_task AS c CROSS JOIN task AS t ON t.task_id = c.id
        WHERE COALESCE(t.provenance, 0) & 2 <> 0 OR t.cgroup_id IS NULL OR t.has_past = 1 AND EXISTS (
          SELECT 1 FROM past_description AS p WHERE p.task_id = t.task_id AND p.provenance & 2 <> 0))
      SELECT DISTINCT number >> \(ContainerRule.width), l.namespace_id FROM (
        SELECT m.set_id, m.from_seq AS number
        FROM doubtful AS d CROSS JOIN membership AS m ON m.task_id = d.task_id
        UNION SELECT m.set_id, p.next_seq
        FROM doubtful AS d CROSS JOIN past_description AS p ON p.task_id = d.task_id
          CROSS JOIN membership AS m ON m.task_id = d.task_id
        WHERE m.from_seq < p.next_seq AND COALESCE(m.until_seq, p.next_seq) >= p.next_seq
        UNION SELECT s.set_id, s.from_seq
        FROM temp.cut_short AS c CROSS JOIN short_lived_task AS s ON s.from_seq = c.id
        WHERE COALESCE(s.provenance, 0) & 2 <> 0)
      CROSS JOIN namespace_set_link AS l USING (set_id)
      CROSS JOIN namespace AS n ON n.namespace_id = l.namespace_id
      WHERE n.initial IS NOT 1 AND (?3 OR number NOT BETWEEN ?1 AND ?2)
      """
    ).bind(range(cut.numbers) + [.integer(request.isLimited ? 1 : 0)]).map {
      ($0.integer(0), $0.integer(1))
    }
    for (block, id) in blocks {
      let numbers = SequenceNumber.numbers(ofBlock: block, width: ContainerRule.width)
      let namespace = try reading.namespaces.lifetime(id).namespace
      try addTasks(
        reading.members.sql("m.task_id AS member", in: namespace, during: numbers),
        IntervalOverlapQuery.values(numbers, namespace))
    }
  }

  // MARK: Rows to which these refer

  private func chooseSets() throws(SQLiteError) {
    try splitTasks()
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_set
      SELECT m.set_id FROM temp.cut_task AS c CROSS JOIN membership AS m ON m.task_id = c.id
      UNION SELECT m.origin_set_id FROM temp.cut_task AS c
        CROSS JOIN membership AS m ON m.task_id = c.id WHERE m.origin_set_id IS NOT NULL
      UNION SELECT s.set_id FROM temp.cut_short AS c
        CROSS JOIN short_lived_task AS s ON s.from_seq = c.id
      """)
    for column in ["reported_set_id", "sampled_set_id"] {
      try run(
        """
        INSERT OR IGNORE INTO temp.cut_set SELECT \(column) FROM disagreement
        WHERE seq BETWEEN ? AND ? AND \(column) IS NOT NULL
        """, range(cut.numbers))
    }
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_namespace
      SELECT l.namespace_id FROM temp.cut_set AS c CROSS JOIN namespace_set_link AS l ON l.set_id = c.id
      WHERE l.namespace_id IS NOT NULL
      """)
    try addAncestors(of: "cut_namespace")
  }

  /// Chooses the samples and events of other times to which the rows refer, and those next to them.
  private func choosePoints() throws(SQLiteError) {
    let ends = """
      SELECT m.from_seq AS seq FROM temp.cut_task AS c CROSS JOIN membership AS m ON m.task_id = c.id
      UNION ALL SELECT m.until_seq FROM temp.cut_task AS c
        CROSS JOIN membership AS m ON m.task_id = c.id
      UNION ALL SELECT s.from_seq FROM temp.cut_short AS c
        CROSS JOIN short_lived_task AS s ON s.from_seq = c.id
      UNION ALL SELECT s.until_seq FROM temp.cut_short AS c
        CROSS JOIN short_lived_task AS s ON s.from_seq = c.id
      UNION ALL SELECT p.last_seq FROM temp.cut_task AS c
        CROSS JOIN past_description AS p ON p.task_id = c.id
      UNION ALL SELECT p.next_seq FROM temp.cut_task AS c
        CROSS JOIN past_description AS p ON p.task_id = c.id
      UNION ALL SELECT p.program_seq FROM temp.cut_task AS c
        CROSS JOIN past_description AS p ON p.task_id = c.id
      UNION ALL SELECT t.program_seq FROM temp.cut_task AS c CROSS JOIN task AS t ON t.task_id = c.id
      UNION ALL SELECT n.first_seq FROM temp.cut_namespace AS c
        CROSS JOIN namespace AS n ON n.namespace_id = c.id
      UNION ALL SELECT n.last_seq FROM temp.cut_namespace AS c
        CROSS JOIN namespace AS n ON n.namespace_id = c.id
      UNION ALL SELECT first_seq FROM session
      UNION ALL SELECT last_seq FROM session
      UNION ALL SELECT seq FROM clock_step
      UNION ALL SELECT seq FROM sample WHERE gap IS NOT NULL
      UNION ALL SELECT seq FROM sample_note WHERE folded > 0
      UNION ALL SELECT \(last.rawValue)
      """
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_point
      SELECT seq + step FROM (\(ends)) CROSS JOIN (
        SELECT -1 AS step UNION ALL SELECT 0 UNION ALL SELECT 1)
      WHERE seq IS NOT NULL
      """)
    // The two samples before the first sequence number of each task and the first sample from that number on, and the
    // last two samples of the history.
    try run(
      """
      INSERT OR IGNORE INTO temp.cut_point
      WITH first (seq) AS MATERIALIZED (
        SELECT MIN(m.from_seq) FROM temp.cut_task AS c CROSS JOIN membership AS m ON m.task_id = c.id
        GROUP BY c.id),
      one (seq, before) AS MATERIALIZED (
        SELECT seq, (SELECT MAX(s.seq) FROM sample AS s WHERE s.seq < first.seq) FROM first)
      SELECT before FROM one WHERE before IS NOT NULL
      UNION SELECT (SELECT MAX(s.seq) FROM sample AS s WHERE s.seq < one.before) FROM one
      UNION SELECT (SELECT MIN(s.seq) FROM sample AS s WHERE s.seq >= one.seq) FROM one
      UNION SELECT (SELECT MAX(seq) FROM sample)
      UNION SELECT (SELECT MAX(seq) FROM sample WHERE seq < (SELECT MAX(seq) FROM sample))
      """)
    let found = try connection.prepare(
      """
      SELECT c.id FROM temp.cut_task AS c CROSS JOIN sample AS s
        ON s.seq = (SELECT MIN(m.from_seq) FROM membership AS m WHERE m.task_id = c.id)
      WHERE s.exact = 1
      """
    ).map { $0.task(0) }
    for task in found {
      guard let history = try reading.taskHistories.unresolved(task: task) else { continue }
      let missing = try index.lastMissing(
        before: history.firstSample, start: history.process.startBoot)
      for number in [missing, missing + 1] {
        try run("INSERT OR IGNORE INTO temp.cut_point VALUES (?)", [.number(number)])
      }
    }
    try run("DELETE FROM temp.cut_point WHERE id IS NULL OR id BETWEEN ? AND ?", range(cut.numbers))
  }
}
