internal import NamespaceModel
internal import SQLite

/// Which memberships a question about changes is about.
struct ChangeScope {
  /// The namespaces that a change must touch; nil for any.
  let namespaces: Set<Int64>?
  /// The processes that a change must be of; nil for any.
  let tasks: [Int64]?
  /// Whether a change of one of the processes is meant whatever it touches, and one of another process if
  /// it touches the namespaces: so of a container.
  let isEither: Bool
  /// When processes were what the question means, by their rows; of others all of their time counts.
  private let limits: [Int64: [ProcessRecord.DescriptionSpan]]
  private let taskSet: Set<Int64>
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
    tasks = lives?.map(\.process.id)
    taskSet = Set(tasks ?? [])
    limits = (lives ?? []).reduce(into: [:]) { limits, life in
      limits[life.process.id] = life.limits
    }
  }

  /// Whether it is about some processes.
  var isOfProcesses: Bool { tasks != nil && !isEither }
  /// Whether starts and exits are told that have nothing to tell.
  var tellsEverything: Bool { tasks != nil || namespaces != nil }

  /// Whether a process was, or may have been, what is meant at some time behind a sample or event and
  /// before another.
  func isMeant(_ process: ProcessRecord, behind low: Int64, before high: Int64) -> Bool {
    limits[process.id].map { $0.mayHold(behind: low, before: high) } ?? true
  }

  /// Whether a change of a process is meant only as far as it touches the namespaces.
  func isByNamespaces(_ process: ProcessRecord?, behind low: Int64, before high: Int64) -> Bool {
    guard isEither, let process, taskSet.contains(process.id) else { return true }
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
