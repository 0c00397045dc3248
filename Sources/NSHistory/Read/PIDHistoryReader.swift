internal import NamespaceModel
internal import SQLite

/// Reads the recorded history of PIDs.
final class PIDHistoryReader {
  private let index: SampleIndex
  let sets: SetReader
  private let taskHistories: TaskHistoryReader
  private let finder: TaskHistoryFinder

  init(_ index: SampleIndex, _ sets: SetReader, _ taskHistories: TaskHistoryReader) {
    self.index = index
    self.sets = sets
    self.taskHistories = taskHistories
    finder = TaskHistoryFinder(index, taskHistories)
  }

  /// Returns the history of a PID, or of those of its processes that may have been running at a time.
  ///
  /// - Parameter sampleWindows: the windows around the moment of a question about one moment alone; otherwise
  ///   nil. If given, `PIDHistory.known` need not contain all processes that had the PID.
  func pidHistory(
    _ selector: SameQuestion.Selector, in sampleWindows: [SampleWindow]? = nil
  ) throws(SQLiteError) -> PIDHistory {
    try requireInSlice(selector.number)
    return try uncheckedHistory(selector, in: sampleWindows)
  }

  /// Returns the same, without the check that a slice has a process of the PID.
  private func uncheckedHistory(
    _ selector: SameQuestion.Selector, in sampleWindows: [SampleWindow]? = nil
  ) throws(SQLiteError) -> PIDHistory {
    if let sampleWindows, let histories = try selectedHistories(selector, in: sampleWindows) {
      return try pidHistory(of: histories, pid: selector.pid, known: histories.map(\.process))
    }
    let histories = try all(selector.number)
    let known = histories.map(\.process)
    let all = try pidHistory(of: histories, pid: selector.pid, known: known)
    var picked = Array(histories.indices)
    if let process = selector.task { picked.removeAll { histories[$0].process.task != process } }
    var reasonNoneSelected: UnknownReason?
    if let alive = selector.alive {
      let asked = picked
      let sides = try index.sampleWindows(at: alive)
      picked = self.picked(asked, of: all, alive: alive, in: sides)
      for position in asked where !picked.contains(position) {
        if try isFirstSeen(histories[position], from: alive, within: selector.within) {
          picked.append(position)
        }
      }
      // A time that equals the printed time of an exit still selects the process that exited.
      if !picked.contains(where: { histories[$0].process.firstSeen <= alive }) {
        picked += asked.filter { !picked.contains($0) && histories[$0].process.lastSeen == alive }
      }
      picked.sort()
      if picked.isEmpty {
        reasonNoneSelected = UnknownReason.mostInformative(
          sides.compactMap { all.state(.pid, $0, until: alive).reason })
      }
    }
    if picked.count == histories.count, reasonNoneSelected == nil { return all }
    var pidHistory = try pidHistory(
      of: picked.map { histories[$0] }, pid: selector.pid, known: known)
    pidHistory.reasonNoneSelected = reasonNoneSelected
    return pidHistory
  }

  /// Returns all tasks that had a number, or those of them that may have been running at a time, in the order
  /// in which they were observed.
  func histories(
    _ number: TaskNumber, alive: WallTime?, within: Int64 = 0
  ) throws(SQLiteError) -> [TaskHistory] {
    try requireInSlice(number)
    guard let alive else { return try all(number) }
    return try histories(number, at: alive, within: within)
  }

  /// Returns the processes that had the PID of a parent, and may have been running at a time. A slice has all of them.
  func parents(pid: Int64, at time: WallTime) throws(SQLiteError) -> [TaskHistory] {
    try histories(TaskNumber(pid: pid), at: time, within: 0)
  }

  private func histories(
    _ number: TaskNumber, at alive: WallTime, within: Int64
  ) throws(SQLiteError) -> [TaskHistory] {
    let selector = SameQuestion.Selector(number, alive: alive, within: within)
    if let histories = try selectedHistories(selector, in: []) { return histories }
    let picked = Set(try uncheckedHistory(selector).processes.map(\.task))
    return try all(number).filter { picked.contains($0.process.task) }
  }

  /// Throws if the history is a slice in which no process had a PID: whether the PID was recorded at another time is a
  /// part of every answer about it.
  private func requireInSlice(_ number: TaskNumber) throws(SQLiteError) {
    guard let slice = index.slice else { return }
    // A slice also has rows of processes before and after its time, such as those of parents.
    let samples = try index.samples(around: index.window(TimeWindow()))
    let there = try all(number).contains { history in
      samples.map {
        history.firstSample <= $0.upperBound && history.lastSample >= $0.lowerBound
      } == true
    }
    let isInSlice = there && slice.limits?.pids.contains(number.pid) != false
    if !isInSlice { try index.requireWhole("a process with the PID \(number)") }
  }

  private func all(_ number: TaskNumber) throws(SQLiteError) -> [TaskHistory] {
    number.tid == nil
      ? try taskHistories.histories(pid: number.pid) : try taskHistories.histories(thread: number)
  }

  /// Returns the processes that a selector selects, without reading all processes that had the PID; nil if that
  /// does not suffice.
  private func selectedHistories(
    _ selector: SameQuestion.Selector, in sampleWindows: [SampleWindow]
  ) throws(SQLiteError) -> [TaskHistory]? {
    // A thread needs no shortcut: threads with one PID and TID are recorded a few times at most.
    guard selector.tid == nil else { return nil }
    if let process = selector.task {
      guard selector.alive == nil, let history = try taskHistories.history(of: process),
        history.process.pid == selector.pid, history.process.tid == nil
      else { return nil }
      return [history]
    }
    // If the time stands for more than one nanosecond, many processes may have come and gone in it, and the
    // samples around it may show none of them.
    guard selector.alive == nil || selector.within <= 1 else { return nil }
    let sides = try selector.alive.map(index.sampleWindows) ?? sampleWindows
    guard let histories = try finder.histories(pid: selector.pid, in: sides) else { return nil }
    guard let alive = selector.alive else { return histories }
    let all = try pidHistory(of: histories, pid: selector.pid, known: histories.map(\.process))
    let picked = picked(Array(histories.indices), of: all, alive: alive, in: sides)
    // The selector may mean a process that exited at that very moment.
    guard picked.contains(where: { histories[$0].process.firstSeen <= alive }) else { return nil }
    return picked.map { histories[$0] }
  }

  /// Returns whether a process was first seen in the `within` nanoseconds for which a truncated time stands.
  private func isFirstSeen(
    _ history: TaskHistory, from time: WallTime, within: Int64
  ) throws(SQLiteError) -> Bool {
    guard within > 1 else { return false }
    let first = try index.point(history.firstSample).wall
    return first >= time && first &- time < within
  }

  /// Returns the indices of the processes that may have been running at a time.
  private func picked(
    _ positions: [Int], of pidHistory: PIDHistory, alive: WallTime, in sampleWindows: [SampleWindow]
  ) -> [Int] {
    positions.filter { position in
      sampleWindows.contains {
        pidHistory.mayRun(position, in: $0, until: alive)
          && !pidHistory.isSucceeded(position, in: $0, at: alive)
      }
    }
  }

  /// Builds the history of a PID from processes that had the PID.
  func pidHistory(
    of histories: [TaskHistory], pid: Int64, known: [ProcessRecord]
  ) throws(SQLiteError) -> PIDHistory {
    var runs = LinkIntervals()
    for (position, history) in histories.enumerated() {
      for membership in history.memberships { try append(membership, of: position, to: &runs) }
    }
    runs.sort()
    let pids = runs[.pid]
    guard zip(pids, pids.dropFirst()).allSatisfy({ $0.until < $1.from }) else {
      throw .corrupt("PID \(pid) is two processes in one sample", operation: "read memberships")
    }
    return PIDHistory(
      pid: pid, processes: histories.map(\.process), known: known, runs: runs,
      lastSamples: histories.map(\.lastSample), foundBySample: histories.map(\.foundBySample),
      startEvents: histories.map { $0.isStartReported ? $0.memberships.first?.from : nil },
      hasLostThread: histories.contains { $0.thread?.isLost == true })
  }

  /// Returns the intervals of each link of one process.
  func runs(of memberships: [Membership]) throws(SQLiteError) -> LinkIntervals {
    var runs = LinkIntervals()
    for membership in memberships { try append(membership, of: 0, to: &runs) }
    return runs
  }

  /// Returns the intervals of one link of one process.
  func runs(
    of memberships: [Membership], _ link: NamespaceLink
  ) throws(SQLiteError) -> [PIDHistory.LinkInterval] {
    var runs: [PIDHistory.LinkInterval] = []
    for membership in memberships {
      guard let value = try sets.links(of: membership.set)[link] else { continue }
      Self.append(
        PIDHistory.LinkInterval(
          from: membership.from, until: membership.until, process: 0, value: value,
          beginsExactly: membership.beginsExactly, endsExactly: membership.endsExactly),
        to: &runs, startsSession: membership.startsSession)
    }
    return runs
  }

  /// Returns the intervals of each link of a task, by its row id.
  func runs(of task: TaskID) throws(SQLiteError) -> LinkIntervals {
    try runs(of: taskHistories.memberships(of: task))
  }

  private func append(
    _ membership: Membership, of process: Int, to runs: inout LinkIntervals
  ) throws(SQLiteError) {
    for (link, value) in try sets.links(of: membership.set) {
      Self.append(
        PIDHistory.LinkInterval(
          from: membership.from, until: membership.until, process: process, value: value,
          beginsExactly: membership.beginsExactly, endsExactly: membership.endsExactly),
        to: &runs[link], startsSession: membership.startsSession)
    }
  }

  /// Appends an interval, or extends the last one if the link kept its value, because another link of the set
  /// changed.
  private static func append(
    _ run: PIDHistory.LinkInterval, to runs: inout [PIDHistory.LinkInterval], startsSession: Bool
  ) {
    if !startsSession, let last = runs.last, last.process == run.process,
      last.value == run.value, last.until &+ 1 == run.from
    {
      runs[runs.count - 1].until = run.until
      runs[runs.count - 1].endsExactly = run.endsExactly
    } else {
      runs.append(run)
    }
  }
}

/// Finds the processes that had a PID around a moment, without reading all processes that ever had it.
///
/// In a long history, hundreds of processes had one PID. If the samples on both sides of a moment saw a process
/// with the PID, the others do not matter: a PID names one process at a time. The search assumes that the order
/// of the rows is the order of time only to decide where to search; the samples confirm each process that is
/// found.
struct TaskHistoryFinder {
  private let index: SampleIndex
  private let taskHistories: TaskHistoryReader

  init(_ index: SampleIndex, _ taskHistories: TaskHistoryReader) {
    self.index = index
    self.taskHistories = taskHistories
  }

  private var connection: Connection { taskHistories.connection }

  /// Returns the processes that had a PID in the samples at both ends of sample windows, in time order; nil if
  /// one of these samples did not see the PID, or if another process may have had it in between.
  func histories(pid: Int64, in sampleWindows: [SampleWindow]) throws(SQLiteError) -> [TaskHistory]?
  {
    guard !sampleWindows.isEmpty, sampleWindows.allSatisfy({ $0.coverage == .sampled }) else {
      return nil
    }
    let tasks = try tasks(pid)
    var found: [TaskHistory] = []
    for sampleWindow in sampleWindows {
      guard let before = sampleWindow.before, let after = sampleWindow.after else { return nil }
      for side in [before, after] where !found.contains(where: { !$0.isMissing(at: side.id) }) {
        var seen = try history(of: tasks, at: side.id)
        if seen == nil { seen = try shortLivedTask(pid, at: side.id) }
        guard let history = seen, history.process.space == side.session.space else { return nil }
        found.append(history)
      }
      guard try isLast(of: tasks, pid, by: after) else { return nil }
    }
    return found.sorted { $0.firstSample < $1.firstSample }
  }

  /// Returns the row ids of every process that had a PID, in the order in which they were observed.
  private func tasks(_ pid: Int64) throws(SQLiteError) -> [TaskID] {
    // An index alone answers each of the two queries.
    let all = try connection.prepare("SELECT task_id FROM task WHERE pid = ?").bind(.integer(pid))
      .map { $0.task(0) }
    let threads = Set(
      try connection.prepare("SELECT task_id FROM task WHERE pid = ? AND tid IS NOT NULL")
        .bind(.integer(pid)).map { $0.task(0) })
    return all.filter { !threads.contains($0) }.sorted()
  }

  /// Returns the index of the first task that was observed after a sample.
  private func position(
    in tasks: [TaskID], after sample: SequenceNumber
  ) throws(SQLiteError) -> Int {
    var low = 0
    var high = tasks.count
    while low < high {
      let middle = (low + high) / 2
      let first = try connection.prepare(
        "SELECT from_seq FROM membership WHERE task_id = ? ORDER BY from_seq LIMIT 1"
      ).bind(.number(tasks[middle])).first { $0.sequence(0) }
      if first ?? .zero > sample { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func history(
    of tasks: [TaskID], at sample: SequenceNumber
  ) throws(SQLiteError) -> TaskHistory? {
    let position = try position(in: tasks, after: sample)
    guard position > 0, let history = try taskHistories.history(of: tasks[position - 1]) else {
      return nil
    }
    return history.isMissing(at: sample) ? nil : history
  }

  private func shortLivedTask(
    _ pid: Int64, at sample: SequenceNumber
  ) throws(SQLiteError) -> TaskHistory? {
    let row = try connection.prepare(
      """
      SELECT task_id FROM short_lived_task WHERE pid = ? AND from_seq <= ? ORDER BY from_seq DESC LIMIT 1
      """
    ).bind(.integer(pid), .number(sample)).first { $0.task(0) }
    let history = try row.flatMap(taskHistories.history(of:))
    return history?.isMissing(at: sample) == false ? history : nil
  }

  /// Returns whether the next process with the PID certainly had not started by the end of a sample.
  private func isLast(
    of tasks: [TaskID], _ pid: Int64, by sample: SamplePoint
  ) throws(SQLiteError) -> Bool {
    let position = try position(in: tasks, after: sample.id)
    let next = position < tasks.count ? try taskHistories.history(of: tasks[position]) : nil
    // After a process that a recorder in another PID namespace observed, there may be one of this PID
    // namespace.
    if let next, next.process.space != sample.session.space { return false }
    let shortLivedTask = try connection.prepare(
      "SELECT from_seq FROM short_lived_task WHERE pid = ? AND from_seq > ? ORDER BY from_seq LIMIT 1"
    ).bind(.integer(pid), .number(sample.id)).first { $0.sequence(0) }
    let starts = [next?.process.startBoot, try shortLivedTask.map(index.point)?.boot]
    return starts.compactMap(\.self).allSatisfy {
      $0 &+ PIDHistory.startTimeTolerance >= sample.bootEnd
    }
  }
}
