internal import NamespaceModel
internal import SQLite

/// What there is to tell of the beginning of a membership: see `membership.cause` in
/// `Migrations/V0002_questions.sql`.
struct Beginning {
  let cause: Cause
  /// The set that it moved from, or that its parent was in.
  var origin: Int64?

  enum Cause: Int64 {
    case moved = 1
    case startedElsewhere = 2
    case startedInNew = 3
    case wentOn = 4
  }
}

/// Finds out whether there is something to tell of a beginning. What is reported in the end is decided
/// when the question is asked; here nothing that may be reported is left out.
struct BeginningFinder {
  let connection: Connection
  let interner: Interner

  /// Of a process that started at an event, when its parent was in this set.
  func start(in set: InternedSet, of parent: InternedSet?) -> Beginning? {
    start(in: set, of: parent, earlier: parent)
  }

  /// Of a process that is seen for the first time.
  ///
  /// - Parameter earlier: the set of its parent in the sample before: it may have started before its
  ///   parent moved. Nil where the parent is new itself: where that came from is not known.
  func start(
    in set: InternedSet, of parent: InternedSet?, earlier: InternedSet?
  ) -> Beginning? {
    let isInNew =
      !interner.created.isEmpty
      && set.own.contains {
        interner.created.contains($0) && parent?.parts.contains($0) != true
      }
    guard let parent else {
      return isInNew || set.sendsChildrenElsewhere ? Beginning(cause: .startedInNew) : nil
    }
    let isElsewhere =
      earlier.map { set.isElsewhere(thanChildrenOf: [parent, $0]) } ?? false
    return isInNew || isElsewhere || set.sendsChildrenElsewhere
      ? Beginning(cause: .startedElsewhere, origin: parent.row) : nil
  }

  /// Of a thread that differs from its process for the first time. Where it was before is known only of
  /// one that moved; of one that was there before, or of which nothing is known, there is nothing to
  /// tell.
  ///
  /// - Parameters:
  ///   - isExact: whether an event reported it: then that tells also whether it started.
  ///   - process: the set of its process.
  func thread(
    in set: InternedSet, _ origin: ThreadOrigin, isExact: Bool, of process: InternedSet?
  ) throws(SQLiteError) -> Beginning? {
    switch origin {
    case .moved(let links):
      return Beginning(cause: .moved, origin: try interner.set(links).row)
    case .started:
      if let beginning = start(in: set, of: nil) { return beginning }
      return isExact
        ? nil
        : process.map { Beginning(cause: .startedElsewhere, origin: $0.row) }
          ?? Beginning(cause: .startedInNew)
    case .unknown: return nil
    }
  }

  /// Where an earlier session saw a process last, and whether there was something to tell.
  func last(of task: Int64) throws(SQLiteError) -> (set: InternedSet, isNoteworthy: Bool)? {
    let last = try connection.prepare(
      """
      SELECT set_id, cause IS NOT NULL FROM membership WHERE task_id = ?
      ORDER BY from_seq DESC LIMIT 1
      """
    ).bind(.integer(task)).first { ($0.integer(0), $0.integer(1) != 0) }
    guard let last, let set = try interner.set(row: last.0) else { return nil }
    return (set, last.1)
  }

  /// Of a process that an earlier session saw.
  func resumption(after last: (set: InternedSet, isNoteworthy: Bool)?, in set: InternedSet)
    -> Beginning?
  {
    guard let last else { return nil }
    if set.isMove(from: last.set) { return Beginning(cause: .moved, origin: last.set.row) }
    return last.isNoteworthy ? Beginning(cause: .wentOn) : nil
  }
}
