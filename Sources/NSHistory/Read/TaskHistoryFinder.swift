internal import SQLite

/// Finds the processes that had a PID around a moment, without a look at all that ever had it.
///
/// In a long history a PID was hundreds of processes. Where the samples on both sides of a moment saw
/// one, the others tell nothing of it: a PID is one process at a time. That these follow one another
/// in the order of their rows is only taken for where to look; what is found was seen there.
struct TaskHistoryFinder {
  private let index: SampleIndex
  private let lives: TaskHistoryReader

  init(_ index: SampleIndex, _ lives: TaskHistoryReader) {
    self.index = index
    self.lives = lives
  }

  private var connection: Connection { lives.connection }

  /// The processes that had a PID in the samples on the sides of sample windows, in the order of time; nil
  /// where one of these did not see it, or another process may have been there in between.
  func lives(pid: Int64, in sampleWindows: [SampleWindow]) throws(SQLiteError) -> [TaskHistory]? {
    guard !sampleWindows.isEmpty, sampleWindows.allSatisfy({ $0.coverage == .sampled }) else {
      return nil
    }
    let tasks = try tasks(pid)
    var found: [TaskHistory] = []
    for sampleWindow in sampleWindows {
      guard let before = sampleWindow.before, let after = sampleWindow.after else { return nil }
      for side in [before, after] where !found.contains(where: { !$0.isMissing(at: side.id) }) {
        var seen = try life(of: tasks, at: side.id)
        if seen == nil { seen = try shortLivedTask(pid, at: side.id) }
        guard let life = seen, life.process.space == side.session.space else { return nil }
        found.append(life)
      }
      guard try isLast(of: tasks, pid, by: after) else { return nil }
    }
    return found.sorted { $0.firstSample < $1.firstSample }
  }

  /// The rows of every process that had a PID, in the order in which they were observed.
  private func tasks(_ pid: Int64) throws(SQLiteError) -> [Int64] {
    // Both come from an index alone.
    let all = try connection.prepare("SELECT task_id FROM task WHERE pid = ?").bind(.integer(pid))
      .map { $0.integer(0) }
    let threads = Set(
      try connection.prepare("SELECT task_id FROM task WHERE pid = ? AND tid IS NOT NULL")
        .bind(.integer(pid)).map { $0.integer(0) })
    return all.filter { !threads.contains($0) }.sorted()
  }

  /// The place of the first that was observed behind a sample.
  private func place(in tasks: [Int64], behind sample: Int64) throws(SQLiteError) -> Int {
    var low = 0
    var high = tasks.count
    while low < high {
      let middle = (low + high) / 2
      let first = try connection.prepare(
        "SELECT from_seq FROM membership WHERE task_id = ? ORDER BY from_seq LIMIT 1"
      ).bind(.integer(tasks[middle])).first { $0.integer(0) }
      if first ?? 0 > sample { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func life(of tasks: [Int64], at sample: Int64) throws(SQLiteError) -> TaskHistory? {
    let place = try place(in: tasks, behind: sample)
    guard place > 0, let life = try lives.life(task: tasks[place - 1]) else { return nil }
    return life.isMissing(at: sample) ? nil : life
  }

  private func shortLivedTask(_ pid: Int64, at sample: Int64) throws(SQLiteError) -> TaskHistory? {
    let row = try connection.prepare(
      """
      SELECT task_id FROM short_lived_task WHERE pid = ? AND from_seq <= ? ORDER BY from_seq DESC LIMIT 1
      """
    ).bind(.integer(pid), .integer(sample)).first { $0.integer(0) }
    let life = try row.flatMap(lives.life(task:))
    return life?.isMissing(at: sample) == false ? life : nil
  }

  /// Whether the next process with the PID certainly had not started by the end of a sample.
  private func isLast(
    of tasks: [Int64], _ pid: Int64, by sample: SamplePoint
  ) throws(SQLiteError) -> Bool {
    let place = try place(in: tasks, behind: sample.id)
    let next = place < tasks.count ? try lives.life(task: tasks[place]) : nil
    // Behind one that a recorder in another pid namespace met there may be one of this.
    if let next, next.process.space != sample.session.space { return false }
    let shortLivedTask = try connection.prepare(
      "SELECT from_seq FROM short_lived_task WHERE pid = ? AND from_seq > ? ORDER BY from_seq LIMIT 1"
    ).bind(.integer(pid), .integer(sample.id)).first { $0.integer(0) }
    let starts = [next?.process.startBoot, try shortLivedTask.map(index.point)?.boot]
    return starts.compactMap(\.self).allSatisfy { $0 &+ PIDHistory.grain >= sample.bootEnd }
  }
}
