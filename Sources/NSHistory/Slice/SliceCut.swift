internal import NamespaceModel
internal import SQLite

/// The time and the processes that a new slice is to hold.
package struct SliceRequest: Sendable, Hashable {
  /// The time that the slice is about. On a side without an end it extends as far as the history is recorded.
  package var window: TimeWindow
  /// The PIDs to whose processes the slice is limited. If this and `containers` are empty, it holds all processes.
  package var pids: [Int64]
  /// The containers to whose processes the slice is limited, by name or by the beginning of an id.
  package var containers: [String]

  package init(in window: TimeWindow, pids: [Int64] = [], containers: [String] = []) {
    self.window = window
    self.pids = pids
    self.containers = containers
  }

  var isLimited: Bool { !pids.isEmpty || !containers.isEmpty }
}

/// The time of a slice, and its samples and events, in the history that it is cut out of.
struct SliceCut {
  /// The time that the slice is about.
  let time: ClosedRange<WallTime>
  /// The samples and events of which the slice has every row.
  let numbers: ClosedRange<SequenceNumber>
  /// The samples and events within the time, without those around it.
  let asked: ClosedRange<SequenceNumber>

  /// How many further samples a slice has on each side, besides those around its time. Questions read up to three
  /// samples before and after a moment.
  private static let margin = 4

  /// Determines the bounds of a slice; nil if no sample and no event of the history is in the time.
  ///
  /// - Parameter now: the present time. The slice does not extend beyond it, because nothing is known of later times.
  init?(_ asked: TimeWindow, in reading: HistorySnapshot, now: WallTime) throws(SQLiteError) {
    let index = reading.index
    guard let recorded = try index.recorded(), let last = index.last, let first = index.first else {
      return nil
    }
    let latest = max(recorded.upperBound, try index.point(last).wallEnd)
    let since = asked.since ?? index.slice?.time.lowerBound ?? recorded.lowerBound
    let until = asked.until ?? index.slice?.time.upperBound ?? latest
    time = since...max(since, min(until, max(latest, now)))
    let window = TimeWindow(since: time.lowerBound, until: time.upperBound)
    let begin = try index.firstSample(notBefore: since)
    let end = try index.lastSample(notAfter: time.upperBound)
    guard begin <= end, let observed = try ObservedTime(reading, window)?.samples else {
      return nil
    }
    self.asked = begin...end
    func sample(_ condition: String, _ number: SequenceNumber) throws(SQLiteError)
      -> SequenceNumber?
    {
      try reading.connection.prepare(
        "SELECT seq FROM sample WHERE \(condition) LIMIT \(Self.margin)"
      ).bind(.number(number)).map { $0.sequence(0) }.last
    }
    let before = try sample("seq < ? ORDER BY seq DESC", observed.lowerBound)
    let after = try sample("seq > ? ORDER BY seq", observed.upperBound)
    var low = min(before ?? first, observed.lowerBound)
    var high = max(after ?? last, observed.upperBound)
    // The search for processes that entered a container reads whole blocks of sequence numbers (`ContainerRule.width`).
    if try reading.containers.isAnyRecorded(), try reading.containers.isAnyInherited() {
      low = ContainerRule.block(of: low).lowerBound
      high = ContainerRule.block(of: high).upperBound
    }
    let all = index.slice?.numbers ?? first...last
    numbers = (low...high).clamped(to: all)
  }
}
