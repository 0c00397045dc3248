internal import NamespaceModel
internal import SQLite

/// The bounds of a slice, which is a history that was cut out of another one. A slice answers nothing about other
/// times, and nothing about other processes if it is limited to some. A question beyond the bounds is refused,
/// because the answer would wrongly say that the rows that were left out never existed.
package struct SliceBounds {
  /// The time span that the slice holds.
  let time: ClosedRange<WallTime>
  /// The UUID of the history that the slice was cut out of.
  let source: String
  /// The PIDs to whose processes the slice is limited. If this and `containers` are empty, it holds all processes.
  let pids: [Int64]
  /// The containers to whose processes the slice is limited.
  let containers: [(id: String, name: String?)]

  /// Reads the bounds of a history; nil for a history that is no slice.
  init?(_ connection: Connection) throws(SQLiteError) {
    let row = try connection.prepare(
      "SELECT from_wall_ns, until_wall_ns, of_uuid FROM slice WHERE slice_id = 1"
    ).first { ($0.wallTime(0), $0.wallTime(1), $0.text(2)) }
    guard let row else { return nil }
    guard row.0 <= row.1 else {
      throw .corrupt("a slice ends before it begins", operation: "read the bounds of a slice")
    }
    time = row.0...row.1
    source = row.2
    let limits = try connection.prepare(
      """
      SELECT s.pid, c.id, c.name FROM slice_process AS s LEFT JOIN container AS c USING (container_id)
      ORDER BY s.position
      """
    ).map { ($0.optionalInteger(0), $0.optionalText(1), $0.optionalText(2)) }
    pids = limits.compactMap(\.0)
    containers = limits.compactMap { limit in limit.1.map { ($0, limit.2) } }
    guard pids.count + containers.count == limits.count else {
      throw .corrupt(
        "a slice is limited to a container that is not in it",
        operation: "read the bounds of a slice")
    }
  }

  /// Whether a question is about something that the slice does not hold.
  func excludes(_ scope: QuestionScope) -> Bool {
    let times = [scope.window.since, scope.window.until] + scope.processes.map(\.alive)
    if times.contains(where: { $0.map { !time.contains($0) } ?? false }) { return true }
    guard !pids.isEmpty || !containers.isEmpty else { return false }
    return switch scope.kind {
    case .recording: false
    case .everything: true
    case .processes(let processes): !processes.allSatisfy(holds)
    }
  }

  /// Whether the slice holds every process that is selected.
  private func holds(_ selector: ProcessSelector) -> Bool {
    switch selector {
    case .pid(let pid, _, _): pids.contains(pid)
    case .thread(let number, _, _): pids.contains(number.pid)
    case .container(let text), .inner(_, .container(let text)):
      containers.contains { $0.name == text || $0.id.hasPrefix(text) }
    case .latest(let all): holds(all)
    case .comm, .inner(_, .selected): false
    }
  }

  /// The bounds of a slice, for output.
  package struct Info: Sendable, Hashable {
    /// The UUID of the history that the slice was cut out of.
    package let source: String
    /// The time that it holds.
    package let time: ClosedRange<WallTime>
    /// The PIDs to whose processes it is limited. If this and `containers` are empty, it holds all processes.
    package let pids: [Int64]
    /// The ids of the containers to whose processes it is limited.
    package let containers: [String]
  }

  /// The contents of the slice, as the reason of a refusal.
  var reason: String {
    let limits = pids.map { "PID \($0)" } + containers.map { "container \($0.name ?? $0.id)" }
    let processes = limits.isEmpty ? "" : ", and only of \(limits.joined(separator: ", "))"
    let from = TimeFormat.localTime(time.lowerBound, .local)
    let until = TimeFormat.localTime(time.upperBound, .local)
    return "it is a slice, which holds the time from \(from) to \(until)\(processes)"
  }
}

extension HistoryReader {
  /// Returns the bounds of the history if it is a slice; nil if it is none.
  package func sliceInfo() throws(HistoryError) -> SliceBounds.Info? {
    do throws(SQLiteError) {
      return try SliceBounds(connection).map {
        SliceBounds.Info(
          source: SystemText.sanitized($0.source), time: $0.time, pids: $0.pids,
          containers: $0.containers.map { SystemText.sanitized($0.id) })
      }
    } catch { throw wrap(error) }
  }
}
