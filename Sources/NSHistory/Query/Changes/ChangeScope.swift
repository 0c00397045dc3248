internal import NamespaceModel
internal import SQLite

/// Which memberships a question about changes is about.
struct ChangeScope {
  /// The namespaces that a change must touch; nil for any.
  let namespaces: Set<Int64>?
  /// The processes that a change must be of; nil for any.
  let tasks: [Int64]?
  /// The samples that the question is about; nil for all.
  private let samples: ClosedRange<Int64>?

  init(
    _ reading: Reading, _ question: ChangesQuestion, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) {
    self.samples = question.window.isEverything ? nil : samples
    namespaces = try question.namespace.map { (selector) throws(SQLiteError) in
      Set(try NamespaceFinder(reading: reading).lives(selector).map(\.namespace.id))
    }
    tasks = try question.process.map { (selector) throws(SQLiteError) in
      try ProcessFinder(reading: reading).lives(
        selector, in: question.window, withThreads: true
      ).map(\.process.id)
    }
  }

  /// Whether it is about some processes.
  var isOfProcesses: Bool { tasks != nil }
  /// Whether starts and exits are told that have nothing to tell.
  var tellsEverything: Bool { tasks != nil || namespaces != nil }

  /// The condition on memberships `m`, whose values follow two others. Without one on processes or
  /// namespaces only those are looked at that there is something to tell of; of namespaces, all of
  /// every process that ever was in them: where a link could not be read, only what was before tells
  /// what it was.
  var condition: String {
    if tasks != nil { return "m.task_id IN (SELECT value FROM json_each(?3))" }
    guard namespaces != nil else { return "m.cause IS NOT NULL" }
    guard samples != nil else { return "m.task_id IN (SELECT task_id \(Self.members))" }
    return """
      m.task_id IN (SELECT there FROM (\(MembershipStab.everywhere("m.task_id AS there", "?4, ?5")))
        WHERE EXISTS (SELECT 1 \(Self.members) AND w.task_id = there))
      """
  }

  /// Selects columns of the processes `m` in `brief` that it is about, under one more condition.
  /// There is nothing to tell of one that is not asked about.
  func briefs(_ columns: String, _ condition: String) -> String {
    guard tellsEverything else { return "" }
    let columns = columns.replacing("m.cause, m.origin_set_id", with: "NULL, NULL")
    let isMeant =
      tasks != nil
      ? "m.from_sample IN (SELECT -value FROM json_each(?3))" : "m.set_id IN (\(Self.sets))"
    return "UNION ALL SELECT \(columns) FROM brief AS m WHERE \(isMeant) AND \(condition)"
  }

  private static let sets = """
    SELECT set_id FROM namespace_set_link WHERE namespace_id IN (SELECT value FROM json_each(?3))
    """
  private static let members = "FROM membership AS w WHERE w.set_id IN (\(sets))"

  var values: [Value] {
    if let tasks { return [.list(tasks)] }
    guard namespaces != nil else { return [] }
    return namespaceValues + (samples.map(MembershipStab.values) ?? [])
  }

  /// The namespaces as one value, if there are any.
  var namespaceValues: [Value] { namespaces.map { [.list($0.sorted())] } ?? [] }
}
