internal import NamespaceModel
internal import SQLite

/// Asks repeatedly for the changes of a history while a recorder writes it, and returns each change once.
///
/// A change is returned as it was known then. A later sample may add to it, for instance the container of a process.
package struct ChangeFollower {
  /// The position from which the next call reads.
  private var point: ChangePoint
  /// The changes after `point` that were returned.
  private var returned: Set<Identity> = []

  /// A follower that returns all changes, first those that are recorded already.
  package init() { point = ChangePoint(seq: .min, scan: .min) }

  /// A follower that returns the changes that are recorded from now on.
  package init(
    fromNowOn question: ChangesQuestion, of reader: HistoryReader
  ) throws(HistoryError) {
    point = try reader.changePoint()
    try changes(question, of: reader) { _ in true }
  }

  /// Calls `body` with each change that was recorded since the last call, in time order. Stops when `body` returns
  /// false.
  ///
  /// - Parameter question: the same question at each call.
  package mutating func changes(
    _ question: ChangesQuestion, of reader: HistoryReader, _ body: (NamespaceChange) -> Bool
  ) throws(HistoryError) {
    var question = question
    question.after = point
    var seen: Set<Identity> = []
    // The next point is read before the changes. A change that is recorded in between is then read again by the next
    // call, and not missed.
    let next = try reader.changePoint()
    try reader.changes(question) { change in
      let identity = Identity(change)
      seen.insert(identity)
      return returned.contains(identity) || body(change)
    }
    point = next
    returned = seen
  }

  /// The values of a change that identify it when it is read again.
  private struct Identity: Hashable {
    let kind: NamespaceChange.Kind
    let task: TaskID?
    let time: WallTime?
    let pin: Int64?
    let links: [Link]

    struct Link: Hashable {
      let link: NamespaceLink
      let from: Int64?
      let to: Int64?
    }

    init(_ change: NamespaceChange) {
      kind = change.kind
      task = change.process?.task
      time = change.by
      pin = change.pin?.id
      links = change.parts.map { Link(link: $0.link, from: $0.from?.id, to: $0.to?.id) }
    }
  }
}

/// A position in the order of changes, from which a `ChangeFollower` continues.
struct ChangePoint: Sendable {
  /// The changes after this sequence number are read again.
  let seq: SequenceNumber
  /// The pin scans after this one are read again.
  let scan: Int64
}

extension HistoryReader {
  /// Returns a point after which every change is found that is recorded from now on. The next sample may end a
  /// membership as early as at the sample before the last one, so the point lies before the last two samples.
  fileprivate func changePoint() throws(HistoryError) -> ChangePoint {
    do throws(SQLiteError) {
      let seq = try connection.prepare(
        "SELECT seq - 1 FROM sample ORDER BY seq DESC LIMIT 1 OFFSET 1"
      ).first { $0.sequence(0) }
      let scan = try connection.prepare("SELECT MAX(scan_id) - 2 FROM pin_scan")
        .first { $0.optionalInteger(0) ?? .min }
      return ChangePoint(seq: seq ?? .min, scan: scan ?? .min)
    } catch { throw wrap(error) }
  }
}
