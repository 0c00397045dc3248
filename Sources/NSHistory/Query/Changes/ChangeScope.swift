internal import NamespaceModel
internal import SQLite

/// Which memberships a question about changes is about.
struct ChangeScope {
  /// The namespaces that a change must touch; nil for any.
  let namespaces: Set<Int64>?
  /// The processes that a change must be of; nil for any.
  let tasks: [Int64]?

  init(_ reading: Reading, _ question: ChangesQuestion) throws(SQLiteError) {
    namespaces = try question.namespace.map { (selector) throws(SQLiteError) in
      Set(try NamespaceFinder(reading: reading).lives(selector).map(\.namespace.id))
    }
    tasks = try question.process.map { (selector) throws(SQLiteError) in
      try ProcessFinder(reading: reading).lives(selector, in: question.window)
        .map(\.process.id)
    }
  }

  /// Whether it is about some processes.
  var isOfProcesses: Bool { tasks != nil }
  /// Whether starts and exits are told that have nothing to tell.
  var tellsEverything: Bool { tasks != nil || namespaces != nil }

  /// The condition on memberships `m`, and its values. Without one on processes or namespaces only
  /// those are looked at that there is something to tell of.
  var condition: String {
    if tasks != nil { return "m.task_id IN (SELECT value FROM json_each(?))" }
    if namespaces != nil {
      return """
        m.set_id IN (SELECT set_id FROM namespace_set_link
          WHERE namespace_id IN (SELECT value FROM json_each(?)))
        """
    }
    return "m.cause IS NOT NULL"
  }

  var values: [Value] {
    let rows = tasks ?? namespaces?.sorted()
    return rows.map { [.text("[\($0.map(String.init).joined(separator: ","))]")] } ?? []
  }
}
