internal import NamespaceModel
internal import SQLite

/// What the links of a task were, by its own: a thread that has returned to where its process is tells
/// nothing that its process does not.
struct ThreadRuns {
  let tracks: PIDHistoryReader
  let lives: TaskHistoryReader

  /// The runs of a process; of a thread those in which it was not where its process was all the while.
  func apart(_ life: TaskHistory) throws(SQLiteError) -> LinkIntervals {
    var runs = try tracks.runs(of: life.memberships)
    guard life.process.tid != nil, let process = try process(of: life) else { return runs }
    let own = try tracks.runs(of: process.memberships)
    for link in NamespaceLink.allCases {
      runs[link].removeAll { run in
        own[link].contains {
          $0.value == run.value && $0.value.namespace != nil && $0.from <= run.from
            && $0.until >= run.until
        }
      }
    }
    return runs
  }

  /// Whether a thread is in all that its process is in, in a sample.
  func isReturned(_ life: TaskHistory, at sample: Int64) throws(SQLiteError) -> Bool {
    guard life.process.tid != nil, let set = life.membership(at: sample)?.set,
      let other = try process(of: life)?.membership(at: sample)?.set
    else { return false }
    let (links, others) = (try tracks.sets.links(of: set), try tracks.sets.links(of: other))
    return NamespaceType.allCases.allSatisfy { type in
      links[type.link] == others[type.link] && links[type.link] != .unread(.zombie)
    }
  }

  private func process(of thread: TaskHistory) throws(SQLiteError) -> TaskHistory? {
    try lives.parent(of: thread.process).flatMap { (process) throws(SQLiteError) in
      try lives.life(task: process.id)
    }
  }
}

extension Reading {
  /// What threads were by their own.
  var threads: ThreadRuns { ThreadRuns(tracks: tracks, lives: lives) }
}
