internal import SQLite

/// One process in one namespace set, in every sample from one to another.
struct Membership: Hashable {
  let set: Int64
  let from: Int64
  let until: Int64
  /// Whether it still held in the last sample, and the recorder is still running.
  let isOpen: Bool
  let startsSession: Bool
  /// Whether it began, or ended, at an event: see `membership.exact` in `Migrations`.
  var beginsExactly = false
  var endsExactly = false
}

extension Membership {
  /// What a row of `brief` says: see `Migrations`.
  ///
  /// - Parameter session: the one that its first number is of.
  init(
    brief from: Int64, length: Int64, set: Int64, in session: SessionSpan
  ) throws(SQLiteError) {
    let (until, overflows) = from.addingReportingOverflow(length)
    guard length >= 0, !overflows, until < session.last else { throw Self.stray(brief: from) }
    self.init(
      set: set, from: from, until: until, isOpen: false, startsSession: false,
      beginsExactly: true, endsExactly: true)
  }

  /// What a row of `brief` is that no session has.
  static func stray(brief from: Int64) -> SQLiteError {
    .corrupt("brief \(from) is not in its session", operation: "read memberships")
  }
}

extension [Membership] {
  /// Adds the next of a process.
  mutating func append(
    _ membership: Membership, of task: Int64
  ) throws(SQLiteError) {
    guard last?.until ?? 0 < membership.from else {
      throw .corrupt("times of task \(task) overlap", operation: "read memberships")
    }
    append(membership)
  }
}
