internal import SQLite

/// A consistent view of a history: the whole answer to one question is read from one snapshot.
struct HistorySnapshot {
  let connection: Connection
  let index: SampleIndex
  let sets: SetReader
  let taskHistories: TaskHistoryReader
  let pidHistories: PIDHistoryReader
  let namespaces: NamespaceReader
  let pins: PinReader
  let members: MembersAtSample

  init(
    _ connection: Connection, _ index: SampleIndex, isRecorded: Bool
  ) throws(SQLiteError) {
    self.connection = connection
    self.index = index
    sets = SetReader(connection)
    taskHistories = TaskHistoryReader(connection, index, sets)
    pidHistories = PIDHistoryReader(index, sets, taskHistories)
    namespaces = NamespaceReader(connection)
    members = MembersAtSample(connection, index)
    pins = PinReader(connection: connection, namespaces: namespaces, isRecorded: isRecorded)
  }

  /// Determines which container a process was in.
  var containers: ContainerRule { taskHistories.containers }

  /// Returns the resolver of interval bounds for one process.
  func bounds(of history: TaskHistory) -> BoundResolver {
    BoundResolver(index: index, history: history)
  }
}

extension HistoryReader {
  /// Calls `body` with a snapshot of the history. Throws if the history is a slice that does not hold what the
  /// question is about.
  func reading<T>(
    _ scope: QuestionScope, _ body: (HistorySnapshot) throws(SQLiteError) -> T
  ) throws(HistoryError) -> T {
    try snapshot { () throws(HistoryError) in
      let bounds = try require(scope)
      do throws(SQLiteError) {
        return try body(HistorySnapshot(connection, index(), isRecorded: isRecorded))
      } catch {
        guard error.kind == .notFound, let bounds else { throw wrap(error) }
        throw refusal(bounds, because: error.message)
      }
    }
  }

  /// Throws `outsideSlice` for a question about something that the slice does not hold.
  @discardableResult
  func require(_ scope: QuestionScope) throws(HistoryError) -> SliceBounds? {
    let bounds: SliceBounds?
    do throws(SQLiteError) { bounds = try SliceBounds(connection) } catch { throw wrap(error) }
    guard let bounds else { return nil }
    guard !bounds.excludes(scope) else { throw refusal(bounds, because: nil) }
    return bounds
  }

  private func refusal(_ bounds: SliceBounds, because missing: String?) -> HistoryError {
    HistoryError(
      .outsideSlice, "answer this from", path,
      reason: bounds.reason + (missing.map { ", and \($0)" } ?? ""),
      remedy: "ask about that, or ask the history that it was cut out of (\(bounds.source))")
  }
}
