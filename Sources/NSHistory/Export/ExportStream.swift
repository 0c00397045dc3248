internal import NamespaceModel
internal import SQLite

/// Streams a history, a process at a time: a run of memberships in which a type's namespace stays
/// the same is one row, and a gap in the samples ends it.
struct ExportStream {
  private let connection: Connection
  private let filter: ExportFilter
  private let index: SampleIndex
  private let lives: LifeReader
  private let reader: TrackReader
  /// The uuid of each boot.
  private let boots: [Int64: String]

  init(
    _ connection: Connection, _ filter: ExportFilter, isRecorded: Bool
  ) throws(SQLiteError) {
    self.connection = connection
    self.filter = filter
    index = try SampleIndex(connection, isRecorded: isRecorded)
    lives = LifeReader(connection, index)
    reader = TrackReader(index, SetReader(connection), lives)
    boots = Dictionary(
      uniqueKeysWithValues: try connection.prepare("SELECT boot_id, uuid FROM boot")
        .map { ($0.integer(0), SystemText.harmless($0.text(1))) })
  }

  /// Gives `body` each row; ends early when it returns false.
  func forEach(_ body: (ExportRow) -> Bool) throws(SQLiteError) {
    let selection = try TaskSelection(filter, index, connection)
    for sql in [selection.tasks, selection.briefs] {
      let tasks = try connection.prepare(sql).bind(selection.values)
      defer { tasks.reset() }
      while try tasks.step() {
        guard let life = try lives.life(task: tasks.integer(0)) else { continue }
        for row in try rows(of: life) where !body(row) { return }
      }
    }
  }

  private func rows(of life: Life) throws(SQLiteError) -> [ExportRow] {
    let process = life.process
    let template = ExportRow(
      boot: boots[process.boot] ?? "", pidNamespaceInode: nil, pid: process.pid,
      tid: process.tid, start: process.start, comm: process.comm, uid: process.uid, type: .net,
      inode: nil, kernelID: nil, isInitial: nil, unread: nil, from: 0, until: 0, isOpen: false,
      isExactFrom: false, isExactUntil: false, cgroup: process.cgroup,
      container: process.container)
    let runs = try reader.runs(of: life.memberships)
    let edges = Edges(index: index, life: life)
    var rows: [ExportRow] = []
    for type in filter.types {
      for run in runs[type.link] {
        for piece in try index.pieces(of: run.from...run.until) {
          let stretch = try edges.stretch(piece, of: run.from...run.until)
          if let row = row(stretch, piece, run.value, type, template) { rows.append(row) }
        }
      }
    }
    return rows
  }

  private func row(
    _ stretch: Stretch, _ samples: ClosedRange<Int64>, _ value: LinkValue, _ type: NamespaceType,
    _ template: ExportRow
  ) -> ExportRow? {
    if let since = filter.since, stretch.until < since { return nil }
    if let until = filter.until, stretch.from > until { return nil }
    var row = template
    row.type = type
    row.pidNamespaceInode = index.session(of: samples.lowerBound)?.pidNamespaceInode
    row.from = stretch.from
    row.until = stretch.until
    row.isExactFrom = stretch.beginning.isExact
    row.isExactUntil = stretch.end.isExact
    row.isOpen = stretch.end.kind == .open
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
