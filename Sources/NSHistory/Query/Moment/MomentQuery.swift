internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Every process that was, or may have been, there at a moment, in nanoseconds since the epoch.
  public func processes(at time: Int64) throws(HistoryError) -> MomentAnswer {
    try reading(.everything(at: time)) { (reading) throws(SQLiteError) in
      let census = try ProcessSnapshot(reading, at: time)
      return MomentAnswer(
        processes: try census.processes(),
        samples: census.brackets.map(SameAnswer.SampleGap.init),
        recorded: try reading.index.recorded())
    }
  }
}
