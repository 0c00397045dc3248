internal import NamespaceModel
internal import SQLite

/// Finds the threads of the processes that were asked for which were elsewhere than these, in the time
/// asked for.
struct SameThreads {
  let query: SameQuery
  let lives: TaskHistoryReader
  let sets: SetReader

  private var window: TimeWindow {
    switch query.question.time {
    case .at(let time): TimeWindow(since: time, until: time)
    case .range(let since, let until): TimeWindow(since: since, until: until)
    }
  }

  func places(_ answer: SameAnswer) throws(SQLiteError) -> [SameAnswer.ThreadPlace] {
    var places: [SameAnswer.ThreadPlace] = []
    let asked = Set(query.question.pids.map(\.number))
    var met: Set<Int64> = []
    for processes in answer.processes {
      for process in processes where met.insert(process.id).inserted {
        for thread in try lives.threads(of: process)
        where !asked.contains(thread.process.number) {
          places += try self.places(thread, answer)
        }
      }
    }
    return places
  }

  private func places(
    _ thread: TaskHistory, _ answer: SameAnswer
  ) throws(SQLiteError) -> [SameAnswer.ThreadPlace] {
    let pidHistories = PIDHistoryReader(query.index, sets, lives)
    let runs = try ThreadRuns(pidHistories: pidHistories, lives: lives).apart(thread)
    let bounds = BoundResolver(index: query.index, life: thread)
    var places: [SameAnswer.ThreadPlace] = []
    for type in query.question.types {
      for run in runs[type.link] {
        guard let namespace = run.value.namespace else { continue }
        for piece in try query.index.pieces(of: run.from...run.until) {
          let stretch = try bounds.stretch(piece, of: run.from...run.until)
          guard window.mayOverlap(stretch) else { continue }
          let others =
            answer.types.first { $0.type == type }?.namespaces
            .first { $0.namespace == namespace }?.processes ?? []
          places.append(
            SameAnswer.ThreadPlace(
              thread: thread.process, namespace: namespace, from: stretch.from,
              until: stretch.until, isExact: stretch.beginning.isExact && stretch.end.isExact,
              others: others.filter { $0.number != thread.process.number }))
        }
      }
    }
    return places
  }
}
