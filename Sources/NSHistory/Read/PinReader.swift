package import NamespaceModel
internal import SQLite

/// Reads the pins of namespaces: the mounts, open files and sockets that keep a namespace alive.
struct PinReader {
  let connection: Connection
  let namespaces: NamespaceReader
  let isRecorded: Bool
  private let pinned = Pinned()

  /// The namespaces that `arePinned` last found pinned, cached because many questions fall between the same two
  /// scans.
  private final class Pinned {
    var last: (scans: Scans, numbers: Set<Number>)?
  }

  init(connection: Connection, namespaces: NamespaceReader, isRecorded: Bool) {
    self.connection = connection
    self.namespaces = namespaces
    self.isRecorded = isRecorded
  }

  /// The scans for pins before and after a moment; nil stands for no scan.
  struct Scans: Hashable {
    var before: Scan?
    var after: Scan?
  }

  /// A scan for pins.
  struct Scan: Hashable {
    let id: Int64
    let session: Int64
    /// The beginning of the scan.
    let wall: WallTime
    /// How many processes had open files that the scan could not read.
    let denied: Int64
  }

  /// Returns the last scan that had ended at a time, and the scan after it.
  func scans(around time: WallTime) throws(SQLiteError) -> Scans {
    let before = try scan(
      "wall_ns + duration_ns <= ?1 AND wall_ns <= ?1 ORDER BY wall_ns DESC LIMIT 1", .wall(time))
    guard let before else {
      return Scans(
        before: nil, after: try scan("scan_id > ?1 ORDER BY scan_id LIMIT 1", .integer(0)))
    }
    return Scans(before: before, after: try scan("scan_id = ?1", .integer(before.id + 1)))
  }

  private func scan(_ condition: String, _ value: Value) throws(SQLiteError) -> Scan? {
    try connection.prepare(
      "SELECT scan_id, session_id, wall_ns, denied FROM pin_scan WHERE \(condition)"
    ).bind(value).first {
      Scan(
        id: $0.integer(0), session: $0.integer(1), wall: $0.wallTime(2),
        denied: $0.integer(3))
    }
  }

  /// Returns the pins that the scan before or after a moment saw.
  ///
  /// - Parameter sessions: the sessions of the samples around the moment.
  func pins(
    between scans: Scans, in sessions: Set<Int64>
  ) throws(SQLiteError) -> [PinAtMoment] {
    let sides = [scans.before, scans.after].compactMap(\.self)
    guard let low = sides.first, let high = sides.last else { return [] }
    // A pin is certain only if both scans and the samples around the moment belong to one session: a scan of
    // another session shows nothing of this time, and neither does one before a time without a recorder.
    let isWatched =
      scans.before != nil && low.session == high.session && sessions == [low.session]
    let rows = try connection.prepare(
      """
      \(IntervalOverlapQuery.spans(longest: "SELECT COALESCE(MAX(scan_id), 0) FROM pin_scan"))
      SELECT \(Self.columns), from_scan, \(Self.last) FROM (
        SELECT p.* FROM range CROSS JOIN span CROSS JOIN pin AS p
        WHERE p.until_scan IS NOT NULL
          AND length(printf('%o', p.until_scan - p.from_scan)) = digits
          AND p.from_scan > low - (1 << 3 * digits) AND p.from_scan <= high
          AND p.until_scan >= low
        UNION ALL
        SELECT p.* FROM range CROSS JOIN pin AS p
        WHERE p.until_scan IS NULL AND p.from_scan <= high) AS p
      \(Self.joins) WHERE \(Self.last) >= ?1 ORDER BY p.kind, p.path, p.pid, p.descriptor, p.pin_id
      """
    ).bind(.integer(low.id), .integer(high.id)).map { row in
      (pin: Row(row), from: row.integer(Self.count), until: row.integer(Self.count + 1))
    }
    return try rows.map { (row, from, until) throws(SQLiteError) in
      let isSeen = [low, high].map { (from...until).contains($0.id) }
      return PinAtMoment(
        pin: try record(row), isCertain: isWatched && isSeen == [true, true],
        seen: isSeen[0] ? low.wall : high.wall,
        missed: isSeen[0] == isSeen[1] ? nil : isSeen[0] ? high.wall : low.wall)
    }
  }

  /// The identity of a namespace, as far as a pin shows it.
  struct Number: Hashable {
    let type: NamespaceType
    let inode: UInt64
    let boot: Int64
  }

  /// Returns the identities of the namespaces that the last scan before a time, or the next scan, found pinned.
  func arePinned(at time: WallTime) throws(SQLiteError) -> Set<Number> {
    let scans = try scans(around: time)
    if let known = pinned.last, known.scans == scans { return known.numbers }
    let all = try pins(between: scans, in: []).map(\.pin.namespace)
    let numbers = Set(all.map { Number(type: $0.type, inode: $0.inode, boot: $0.boot) })
    pinned.last = (scans, numbers)
    return numbers
  }

  /// Returns the row ids of those of some namespaces that ever had a pin.
  func everPinned(of namespaces: [Int64]) throws(SQLiteError) -> Set<Int64> {
    Set(
      try connection.prepare(
        """
        SELECT value FROM json_each(?)
        WHERE EXISTS (SELECT 1 FROM pin WHERE namespace_id = value)
        """
      ).bind(.list(namespaces)).map { $0.integer(0) })
  }

  /// Returns every pin that a namespace ever had, in the order in which the pins were observed.
  func pins(of namespace: NamespaceRecord) throws(SQLiteError) -> [PinRecord] {
    let rows = try connection.prepare(
      "SELECT \(Self.columns) FROM pin AS p \(Self.joins) WHERE p.namespace_id = ? ORDER BY p.pin_id"
    ).bind(.integer(namespace.id)).map(Row.init)
    return try rows.map(record)
  }

  /// Returns the pin with a row id; nil if there is none.
  func pin(_ id: Int64) throws(SQLiteError) -> PinRecord? {
    try connection.prepare("SELECT \(Self.columns) FROM pin AS p \(Self.joins) WHERE p.pin_id = ?")
      .bind(.integer(id)).map(Row.init).first.map(record)
  }

  /// The last scan that saw a pin. Only the last session can have a pin that is not closed, so that the last
  /// scan of all is of the same session.
  private static let last = "COALESCE(p.until_scan, (SELECT MAX(scan_id) FROM pin_scan))"
  private static let columns = """
    p.pin_id, p.namespace_id, p.kind, p.path, p.mount_namespace_id, p.pid,
    COALESCE(p.comm, (SELECT comm FROM task WHERE task_id = p.task_id)), p.descriptor,
    f.wall_ns, l.wall_ns, p.until_scan IS NULL,
    l.scan_id = (SELECT MAX(scan_id) FROM pin_scan)
      AND l.session_id = (SELECT MAX(session_id) FROM session WHERE first_seq IS NOT NULL),
    p.task_id
    """
  private static let count: Int32 = 13
  private static let joins = """
    JOIN pin_scan AS f ON f.scan_id = p.from_scan JOIN pin_scan AS l ON l.scan_id = \(last)
    """

  /// The columns of one pin.
  private struct Row {
    let id: Int64
    let namespace: Int64
    let kind: PinKind?
    let path: String?
    let mountNamespace: Int64?
    let pid: Int64?
    let comm: String?
    let descriptor: Int64?
    let first: WallTime
    let last: WallTime
    let isOpen: Bool
    let isInLastScan: Bool
    let task: TaskID?

    init(_ row: Statement) {
      id = row.integer(0)
      namespace = row.integer(1)
      kind = PinKind(rawValue: row.integer(2))
      path = row.optionalText(3).map(SystemText.sanitized)
      mountNamespace = row.optionalInteger(4)
      pid = row.optionalInteger(5)
      comm = row.optionalText(6).map(SystemText.sanitized)
      descriptor = row.optionalInteger(7)
      first = row.wallTime(8)
      last = row.wallTime(9)
      isOpen = row.integer(10) != 0
      isInLastScan = row.integer(11) != 0
      task = row.optionalTask(12)
    }
  }

  private func record(_ row: Row) throws(SQLiteError) -> PinRecord {
    guard let kind = row.kind else {
      throw .corrupt("pin \(row.id) is of no kind", operation: "read pins")
    }
    return PinRecord(
      id: row.id, namespace: try namespaces.lifetime(row.namespace).namespace, kind: kind,
      path: row.path,
      mountNamespace: try row.mountNamespace.map(namespaces.lifetime)?.namespace, pid: row.pid,
      task: row.task, comm: row.comm, descriptor: row.descriptor, firstSeen: row.first,
      lastSeen: row.last,
      isInLastScan: row.isInLastScan, isOpen: row.isOpen && isRecorded)
  }
}

/// A pin, which kept a namespace alive whether or not a process was in it.
package struct PinRecord: Sendable, Hashable {
  /// The row id of the pin.
  let id: Int64
  /// The pinned namespace.
  package let namespace: NamespaceRecord
  /// The kind of object that pinned the namespace.
  package let kind: PinKind
  /// For a mount, its path as seen in its mount namespace, escaped (`SystemText`).
  package let path: String?
  /// For a mount, the mount namespace that contained it; nil if that is not known.
  package let mountNamespace: NamespaceRecord?
  /// For a descriptor or a socket, the PID of the process that had it open.
  package let pid: Int64?
  /// The row id of that process; nil if no sample had observed the process.
  let task: TaskID?
  /// The name of that process when the pin was first seen, escaped; nil if that is not known.
  package let comm: String?
  /// The descriptor number in that process.
  package let descriptor: Int64?
  /// When the first scan that saw the pin began.
  package let firstSeen: WallTime
  /// When the last scan that saw the pin began.
  package let lastSeen: WallTime
  /// Whether the last scan of the last recording saw the pin.
  package let isInLastScan: Bool
  /// Whether no scan has found the pin gone, and the recorder is still running.
  package let isOpen: Bool
}

/// A pin at a moment.
package struct PinAtMoment: Sendable, Hashable {
  /// The pin itself.
  package let pin: PinRecord
  /// Whether the pin certainly existed: the scans on both sides of the moment saw it, or the scan before if there is
  /// none after, and these scans belong to the session that covers the moment.
  package let isCertain: Bool
  /// When the scan that saw the pin began, on one side of the moment.
  package let seen: WallTime
  /// When the scan on the other side, which did not see the pin, began; nil if there is none.
  package let missed: WallTime?
  /// The time by which the process that had the pin open had exited, if that was before the moment. Another
  /// process, which no scan has observed yet, may then have the same file open.
  package var exited: WallTime?
}

extension PinAtMoment {
  /// Returns the pin as uncertain, because the process that had it open had exited by a time.
  func after(exit: WallTime) -> PinAtMoment {
    PinAtMoment(pin: pin, isCertain: false, seen: seen, missed: missed, exited: exit)
  }
}

/// The kind of a pin. The raw value is the code stored in a history file: it never changes.
package enum PinKind: Int64, Sendable, Hashable, CaseIterable {
  /// A bind mount of the namespace's file.
  case mount = 1
  /// An open descriptor of the namespace's file.
  case descriptor = 2
  /// A socket.
  case socket = 3

  /// The kind in one word, as in every output and in the views of a history file.
  package var name: String {
    switch self {
    case .mount: "mount"
    case .descriptor: "descriptor"
    case .socket: "socket"
    }
  }
}
