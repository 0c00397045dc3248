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
  /// Of one that a question counts in part: it may have been so behind this sample or event already, and
  /// up to that one.
  var mayBeginBehind: Int64?
  var mayEndBy: Int64?
}

extension Membership {
  /// What a row of `short_lived_task` says: see `Migrations`.
  ///
  /// - Parameter session: the one that its first number is of.
  init(
    shortLivedTask from: Int64, length: Int64, set: Int64, in session: SessionSpan
  ) throws(SQLiteError) {
    let (until, overflows) = from.addingReportingOverflow(length)
    guard length >= 0, !overflows, until < session.last else {
      throw Self.stray(shortLivedTask: from)
    }
    self.init(
      set: set, from: from, until: until, isOpen: false, startsSession: false,
      beginsExactly: true, endsExactly: true)
  }

  /// What a row of `short_lived_task` is that no session has.
  static func stray(shortLivedTask from: Int64) -> SQLiteError {
    .corrupt("short-lived task \(from) is not in its session", operation: "read memberships")
  }
}

extension Membership {
  /// As much of it as a description held for; nil for none.
  func limited(
    to span: ProcessRecord.DescriptionSpan, within isWithin: Bool
  ) -> Membership? {
    guard
      var limited = limited(
        to: span.certain, beginsExactly: span.beginsExactly, endsExactly: span.endsExactly)
    else { return nil }
    let (low, high) = (limited.from, limited.until)
    if low > from {
      limited.mayBeginBehind = isWithin ? max(from, span.possibleFrom) : span.possibleFrom
    }
    if high < until {
      limited.mayEndBy = isWithin ? min(until + 1, span.possibleUntil) : span.possibleUntil
    }
    return limited
  }
}

extension Membership {
  /// As much of it as is in a range of samples and events; nil for none.
  ///
  /// - Parameters:
  ///   - beginsExactly: whether an event began the range.
  ///   - endsExactly: whether the event behind it ended it.
  func limited(
    to range: ClosedRange<Int64>, beginsExactly begins: Bool, endsExactly ends: Bool
  ) -> Membership? {
    let low = max(from, range.lowerBound)
    let high = min(until, range.upperBound)
    guard low <= high else { return nil }
    return Membership(
      set: set, from: low, until: high, isOpen: isOpen && high == until,
      startsSession: startsSession && low == from,
      beginsExactly: low == from ? beginsExactly : begins,
      endsExactly: high == until ? endsExactly : ends)
  }
}

extension Membership {
  /// With the one that follows on it, in the same namespaces.
  func joined(with next: Membership) -> Membership {
    var joined = Membership(
      set: next.set, from: from, until: next.until, isOpen: next.isOpen,
      startsSession: startsSession, beginsExactly: beginsExactly, endsExactly: next.endsExactly)
    joined.mayBeginBehind = mayBeginBehind
    joined.mayEndBy = next.mayEndBy
    return joined
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
