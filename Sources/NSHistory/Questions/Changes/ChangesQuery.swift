// The timeline of namespaces: what began and what ended, merged into one order of samples. Each of
// the streams comes by an index that leaves out all that nothing is to be reported, unless the
// question is about everything of some processes or namespaces.

package import NamespaceModel
internal import SQLite

/// Merges what began and what ended.
struct ChangesQuery {
  private let reading: HistorySnapshot
  private let begun: ChangeStream
  private let exited: ChangeStream
  private let ended: ChangeStream?
  private let pins: ChangeStream?
  private let teller: ChangeTeller

  /// Nil when no sample is in the time asked for.
  init?(_ reading: HistorySnapshot, _ question: ChangesQuestion) throws(SQLiteError) {
    self.reading = reading
    guard let samples = try reading.index.samples(around: question.window) else { return nil }
    let scope = try ChangeScope(reading, question, samples)
    begun = try .begun(reading, scope, samples)
    exited = try .exited(reading, scope, samples)
    ended = scope.isOfProcesses ? nil : try .ended(reading, scope, samples)
    pins = scope.isOfProcesses ? nil : try .pins(reading, scope, question.window)
    teller = ChangeTeller(reading: reading, question: question, scope: scope)
  }

  func forEach(_ body: (NamespaceChange) -> Bool) throws(SQLiteError) {
    // At one sample: who exited, who came, and what ended by that; then what scans behind it found.
    let streams = [exited, begun, ended, pins].compactMap(\.self)
    defer { for stream in streams { stream.close() } }
    while true {
      var next: ChangeStream?
      for stream in streams {
        guard let sample = stream.sample else { continue }
        if next?.sample.map({ sample < $0 }) ?? true { next = stream }
      }
      guard let next, let event = next.event else { return }
      if let change = try teller.change(event), !body(change) { return }
      try next.advance()
    }
  }
}

/// "Who entered, left or made a namespace?"
package struct ChangesQuestion: Sendable {
  /// When.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]
  /// Only of these processes, with all their starts and exits.
  package var process: ProcessSelector?
  /// Only of these namespaces, with everyone who came or left.
  package var namespace: NamespaceSelector?
  /// Only of this container, by name or the beginning of its id: of its processes, and of everyone who
  /// came into its own namespaces or left them.
  package var container: String?

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

/// Which memberships a question about changes is about.
struct ChangeScope {
  /// The namespaces that a change must touch; nil for any.
  let namespaces: Set<Int64>?
  /// The processes that a change must be of; nil for any.
  let tasks: [TaskID]?
  /// Whether a change of one of the processes is meant whatever it touches, and one of another process if
  /// it touches the namespaces: so of a container.
  let isEither: Bool
  /// When processes were what the question means, by their rows; of others all of their time counts.
  private let limits: [TaskID: [ProcessRecord.DescriptionSpan]]
  private let taskSet: Set<TaskID>
  /// The samples that the question is about; nil for all.
  private let samples: ClosedRange<Int64>?

  init(
    _ reading: HistorySnapshot, _ question: ChangesQuestion, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) {
    self.samples = question.window.isEverything ? nil : samples
    var asked = try question.namespace.map { (selector) throws(SQLiteError) in
      Set(try NamespaceFinder(reading: reading).lives(selector).map(\.namespace.id))
    }
    let container = question.container.map { ProcessSelector.container($0) }
    isEither = container != nil
    let lives = try (container ?? question.process).map { (selector) throws(SQLiteError) in
      try ProcessFinder(reading: reading).lives(
        selector, in: question.window, withThreads: true)
    }
    if container != nil {
      let own = try OwnNamespaces.own(of: lives ?? [], reading)
      asked = asked.map { $0.intersection(own) } ?? own
    }
    namespaces = asked
    tasks = lives?.map(\.process.task)
    taskSet = Set(tasks ?? [])
    limits = (lives ?? []).reduce(into: [:]) { limits, life in
      limits[life.process.task] = life.limits
    }
  }

  /// Whether it is about some processes.
  var isOfProcesses: Bool { tasks != nil && !isEither }
  /// Whether starts and exits are told that have nothing to tell.
  var tellsEverything: Bool { tasks != nil || namespaces != nil }

  /// Whether a process was, or may have been, what is meant at some time behind a sample or event and
  /// before another.
  func isMeant(_ process: ProcessRecord, behind low: Int64, before high: Int64) -> Bool {
    limits[process.task].map { $0.mayHold(behind: low, before: high) } ?? true
  }

  /// Whether a change of a process is meant only as far as it touches the namespaces.
  func isByNamespaces(_ process: ProcessRecord?, behind low: Int64, before high: Int64) -> Bool {
    guard isEither, let process, taskSet.contains(process.task) else { return true }
    return !isMeant(process, behind: low, before: high)
  }

  /// The condition on memberships `m`, whose values follow two others. Without one on processes or
  /// namespaces only those are looked at that there is something to tell of; of namespaces, all of
  /// every process that ever was in them: where a link could not be read, only what was before tells
  /// what it was.
  var condition: String {
    let isTask = "m.task_id IN (SELECT value FROM json_each(?3))"
    if tasks != nil {
      return isEither ? "(\(isTask) OR m.task_id IN (SELECT task_id \(members)))" : isTask
    }
    guard namespaces != nil else { return "m.cause IS NOT NULL" }
    guard samples != nil else { return "m.task_id IN (SELECT task_id \(members))" }
    return """
      m.task_id IN (SELECT there FROM (\(IntervalOverlapQuery.everywhere("m.task_id AS there", "?4, ?5")))
        WHERE EXISTS (SELECT 1 \(members) AND w.task_id = there))
      """
  }

  /// Selects columns of the processes `m` in `short_lived_task` that it is about, under one more condition.
  /// There is nothing to tell of one that is not asked about.
  func shortLivedTasks(_ columns: String, _ condition: String) -> String {
    guard tellsEverything else { return "" }
    let columns = columns.replacing("m.cause, m.origin_set_id", with: "NULL, NULL")
    let isTask = "m.from_seq IN (SELECT -value FROM json_each(?3))"
    let isThere = "m.set_id IN (\(sets))"
    let isMeant = isEither ? "(\(isTask) OR \(isThere))" : tasks != nil ? isTask : isThere
    return
      "UNION ALL SELECT \(columns) FROM short_lived_task AS m WHERE \(isMeant) AND \(condition)"
  }

  private var sets: String {
    """
    SELECT set_id FROM namespace_set_link
    WHERE namespace_id IN (SELECT value FROM json_each(?\(isEither ? 4 : 3)))
    """
  }
  private var members: String { "FROM membership AS w WHERE w.set_id IN (\(sets))" }

  var values: [Value] {
    if let tasks { return [.list(tasks)] + (isEither ? namespaceValues : []) }
    guard namespaces != nil else { return [] }
    return namespaceValues + (samples.map(IntervalOverlapQuery.values) ?? [])
  }

  /// The namespaces as one value, if there are any.
  var namespaceValues: [Value] { namespaces.map { [.list($0.sorted())] } ?? [] }
}

/// Something that happened to namespaces, at an event or between two samples: a process came into some
/// or left them, or a namespace lost its last process.
package struct NamespaceChange: Sendable, Hashable {
  /// What happened.
  package let kind: Kind
  /// When the last sample before it began, in nanoseconds since the epoch; nil when there is none.
  /// Where an event reported when it happened, that, as `by`.
  package let after: Int64?
  /// When the first sample after it began; nil when there is none.
  package let by: Int64?
  /// How long after the one the other began, in nanoseconds, whatever the wall clock did; nil where
  /// that is not known.
  package let within: Int64?
  /// Why samples are missing in between; nil when none is.
  package let missing: MissingSamples?
  /// Whether an event reported when it happened, to the microsecond.
  package let isExact: Bool
  /// The process; nil where a namespace lost its last one.
  package let process: ProcessRecord?
  /// The parent of a process that started; nil where it is not known.
  package let parent: ProcessRecord?
  /// What changed, link by link.
  package let parts: [Part]
  /// What pins the namespace, or did; nil where the change is none of pins.
  package let pin: PinRecord?
  /// Who had been in the namespaces that it joined; nil where that cannot be reported.
  package let joined: ProcessRecord?
  /// Whether the process had been in all the namespaces that it joined, but initial ones, and certainly nobody else.
  let comesToItsOwn: Bool

  /// What happened. The raw value is the word in every output.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A process or a thread changed its namespaces: unshare(2) or setns(2).
    case moved
    /// A thread that had been elsewhere changed its namespaces, and is in all that its process is in.
    case returned
    /// A process started.
    case started
    /// A process exited.
    case exited
    /// A process was seen for the first time, after time without samples; or a thread that was there
    /// before, when its process moved without it.
    case firstSeen = "first-seen"
    /// A process was seen for the last time, before time without samples.
    case lastSeen = "last-seen"
    /// A process became a zombie: it, or its main thread, exited (`proc_pid_stat(5)`).
    case zombie
    /// A process that was a zombie goes on where it had been, because a thread of it that outlived the main one
    /// executed a program (`execve(2)`).
    case resumed
    /// A namespace lost its last process, zombies not counted. A mount, a file, a socket or a thread of
    /// a zombie may keep it.
    case lastExit = "last-exit"
    /// A scan was the first to find that a mount, a file or a socket keeps a namespace.
    case pinned
    /// A scan was the first to find that none does any more.
    case unpinned
    /// The same, of a namespace that no process was in: it is no more.
    case gone
  }

  /// What changed in one link.
  package struct Part: Sendable, Hashable {
    /// The link.
    package let link: NamespaceLink
    /// Where it led before: for a process that started, where its parent's children go. Nil if that
    /// is not known.
    package let from: NamespaceRecord?
    /// Where it leads now; nil where it leads nowhere any more.
    package let to: NamespaceRecord?
    /// How.
    package let how: How
  }

  /// How a link changed. The raw value is the word in every output.
  package enum How: String, Sendable, Hashable, CaseIterable {
    /// Into a namespace that was not known before.
    case new
    /// Into one that was there.
    case joined
    /// Into one that has the inode number of one that was there: that one, or a new one that got the
    /// number. The kernel gave no id that tells.
    case joinedOrNew = "joined-or-new"
    /// Into the one that the parent's children go to, or its own: execve(2) after unshare(CLONE_NEWTIME).
    case inherited
    /// Seen in it; how it came there is not known.
    case found
    /// Out of one, by exiting or as it became a zombie.
    case left
    /// In the one that it had been in before it became a zombie.
    case kept
    /// The namespace has no process any more.
    case lastExit = "last-exit"
    /// The namespace is kept by a mount, a file or a socket.
    case pinned
    /// It is not any more.
    case unpinned

    /// Whether it may lead into a namespace that was there.
    var mayBeJoined: Bool { self == .joined || self == .joinedOrNew }
  }

  /// What someone who looks for an intrusion looks for. The raw value is the word in every output.
  package enum Mark: String, Sendable, Hashable, CaseIterable {
    /// A process came into namespaces that others had: nsenter(1), exec into a container.
    case joined
    /// A process came from a namespace that was not an initial one into an initial one.
    case toInitial = "to-initial"
    /// A namespace was not known before.
    case created
  }

  /// The marks it carries.
  package var marks: [Mark] {
    var marks: [Mark] = []
    // A process that goes on where one of its threads was, by exec, comes to nobody else; nor does one that comes
    // back to what it made, and where nobody is.
    let isOwn =
      joined == nil
      ? comesToItsOwn : joined?.pid == process?.pid && joined?.boot == process?.boot
    if !isOwn, parts.contains(where: { $0.how.mayBeJoined && $0.to?.isInitial != true }) {
      marks.append(.joined)
    }
    let isEscape = parts.contains {
      $0.how == .joined && $0.to?.isInitial == true && $0.from?.isInitial == false
    }
    if isEscape { marks.append(.toInitial) }
    if parts.contains(where: { $0.how == .new }) { marks.append(.created) }
    return marks
  }
}
