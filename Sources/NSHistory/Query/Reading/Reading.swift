internal import SQLite

/// One reading of a history: all that answers to one question is read from one snapshot.
struct Reading {
  let connection: Connection
  let index: SampleIndex
  let sets: SetReader
  let lives: TaskHistoryReader
  let tracks: PIDHistoryReader
  let namespaces: NamespaceReader
  let pins: PinReader
  let members: MembersAtSample

  init(
    _ connection: Connection, _ index: SampleIndex, isRecorded: Bool
  ) throws(SQLiteError) {
    self.connection = connection
    self.index = index
    sets = SetReader(connection)
    lives = TaskHistoryReader(connection, index, sets)
    tracks = PIDHistoryReader(index, sets, lives)
    namespaces = NamespaceReader(connection)
    members = MembersAtSample(connection, index)
    pins = PinReader(connection: connection, namespaces: namespaces, isRecorded: isRecorded)
  }

  /// Tells of which container a process was.
  var containers: ContainerRule { lives.containers }

  /// Where pieces of time begin and end, for one process.
  func edges(of life: TaskHistory) -> BoundResolver { BoundResolver(index: index, life: life) }
}

extension HistoryReader {
  /// Gives `body` a reading of the history.
  func reading<T>(_ body: (Reading) throws(SQLiteError) -> T) throws(HistoryError) -> T {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        return try body(Reading(connection, index(), isRecorded: isRecorded))
      } catch { throw wrap(error) }
    }
  }
}
