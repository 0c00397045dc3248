internal import NamespaceModel
internal import SQLite

/// Finds the times at which two processes are proven to have been in one namespace, by the rules of
/// `SameOverRange`.
struct TogetherFinder {
  let reading: Reading
  let window: TimeWindow

  private var index: SampleIndex { reading.index }

  /// The namespaces that runs of one type share, and when.
  func shared(
    _ first: [PIDHistory.LinkInterval], _ second: [PIDHistory.LinkInterval]
  ) throws(SQLiteError) -> [Peer.Shared] {
    var order: [NamespaceRecord] = []
    var times: [NamespaceRecord: [Peer.Together]] = [:]
    for one in first {
      guard let namespace = one.value.namespace else { continue }
      for other in second where other.value == one.value {
        let low = max(one.from, other.from)
        let high = min(one.until, other.until)
        guard low <= high else { continue }
        for piece in try index.pieces(of: low...high) {
          guard let time = try time(piece, one, other) else { continue }
          if times[namespace] == nil { order.append(namespace) }
          times[namespace, default: []].append(time)
        }
      }
    }
    return order.map { Peer.Shared(namespace: $0, intervals: times[$0] ?? []) }
  }

  private func time(
    _ piece: ClosedRange<Int64>, _ one: PIDHistory.LinkInterval, _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> Peer.Together? {
    let opening = try index.point(piece.lowerBound)
    let rest = try rest(behind: piece.upperBound, one, other)
    var from = opening.wall
    var until = opening.wall
    if piece.count > 1 {
      from = opening.wallEnd
      until = max(from, try index.point(piece.upperBound).wall)
    } else if try !isProven(by: opening, one, other) {
      guard let rest else { return nil }
      from = rest.lowerBound
    }
    until = max(until, rest?.upperBound ?? until)
    guard window.overlaps(from, until) else { return nil }
    let isWhole = until <= window.until ?? until
    from = max(from, window.since ?? from)
    until = min(until, window.until ?? until)
    return Peer.Together(
      from: from, until: until,
      isOpen: isWhole && piece.upperBound == index.last && index.sessions.last?.isOpen == true)
  }

  /// The time behind a sample up to the event that ended it, if both were there throughout.
  private func rest(
    behind sample: Int64, _ one: PIDHistory.LinkInterval, _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> ClosedRange<Int64>? {
    let behind = try index.bracket(before: sample + 1)
    let stayed = [one, other].allSatisfy { $0.until > sample || behind.isExactEnd(of: $0) }
    return behind.isExact && stayed ? behind.certain : nil
  }

  /// A sample is not atomic; see `Simultaneity` for when one proves that both were there at once.
  private func isProven(
    by sample: SamplePoint, _ one: PIDHistory.LinkInterval, _ other: PIDHistory.LinkInterval
  ) throws(SQLiteError) -> Bool {
    if sample.isExact { return true }
    return try SampleSides(sample, index).prove([one, other])
  }
}
