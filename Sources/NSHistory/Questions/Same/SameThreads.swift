internal import NamespaceModel
internal import SQLite

/// Finds the threads of the processes that were asked for which were elsewhere than these, in the time
/// asked for.
struct SameThreads {
  let query: SameQuery

  func places(_ answer: SameAnswer) throws(SQLiteError) -> [SameAnswer.ThreadPlace] {
    var places: [SameAnswer.ThreadPlace] = []
    let asked = Set(query.question.pids.map(\.number))
    var met: Set<Int64> = []
    for processes in answer.processes {
      for process in processes where met.insert(process.id).inserted {
        for thread in try query.reading.lives.threads(of: process)
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
    let reading = query.reading
    let window = query.question.time.window
    let runs = try ThreadRuns(pidHistories: reading.pidHistories, lives: reading.lives)
      .apart(thread)
    let bounds = reading.bounds(of: thread)
    var places: [SameAnswer.ThreadPlace] = []
    for type in query.question.types {
      for run in runs[type.link] {
        guard let namespace = run.value.namespace else { continue }
        for piece in try reading.index.pieces(of: run.from...run.until) {
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
