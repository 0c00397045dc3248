internal import SQLite

/// Finds when none of the processes that are meant by a PID certainly had it.
struct Vacancy {
  let time: ObservedTime

  /// Nothing where one process is meant that is named by a time, or where nobody is recorded.
  func brackets(
    of selector: ProcessSelector, _ lives: [TaskHistory]
  ) throws(SQLiteError) -> SampleWindowSet {
    guard !lives.isEmpty, Self.isAnyMeant(by: selector) else { return .init() }
    let held = SampleWindowSet(try lives.map(held))
    guard case .latest = selector, let end = held.ranges.last?.upperBound else {
      return time.asked.subtracting(held)
    }
    // The last one is meant: whoever had the PID before is not.
    return time.asked.intersection(end..<Int64.max)
  }

  private static func isAnyMeant(by selector: ProcessSelector) -> Bool {
    switch selector {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive == nil
    case .latest(let all): isAnyMeant(by: all)
    case .inner: true
    case .comm, .container: false
    }
  }

  /// The time in which a process certainly was there, and all behind where it is not known to have ended.
  private func held(_ life: TaskHistory) throws(SQLiteError) -> Range<Int64> {
    guard let last = life.memberships.last else { return life.firstSample..<life.firstSample }
    if last.endsExactly, try time.index.bracket(before: last.until + 1).isExact {
      return life.firstSample..<last.until + 1
    }
    return life.firstSample..<(last.until == time.index.last ? Int64.max : last.until)
  }
}
