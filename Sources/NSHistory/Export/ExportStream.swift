internal import NamespaceModel
internal import SQLite

/// Streams a history, one process at a time. Consecutive memberships in which the namespace of a type
/// stays the same form one row; a gap in the samples ends the row.
///
/// The bounds of each piece agree with those of `BoundResolver`. For a bound that no event reported,
/// the export does not compute the distance to the neighbouring sample, which would take further
/// queries.
struct ExportStream {
  private let reading: HistorySnapshot
  /// The position of the export, which changes with each process that was emitted.
  private(set) var position: ExportPosition
  private let filter: ExportFilter
  private let cuts: ExportCuts
  private var sets: ExportSets
  private var points: ExportPoints
  private var processes: ExportProcesses
  /// Whether the file has samples or events from after the beginning of the export, which the export leaves out.
  private let hasNewer: Bool
  /// The number of processes for which `isDue` was called with a deadline.
  private var emitted = 0
  /// Whether the history has any container, so that a process may have been in one that its cgroup does
  /// not name.
  private let hasContainers: Bool

  /// Receives a process and one of its pieces; returns false to end the export.
  typealias Body = (ExportProcess, ExportPiece) -> Bool

  /// - Parameter position: the position at which an earlier stream of the same export ended; nil to begin an export.
  init(
    _ reading: HistorySnapshot, _ filter: ExportFilter, after position: ExportPosition? = nil
  ) throws(SQLiteError) {
    self.reading = reading
    self.filter = filter
    let position = position ?? ExportPosition(reading.index)
    self.position = position
    hasNewer = reading.index.last.map { $0 > position.end } ?? false
    let index = reading.index
    cuts = try ExportCuts(index, reading.connection)
    sets = ExportSets(reading.sets)
    points = ExportPoints(index, reading.connection)
    processes = ExportProcesses(reading.connection)
    hasContainers = try reading.containers.isAnyRecorded()
  }

  /// Calls `body` for each piece. Ends early when `body` returns false, or soon after a deadline on the monotonic clock
  /// has passed. Returns whether the deadline ended it, so that another stream must continue at `position`.
  mutating func forEach(until deadline: Int64?, _ body: Body) throws(SQLiteError) -> Bool {
    let selection = try TaskSelection(filter, reading)
    if !position.hasAllTasks {
      switch try emitTasks(selection, deadline, body) {
      case .all: position.hasAllTasks = true
      case .paused: return true
      case .ended: return false
      }
    }
    return try emitShortLivedTasks(selection, deadline, body) == .paused
  }

  /// Whether the deadline has passed. Reads the clock only for every sixteenth process.
  private mutating func isDue(_ deadline: Int64?) -> Bool {
    guard let deadline else { return false }
    emitted &+= 1
    return emitted & 15 == 0 && ClockReading.now().monotonic > deadline
  }

  private enum Progress { case all, paused, ended }

  private mutating func emitTasks(
    _ selection: TaskSelection, _ deadline: Int64?, _ body: Body
  ) throws(SQLiteError) -> Progress {
    let tasks = try reading.connection.prepare(selection.tasks)
      .bind([.number(position.task)] + selection.taskValues)
    defer { tasks.reset() }
    var all = try ExportMemberships(
      reading.connection, reading.taskHistories,
      readingAllAfter: selection.isEverything ? position.task : nil)
    defer { all.close() }
    var process = ExportProcess()
    var memberships: [Membership] = []
    while try tasks.step() {
      if isDue(deadline) { return .paused }
      position.task = tasks.task(0)
      guard try processes.read(task: tasks, into: &process) else { continue }
      try all.read(of: process.task, into: &memberships)
      if hasNewer { memberships = memberships.compactMap { $0.limited(to: position) } }
      guard
        try tasks.isNull(8) && !(process.hasInheritedCgroup && hasContainers)
          ? emit(process, memberships, body)
          : emit(
            &process,
            processes.segments(
              of: tasks, isCertain: selection.isOfDescription(process)),
            memberships, selection, body)
      else { return .ended }
    }
    return .all
  }

  /// Emits the pieces of a process segment by segment, because its name or its container may differ
  /// between segments.
  private mutating func emit(
    _ process: inout ExportProcess, _ segments: [ExportProcesses.Segment],
    _ memberships: [Membership], _ selection: TaskSelection, _ body: Body
  ) throws(SQLiteError) -> Bool {
    let isWhole = !selection.isOfDescription(process)
    for (position, one) in segments.enumerated() {
      let next = position + 1 < segments.count ? segments[position + 1] : nil
      // A change of the user or the parent at an unknown time leaves no doubt about the name and the container.
      let matched = next.flatMap { next in
        let areSelected = [one, next].allSatisfy {
          !$0.hasInheritedCgroup && selection.isSelected(process, $0)
        }
        return !isWhole && areSelected ? next : nil
      }
      let segment = matched.map(one.extended) ?? one
      let part = memberships.compactMap {
        $0.limited(
          to: segment.numbers, beginsExactly: segment.beginsExactly,
          endsExactly: segment.endsExactly)
      }
      let end = segment.numbers.upperBound
      // The membership continues with the next description, so the last piece reaches up to that. If
      // the filter selects a name or a container, the export covers only the time in which the
      // description is certain.
      let isContinued =
        (isWhole || matched != nil) && next?.numbers.lowerBound == end &+ 1
        && memberships.contains { $0.from <= end && $0.until > end }
      let read = segments[position...].first { $0.cgroup != nil && !$0.hasInheritedCgroup }
      for (segment, part) in try enclosed(segment, until: read, process, part)
      where selection.isSelected(process, segment) {
        try processes.set(segment, of: &process)
        guard try emit(process, part, continuedAfter: isContinued ? end : nil, body) else {
          return false
        }
      }
    }
    return true
  }

  /// Splits a segment where the process entered or left a container, according to `ContainerRule`.
  /// Returns the parts with their memberships.
  private mutating func enclosed(
    _ segment: ExportProcesses.Segment, until read: ExportProcesses.Segment?,
    _ process: ExportProcess, _ memberships: [Membership]
  ) throws(SQLiteError) -> [(ExportProcesses.Segment, [Membership])] {
    guard segment.hasInheritedCgroup, hasContainers else { return [(segment, memberships)] }
    let inherited = try processes.container(of: segment.cgroup)
    var found: [(ExportProcesses.Segment, [Membership])] = []
    for membership in memberships {
      var part = segment
      part.enclosure = try reading.containers.enclosure(
        of: process.task, in: membership, from: membership.from, inherited: inherited,
        reading.taskHistories)
      if let read, try processes.container(of: read.cgroup) != part.enclosure?.container.row {
        part.enclosure = nil
      }
      if let last = found.last, last.0.enclosure == part.enclosure {
        found[found.count - 1].1.append(membership)
      } else {
        found.append((part, [membership]))
      }
    }
    return found
  }

  private mutating func emitShortLivedTasks(
    _ selection: TaskSelection, _ deadline: Int64?, _ body: Body
  ) throws(SQLiteError) -> Progress {
    let shortLivedTasks = try reading.connection.prepare(selection.shortLivedTasks)
      .bind([.number(position.shortLivedTask)] + selection.shortLivedTaskValues)
    defer { shortLivedTasks.reset() }
    var process = ExportProcess()
    while try shortLivedTasks.step() {
      let from = shortLivedTasks.sequence(6)
      if from > position.end { break }
      if isDue(deadline) { return .paused }
      position.shortLivedTask = from
      guard let session = points.session(of: from) else {
        throw Membership.stray(shortLivedTask: from)
      }
      let membership = try Membership(
        shortLivedTask: from, length: shortLivedTasks.integer(7), set: shortLivedTasks.set(5),
        in: session)
      try processes.read(
        shortLivedTask: shortLivedTasks, of: session, start: points.wall(from), into: &process)
      guard
        try process.hasInheritedCgroup && hasContainers
          ? emit(
            &process, [processes.segment(ofShortLivedTask: shortLivedTasks)], [membership],
            selection, body)
          : emit(process, [membership], body)
      else { return .ended }
    }
    return .all
  }

  /// Emits the pieces of the memberships of a process, for each type.
  ///
  /// - Parameter end: the sequence number after which the last membership continues with another
  ///   description; nil if it does not.
  private mutating func emit(
    _ process: ExportProcess, _ memberships: [Membership],
    continuedAfter end: SequenceNumber? = nil,
    _ body: Body
  ) throws(SQLiteError) -> Bool {
    for type in filter.types {
      var next = 0
      while next < memberships.count {
        let first = memberships[next]
        let value = try sets.value(type, of: first.set)
        var last = first
        next += 1
        // If only links of other types changed, the interval of this type continues.
        while next < memberships.count, !memberships[next].startsSession,
          last.until &+ 1 == memberships[next].from
        {
          guard try sets.value(type, of: memberships[next].set) == value else { break }
          last = memberships[next]
          next += 1
        }
        let run = LinkInterval(
          type: type, value: value, first: first, last: last, isContinued: last.until == end)
        guard try emit(process, run, isFirst: first.from == memberships[0].from, body) else {
          return false
        }
      }
    }
    return true
  }

  /// Consecutive memberships of one session in which a link stayed the same.
  private struct LinkInterval {
    let type: NamespaceType
    let value: LinkValue
    let first: Membership
    let last: Membership
    /// Whether the interval continues unchanged with the next description of the process.
    let isContinued: Bool
  }

  /// Emits the pieces of a link interval, split at gaps, clock steps and session boundaries.
  ///
  /// - Parameter isFirst: whether the interval begins with the first membership of those that are being
  ///   emitted.
  private mutating func emit(
    _ process: ExportProcess, _ run: LinkInterval, isFirst: Bool, _ body: Body
  ) throws(SQLiteError) -> Bool {
    let whole = run.first.from...run.last.until
    let start = isFirst && !run.first.beginsExactly ? process.start : nil
    guard let pieces = try cuts.pieces(of: whole) else {
      return try emit(process, run, whole, notBefore: start, body)
    }
    for piece in pieces {
      let start = piece.lowerBound == whole.lowerBound ? start : nil
      guard try emit(process, run, piece, notBefore: start, body) else { return false }
    }
    return true
  }

  private mutating func emit(
    _ process: ExportProcess, _ run: LinkInterval, _ samples: ClosedRange<SequenceNumber>,
    notBefore start: WallTime?,
    _ body: Body
  ) throws(SQLiteError) -> Bool {
    let (first, last) = (samples.lowerBound, samples.upperBound)
    let from = SamplePoint.firstSeen(at: try points.wall(first), start: start)
    let isOpen = position.isOpen && last == position.end
    var isExactFrom = first == run.first.from && run.first.beginsExactly
    if isExactFrom { isExactFrom = try points.isExact(before: first) }
    var isExactUntil = last == run.last.until && run.last.endsExactly && !isOpen
    if isExactUntil { isExactUntil = try points.isExact(before: last + 1) }
    var reachesNext = isExactUntil
    if !reachesNext, run.isContinued, last == run.last.until {
      reachesNext = try cuts.pieces(of: last...(last + 1)) == nil
    }
    // A state that an event ended lasted until that event. The wall clock may have gone back by less
    // than a recorded step, so the end is at least `from`.
    let until = max(from, try points.wall(reachesNext ? last + 1 : last))
    if let since = filter.since, until < since { return true }
    if let end = filter.until, from > end { return true }
    return body(
      process,
      ExportPiece(
        type: run.type, value: run.value,
        pidNamespaceInode: points.session(of: first)?.pidNamespaceInode, from: from, until: until,
        isOpen: isOpen, isExactFrom: isExactFrom, isExactUntil: isExactUntil))
  }
}

/// The position of an export, from which it can continue in a later snapshot, which may have more rows. An export of a
/// file that is being recorded reads in steps, because during a long read SQLite cannot write the `-wal` file from its
/// beginning again, so that the file grows.
struct ExportPosition {
  /// The last sample or event of the first snapshot: the export shows nothing that was recorded later.
  let end: SequenceNumber
  /// Whether a recorder was adding to the last session then.
  let isOpen: Bool
  /// The last row of `task` that was emitted.
  fileprivate(set) var task = TaskID(rawValue: .min)
  /// The key of the last row of `short_lived_task` that was emitted.
  fileprivate(set) var shortLivedTask = SequenceNumber.min
  /// Whether all rows of `task` were emitted, so that those of `short_lived_task` follow.
  fileprivate(set) var hasAllTasks = false

  fileprivate init(_ index: SampleIndex) {
    end = index.last ?? .zero
    isOpen = index.sessions.last?.isOpen == true
  }
}

extension Membership {
  /// Returns the part of the membership that the first snapshot of an export had; nil if it had none.
  fileprivate func limited(to position: ExportPosition) -> Membership? {
    until <= position.end
      ? self : limited(to: .zero...position.end, beginsExactly: true, endsExactly: false)
  }
}

/// Reads the memberships of the processes of an export. An export of everything reads all memberships
/// in one index scan, alongside the scan of the processes. Any other export runs one query for each
/// process.
struct ExportMemberships {
  private let taskHistories: TaskHistoryReader
  private let statement: Statement
  /// The next row of the statement; nil after the last row.
  private var next: Row?
  private let readsAll: Bool

  private struct Row {
    let task: TaskID
    let set: NamespaceSetID
    let from: SequenceNumber
    let until: SequenceNumber?
    let exact: Int64

    init(_ row: Statement) {
      task = row.task(0)
      set = row.set(1)
      from = row.sequence(2)
      until = row.optionalSequence(3)
      exact = row.integer(4)
    }
  }

  private static let columns = "task_id, set_id, from_seq, until_seq, exact FROM membership"

  /// - Parameter task: the process after which the memberships of all processes are read; nil to read those of each
  ///   process that the caller asks for.
  init(
    _ connection: Connection, _ taskHistories: TaskHistoryReader, readingAllAfter task: TaskID?
  ) throws(SQLiteError) {
    self.taskHistories = taskHistories
    readsAll = task != nil
    if let task {
      statement = try connection.prepare(
        "SELECT \(Self.columns) WHERE task_id > ? ORDER BY task_id, from_seq"
      ).bind(.number(task))
      try step()
    } else {
      statement = try connection.prepare(
        "SELECT \(Self.columns) WHERE task_id = ? ORDER BY from_seq")
    }
  }

  /// Resets the statement, to end its read.
  func close() { statement.reset() }

  /// Replaces `memberships` with the memberships of a process, in time order. The caller must ask for
  /// processes in the order of their row ids.
  mutating func read(
    of task: TaskID, into memberships: inout [Membership]
  ) throws(SQLiteError) {
    memberships.removeAll(keepingCapacity: true)
    if readsAll {
      // Skips the memberships of tasks that the caller did not ask for, such as those without a row in
      // `task`.
      while let row = next, row.task < task { try step() }
    } else {
      try statement.bind(.number(task))
      try step()
    }
    while let row = next, row.task == task {
      try taskHistories.append(
        row.set, row.from, row.until, exact: row.exact, of: task, to: &memberships)
      try step()
    }
  }

  private mutating func step() throws(SQLiteError) {
    next = try statement.step() ? Row(statement) : nil
  }
}
