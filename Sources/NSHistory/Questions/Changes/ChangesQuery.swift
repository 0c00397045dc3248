// The timeline of namespaces: four streams of changes, merged into one order of sequence numbers. Each
// stream reads an index that skips all rows without a change to report, unless the question asks for all
// changes of some processes or namespaces.

package import NamespaceModel
internal import SQLite

/// Merges the streams of beginnings, exits, ends of namespaces, and pins.
struct ChangesQuery {
  private let reading: HistorySnapshot
  private let begun: ChangeStream
  private let exited: ChangeStream
  private let ended: ChangeStream?
  private let pins: ChangeStream?
  private let builder: ChangeBuilder

  /// Returns nil if no sample lies in the time asked about.
  init?(_ reading: HistorySnapshot, _ question: ChangesQuestion) throws(SQLiteError) {
    self.reading = reading
    guard var samples = try reading.index.samples(around: question.window) else { return nil }
    if let after = question.after {
      guard after.seq < samples.upperBound else { return nil }
      if after.seq >= samples.lowerBound { samples = (after.seq + 1)...samples.upperBound }
    }
    let scope = try ChangeScope(reading, question, samples)
    begun = try .begun(reading, scope, samples)
    exited = try .exited(reading, scope, samples)
    ended = scope.isOfProcesses ? nil : try .ended(reading, scope, samples)
    pins = scope.isOfProcesses ? nil : try .pins(reading, scope, question)
    builder = ChangeBuilder(reading: reading, question: question, scope: scope)
  }

  func forEach(_ body: (NamespaceChange) -> Bool) throws(SQLiteError) {
    // The order at one sequence number: exits, then beginnings, then the ends of namespaces, then the pin scans
    // after the sample.
    let streams = [exited, begun, ended, pins].compactMap(\.self)
    defer { for stream in streams { stream.close() } }
    while true {
      var next: ChangeStream?
      for stream in streams {
        guard let sample = stream.sample else { continue }
        if next?.sample.map({ sample < $0 }) ?? true { next = stream }
      }
      guard let next, let event = next.event else { return }
      if let change = try builder.change(event), !body(change) { return }
      try next.advance()
    }
  }
}

/// The question "Which processes entered, left or created a namespace?"
package struct ChangesQuestion: Sendable {
  /// The time asked about.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]
  /// Limits the changes to these processes, and includes all their starts and exits.
  package var process: ProcessSelector?
  /// Limits the changes to these namespaces, and includes all processes that entered or left.
  package var namespace: NamespaceSelector?
  /// Limits the changes to this container, by name or the beginning of its id: to its processes, and to
  /// all processes that entered or left its own namespaces.
  package var container: String?
  /// Limits the changes to those that were recorded after this point; nil for no such limit.
  var after: ChangePoint?

  /// A question with these values; by default, about everything.
  package init(
    in window: TimeWindow = TimeWindow(), types: [NamespaceType] = NamespaceType.allCases,
    process: ProcessSelector? = nil, namespace: NamespaceSelector? = nil,
    container: String? = nil
  ) {
    self.window = window
    self.types = types
    self.process = process
    self.namespace = namespace
    self.container = container
  }
}

/// The memberships that a question about changes covers.
struct ChangeScope {
  /// The namespaces that a change must touch; nil for any.
  let namespaces: Set<Int64>?
  /// The processes that a change must be of; nil for any.
  let tasks: [TaskID]?
  /// Whether the question is about a container: then it covers every change of `tasks`, and also the changes
  /// of other processes that touch `namespaces`. Otherwise a change must match both limits.
  let isAboutContainer: Bool
  /// By row, the times in which a process matched the question; a process without an entry matches all
  /// the time.
  private let limits: [TaskID: [ProcessRecord.DescriptionSpan]]
  private let taskSet: Set<TaskID>
  /// The samples that the question is about; nil for all.
  private let samples: ClosedRange<SequenceNumber>?

  init(
    _ reading: HistorySnapshot, _ question: ChangesQuestion, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) {
    self.samples = question.window.isEverything ? nil : samples
    var asked = try question.namespace.map { (selector) throws(SQLiteError) in
      Set(try NamespaceFinder(reading: reading).lifetimes(selector).map(\.namespace.id))
    }
    let container = question.container.map { ProcessSelector.container($0) }
    isAboutContainer = container != nil
    let histories = try (container ?? question.process).map { (selector) throws(SQLiteError) in
      try ProcessFinder(reading: reading).histories(
        selector, in: question.window, withThreads: true)
    }
    if container != nil {
      let own = try OwnNamespaces.own(of: histories ?? [], reading)
      asked = asked.map { $0.intersection(own) } ?? own
    }
    namespaces = asked
    tasks = histories?.map(\.process.task)
    taskSet = Set(tasks ?? [])
    limits = (histories ?? []).reduce(into: [:]) { limits, history in
      limits[history.process.task] = history.limits
    }
  }

  /// Whether the question is limited to some processes.
  var isOfProcesses: Bool { tasks != nil && !isAboutContainer }
  /// Whether the answer includes starts and exits that change no namespace.
  var reportsEverything: Bool { tasks != nil || namespaces != nil }

  /// Whether a process may have matched the question at some time after the point `low` and before the
  /// point `high`.
  func isSelected(_ process: ProcessRecord, after low: SequenceNumber, before high: SequenceNumber)
    -> Bool
  {
    limits[process.task].map { $0.mayHold(after: low, before: high) } ?? true
  }

  /// Whether the question covers a change of a process only if the change touches the namespaces.
  func isByNamespaces(
    _ process: ProcessRecord?, after low: SequenceNumber, before high: SequenceNumber
  ) -> Bool {
    guard isAboutContainer, let process, taskSet.contains(process.task) else { return true }
    return !isSelected(process, after: low, before: high)
  }

  /// The SQL condition on memberships `m`; its parameters follow two others. Without a limit to
  /// processes or namespaces it selects only the memberships with a cause. With a limit to namespaces it
  /// selects all memberships of every process that ever was in one: if a link could not be read, only
  /// earlier memberships show its last value.
  var condition: String {
    let isTask = "m.task_id IN (SELECT value FROM json_each(?3))"
    if tasks != nil {
      return isAboutContainer ? "(\(isTask) OR m.task_id IN (SELECT task_id \(members)))" : isTask
    }
    guard namespaces != nil else { return "m.cause IS NOT NULL" }
    guard samples != nil else { return "m.task_id IN (SELECT task_id \(members))" }
    return """
      m.task_id IN (SELECT there FROM (\(IntervalOverlapQuery.everywhere("m.task_id AS there", "?4, ?5")))
        WHERE EXISTS (SELECT 1 \(members) AND w.task_id = there))
      """
  }

  /// The SQL that selects columns of the matching processes `m` in `short_lived_task`, under one more
  /// condition. Without a limit to processes or namespaces such a process has nothing to report.
  func shortLivedTasks(_ columns: String, _ condition: String) -> String {
    guard reportsEverything else { return "" }
    let columns = columns.replacing("m.cause, m.origin_set_id", with: "NULL, NULL")
    let isTask = "m.from_seq IN (SELECT -value FROM json_each(?3))"
    let isThere = "m.set_id IN (\(sets))"
    let isSelected =
      isAboutContainer ? "(\(isTask) OR \(isThere))" : tasks != nil ? isTask : isThere
    return
      "UNION ALL SELECT \(columns) FROM short_lived_task AS m WHERE \(isSelected) AND \(condition)"
  }

  private var sets: String {
    """
    SELECT set_id FROM namespace_set_link
    WHERE namespace_id IN (SELECT value FROM json_each(?\(isAboutContainer ? 4 : 3)))
    """
  }
  private var members: String { "FROM membership AS w WHERE w.set_id IN (\(sets))" }

  var values: [Value] {
    if let tasks { return [.list(tasks)] + (isAboutContainer ? namespaceValues : []) }
    guard namespaces != nil else { return [] }
    return namespaceValues + (samples.map(IntervalOverlapQuery.values) ?? [])
  }

  /// The namespaces as one SQL value, if the question is limited to namespaces.
  var namespaceValues: [Value] { namespaces.map { [.list($0.sorted())] } ?? [] }
}

/// One change of namespaces, at an event or between two samples: a process entered or left some, or a
/// namespace lost its last process.
package struct NamespaceChange: Sendable, Hashable {
  /// The kind of the change.
  package let kind: Kind
  /// The beginning of the last sample before the change; nil when there
  /// is none. For a change that an event reported, the time of the event, as in `by`.
  package let after: WallTime?
  /// The beginning of the first sample after the change; nil when there is none.
  package let by: WallTime?
  /// The time between these two, in nanoseconds, not affected by changes of the wall clock; nil if it is
  /// not known.
  package let within: Int64?
  /// Why samples are missing in between; nil when none is.
  package let missing: MissingSamples?
  /// Whether an event reported the time of the change, to the microsecond.
  package let isExact: Bool
  /// The process; nil if the change is that a namespace lost its last process.
  package let process: ProcessRecord?
  /// The parent of a process that started; nil if it is not known.
  package let parent: ProcessRecord?
  /// The changes of each link.
  package internal(set) var parts: [Part]
  /// The pin that appeared or disappeared; nil if the change is not one of pins.
  package let pin: PinRecord?
  /// A process that had been in the namespaces that this one joined; nil if none is known.
  package internal(set) var joined: ProcessRecord?
  /// Whether the process had been in all the namespaces that it joined (initial ones apart), and
  /// certainly no other process had.
  var rejoinsOwnNamespaces: Bool
  /// Whether the process certainly was the only one that ever was in the namespaces that it left for initial ones:
  /// then it left no container.
  var leavesOwnNamespaces: Bool
  /// The namespaces in which no process is left after the change; empty unless a `ChangeCombiner` found them.
  package internal(set) var emptied: [NamespaceRecord] = []
  /// The time from the first to the last of the changes that a `ChangeCombiner` made one, in nanoseconds.
  package internal(set) var duration: Int64 = 0

  /// The kind of a change. The raw value is the word in every output.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A process or a thread changed its namespaces: unshare(2) or setns(2).
    case moved
    /// A thread whose namespaces had differed changed them back to those of its process.
    case returned
    /// A process started.
    case started
    /// A process exited.
    case exited
    /// A process was observed for the first time, after a time without samples; or a thread that existed
    /// before stayed behind when its process moved.
    case firstSeen = "first-seen"
    /// A process was observed for the last time, before a time without samples.
    case lastSeen = "last-seen"
    /// A process became a zombie: it, or its main thread, exited (`proc_pid_stat(5)`).
    case zombie
    /// A zombie process continues in its earlier namespaces, because a thread that outlived the main
    /// thread executed a program (`execve(2)`).
    case resumed
    /// A namespace lost its last process that is not a zombie. A mount, a file, a socket or a thread of
    /// a zombie may keep the namespace alive.
    case lastExit = "last-exit"
    /// A pin scan was the first to find that a mount, a file or a socket keeps a namespace alive.
    case pinned
    /// A pin scan was the first to find that no pin keeps the namespace alive any more.
    case unpinned
    /// The same as `unpinned`, for a namespace without a process: the namespace no longer exists.
    case gone
  }

  /// The change of one link.
  package struct Part: Sendable, Hashable {
    /// The link.
    package let link: NamespaceLink
    /// The namespace that the link led to before; for a process that started, that of its parent's link
    /// for children. Nil if it is not known.
    package let from: NamespaceRecord?
    /// The namespace that the link leads to now; nil if it leads to none any more.
    package let to: NamespaceRecord?
    /// How the link changed.
    package let how: How

    /// Whether the link led to a namespace that is not initial, and leads to an initial one now.
    var leadsOut: Bool { how == .joined && to?.isInitial == true && from?.isInitial == false }
  }

  /// How a link changed. The raw value is the word in every output.
  package enum How: String, Sendable, Hashable, CaseIterable {
    /// The link leads to a namespace that was not known before.
    case new
    /// The link leads to a namespace that existed before.
    case joined
    /// The link leads to a namespace with the inode number of an earlier one: either the same namespace,
    /// or a new one that reuses the number. The kernel gave no id that tells which.
    case joinedOrNew = "joined-or-new"
    /// The link leads to the namespace that the link for children led to, the parent's or its own:
    /// execve(2) after unshare(CLONE_NEWTIME).
    case inherited
    /// The process was observed in the namespace; how it came there is not known.
    case found
    /// The process left the namespace by exiting or by becoming a zombie.
    case left
    /// The process is in the namespace in which it had been before it became a zombie.
    case kept
    /// The namespace has no process any more.
    case lastExit = "last-exit"
    /// A mount, a file or a socket keeps the namespace alive.
    case pinned
    /// No mount, file or socket keeps the namespace alive any more.
    case unpinned

    /// Whether the link may lead to a namespace that existed before.
    package var mayBeJoined: Bool { self == .joined || self == .joinedOrNew }
  }

  /// A mark on changes that matter in the search for an intrusion. The raw value is the word in every
  /// output.
  package enum Mark: String, Sendable, Hashable, CaseIterable {
    /// A process joined namespaces in which others were: nsenter(1), exec into a container.
    case joined
    /// A process moved from a namespace that was not initial, and that others were in too, or may have been, into an
    /// initial one, as a process does that leaves its container for the host.
    case leftContainer = "left-container"
    /// A namespace was not known before.
    case created
    /// A namespace lost its last process.
    case lastExit = "last-exit"
  }

  /// The marks of the change.
  package var marks: [Mark] {
    var marks: [Mark] = []
    // The mark `joined` is for namespaces that other processes were in. It is not set if the process continues, by
    // exec, in the namespaces of one of its own threads, nor if it returns to namespaces that no other process was in.
    let isOwn =
      joined == nil
      ? rejoinsOwnNamespaces : joined?.pid == process?.pid && joined?.boot == process?.boot
    if !isOwn, parts.contains(where: { $0.how.mayBeJoined && $0.to?.isInitial != true }) {
      marks.append(.joined)
    }
    if !leavesOwnNamespaces, parts.contains(where: \.leadsOut) { marks.append(.leftContainer) }
    if parts.contains(where: { $0.how == .new }) { marks.append(.created) }
    if kind == .lastExit || !emptied.isEmpty { marks.append(.lastExit) }
    return marks
  }
}
