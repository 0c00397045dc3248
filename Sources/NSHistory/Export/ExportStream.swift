internal import NamespaceModel
internal import SQLite

/// Streams a history, a process at a time: a run of memberships in which a type's namespace stays
/// the same is one row, and a gap in the samples ends it.
///
/// It says of each piece what `BoundResolver` says, and no more: not how far an end that no event reported is
/// from the sample on the other side, which takes questions of its own.
struct ExportStream {
  private let reading: HistorySnapshot
  private let filter: ExportFilter
  private let cuts: ExportCuts
  private var sets: ExportSets
  private var points: ExportPoints
  private var processes: ExportProcesses
  /// The last sample, if the recorder is still running.
  private let openSample: Int64?
  /// Whether a process may have been in a container that its cgroup does not name.
  private let hasContainers: Bool

  /// Takes a piece of the time of a process; false when no more is wanted.
  typealias Body = (ExportProcess, ExportPiece) -> Bool

  init(_ reading: HistorySnapshot, _ filter: ExportFilter) throws(SQLiteError) {
    self.reading = reading
    self.filter = filter
    let index = reading.index
    cuts = try ExportCuts(index, reading.connection)
    sets = ExportSets(reading.sets)
    points = ExportPoints(index, reading.connection)
    processes = ExportProcesses(reading.connection)
    hasContainers = try reading.containers.isAnyRecorded()
    openSample = index.sessions.last?.isOpen == true ? index.last : nil
  }

  /// Gives `body` each piece; ends early when it returns false.
  mutating func forEach(_ body: Body) throws(SQLiteError) {
    let selection = try TaskSelection(filter, reading)
    if try giveTasks(selection, body) { try giveBriefs(selection, body) }
  }

  private mutating func giveTasks(
    _ selection: TaskSelection, _ body: Body
  ) throws(SQLiteError) -> Bool {
    let tasks = try reading.connection.prepare(selection.tasks).bind(selection.taskValues)
    defer { tasks.reset() }
    var all = try ExportMemberships(
      reading.connection, reading.lives, readsAll: selection.isEverything)
    defer { all.close() }
    var process = ExportProcess()
    var memberships: [Membership] = []
    while try tasks.step() {
      guard try processes.read(task: tasks, into: &process) else { continue }
      try all.read(of: process.task, into: &memberships)
      guard
        try tasks.isNull(8) && !(process.hasInheritedCgroup && hasContainers)
          ? give(process, memberships, body)
          : give(
            &process,
            processes.segments(
              of: tasks, isCertain: selection.isOfContainers || selection.isByName(process)),
            memberships, selection, body)
      else { return false }
    }
    return true
  }

  /// A process that was not called, or not in the container, as it is now.
  private mutating func give(
    _ process: inout ExportProcess, _ segments: [ExportProcesses.Segment],
    _ memberships: [Membership], _ selection: TaskSelection, _ body: Body
  ) throws(SQLiteError) -> Bool {
    for (place, segment) in segments.enumerated() {
      let part = memberships.compactMap {
        $0.limited(
          to: segment.numbers, beginsExactly: segment.beginsExactly,
          endsExactly: segment.endsExactly)
      }
      let end = segment.numbers.upperBound
      // Another description follows, and the process was where it was all the while. Who asks for a name or
      // a container is reported only the time in which it is certain.
      let goesOn =
        !selection.isOfContainers && !selection.isByName(process) && place + 1 < segments.count
        && segments[place + 1].numbers.lowerBound == end &+ 1
        && memberships.contains { $0.from <= end && $0.until > end }
      let read = segments[place...].first { $0.cgroup != nil && !$0.hasInheritedCgroup }
      for (segment, part) in try enclosed(segment, until: read, process, part)
      where selection.isMeant(process, segment) {
        try processes.set(segment, of: &process)
        guard try give(process, part, goingOnAfter: goesOn ? end : nil, body) else { return false }
      }
    }
    return true
  }

  /// A time in which one description held, cut where the process came into a container or left one, by the rule
  /// of `ContainerRule`.
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
        reading.lives)
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

  private mutating func giveBriefs(
    _ selection: TaskSelection, _ body: Body
  ) throws(SQLiteError) {
    let shortLivedTasks = try reading.connection.prepare(selection.shortLivedTasks).bind(
      selection.briefValues)
    defer { shortLivedTasks.reset() }
    var process = ExportProcess()
    while try shortLivedTasks.step() {
      let from = shortLivedTasks.integer(6)
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
          ? give(
            &process, [processes.segment(ofBrief: shortLivedTasks)], [membership], selection, body)
          : give(process, [membership], body)
      else { return }
    }
  }

  /// The runs of each type.
  ///
  /// - Parameter end: after this number the last membership goes on with another description.
  private mutating func give(
    _ process: ExportProcess, _ memberships: [Membership], goingOnAfter end: Int64? = nil,
    _ body: Body
  ) throws(SQLiteError) -> Bool {
    for type in filter.types {
      var next = 0
      while next < memberships.count {
        let first = memberships[next]
        let value = try sets.value(type, of: first.set)
        var last = first
        next += 1
        // Where another link of the set changed this one's run goes on.
        while next < memberships.count, !memberships[next].startsSession,
          last.until &+ 1 == memberships[next].from
        {
          guard try sets.value(type, of: memberships[next].set) == value else { break }
          last = memberships[next]
          next += 1
        }
        let run = LinkInterval(
          type: type, value: value, first: first, last: last, goesOn: last.until == end)
        guard try give(process, run, isFirst: first.from == memberships[0].from, body) else {
          return false
        }
      }
    }
    return true
  }

  /// Memberships, one after the other in one session, in which a link was the same.
  private struct LinkInterval {
    let type: NamespaceType
    let value: LinkValue
    let first: Membership
    let last: Membership
    /// Whether the link is the same still when the next description of the process begins.
    let goesOn: Bool
  }

  /// The pieces of a run.
  ///
  /// - Parameter isFirst: whether the process was first seen in it.
  private mutating func give(
    _ process: ExportProcess, _ run: LinkInterval, isFirst: Bool, _ body: Body
  ) throws(SQLiteError) -> Bool {
    let whole = run.first.from...run.last.until
    let start = isFirst && !run.first.beginsExactly ? process.start : nil
    guard let pieces = try cuts.pieces(of: whole) else {
      return try give(process, run, whole, notBefore: start, body)
    }
    for piece in pieces {
      let start = piece.lowerBound == whole.lowerBound ? start : nil
      guard try give(process, run, piece, notBefore: start, body) else { return false }
    }
    return true
  }

  private mutating func give(
    _ process: ExportProcess, _ run: LinkInterval, _ samples: ClosedRange<Int64>,
    notBefore start: Int64?,
    _ body: Body
  ) throws(SQLiteError) -> Bool {
    let (first, last) = (samples.lowerBound, samples.upperBound)
    let from = SamplePoint.firstSeen(at: try points.wall(first), start: start)
    let isOpen = last == openSample
    var isExactFrom = first == run.first.from && run.first.beginsExactly
    if isExactFrom { isExactFrom = try points.isExact(before: first) }
    var isExactUntil = last == run.last.until && run.last.endsExactly && !isOpen
    if isExactUntil { isExactUntil = try points.isExact(before: last + 1) }
    var reachesNext = isExactUntil
    if !reachesNext, run.goesOn, last == run.last.until {
      reachesNext = try cuts.pieces(of: last...(last + 1)) == nil
    }
    // What an event ended was so up to that. The clock may have gone back by less than a step.
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

/// Reads where the processes of an export were. Where all are exported that is one look from one end
/// of an index to the other, beside the one at the processes; otherwise a look for each process.
struct ExportMemberships {
  private let lives: TaskHistoryReader
  private let statement: Statement
  /// The row that is next, of all of them; nil behind the last.
  private var next: Row?
  private let readsAll: Bool

  private struct Row {
    let task: TaskID
    let set: NamespaceSetID
    let from: Int64
    let until: Int64?
    let exact: Int64

    init(_ row: Statement) {
      task = row.task(0)
      set = row.set(1)
      from = row.integer(2)
      until = row.optionalInteger(3)
      exact = row.integer(4)
    }
  }

  private static let columns = "task_id, set_id, from_seq, until_seq, exact FROM membership"

  init(_ connection: Connection, _ lives: TaskHistoryReader, readsAll: Bool) throws(SQLiteError) {
    self.lives = lives
    self.readsAll = readsAll
    statement = try connection.prepare(
      readsAll
        ? "SELECT \(Self.columns) ORDER BY task_id, from_seq"
        : "SELECT \(Self.columns) WHERE task_id = ? ORDER BY from_seq")
    if readsAll { try step() }
  }

  /// Lets go of what it reads.
  func close() { statement.reset() }

  /// Replaces what is in `memberships` by those of a process, in the order of time. Processes are to
  /// be asked for in the order of their rows.
  mutating func read(
    of task: TaskID, into memberships: inout [Membership]
  ) throws(SQLiteError) {
    memberships.removeAll(keepingCapacity: true)
    if readsAll {
      // Those of no process name nobody.
      while let row = next, row.task < task { try step() }
    } else {
      try statement.bind(.number(task))
      try step()
    }
    while let row = next, row.task == task {
      let membership = try lives.membership(
        row.set, row.from, row.until, exact: row.exact, of: task)
      try memberships.append(membership, of: task)
      try step()
    }
  }

  private mutating func step() throws(SQLiteError) {
    next = try statement.step() ? Row(statement) : nil
  }
}
