internal import NamespaceModel
internal import SQLite

/// Streams a history, a process at a time: a run of memberships in which a type's namespace stays
/// the same is one row, and a gap in the samples ends it.
struct ExportStream {
  private let connection: Connection
  private let filter: ExportFilter
  private let index: SampleIndex
  private let reader: TrackReader

  init(
    _ connection: Connection, _ filter: ExportFilter, isRecorded: Bool
  ) throws(SQLiteError) {
    self.connection = connection
    self.filter = filter
    index = try SampleIndex(connection, isRecorded: isRecorded)
    reader = TrackReader(connection, index)
  }

  /// Gives `body` each row; ends early when it returns false.
  func forEach(_ body: (ExportRow) -> Bool) throws(SQLiteError) {
    let tasks = try TaskSelection(filter, index).statement(on: connection)
    defer { tasks.reset() }
    while try tasks.step() {
      let template = ExportRow(
        boot: SystemText.harmless(tasks.text(1)), pidNamespaceInode: nil, pid: tasks.integer(2),
        start: tasks.optionalInteger(3),
        comm: tasks.optionalText(4).map(SystemText.harmless), uid: tasks.optionalInteger(5),
        type: .net, inode: nil,
        kernelID: nil, isInitial: nil, unread: nil, from: 0, until: 0, isOpen: false,
        cgroup: tasks.optionalText(6).map(SystemText.harmless))
      for row in try rows(of: tasks.integer(0), template) where !body(row) { return }
    }
  }

  private func rows(of task: Int64, _ template: ExportRow) throws(SQLiteError) -> [ExportRow] {
    let runs = try reader.runs(of: task)
    var rows: [ExportRow] = []
    for type in filter.types {
      for run in runs[type.link] {
        for piece in try index.pieces(of: run.from...run.until) {
          if let row = try row(piece, run.value, type, template) { rows.append(row) }
        }
      }
    }
    return rows
  }

  private func row(
    _ samples: ClosedRange<Int64>, _ value: LinkValue, _ type: NamespaceType,
    _ template: ExportRow
  ) throws(SQLiteError) -> ExportRow? {
    var row = template
    row.type = type
    row.pidNamespaceInode = index.session(of: samples.lowerBound)?.pidNamespaceInode
    row.from = try index.point(samples.lowerBound).wall
    // The clock may have gone back by less than a step.
    row.until = max(row.from, try index.point(samples.upperBound).wall)
    if let since = filter.since, row.until < since { return nil }
    if let until = filter.until, row.from > until { return nil }
    row.isOpen = samples.upperBound == index.last && index.sessions.last?.isOpen == true
    switch value {
    case .namespace(let namespace):
      row.inode = namespace.inode
      row.kernelID = namespace.kernelID
      row.isInitial = namespace.isInitial
    case .unread(let reason): row.unread = reason
    }
    return row
  }
}
