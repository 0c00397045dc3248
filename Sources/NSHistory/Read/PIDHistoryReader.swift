internal import NamespaceModel
internal import SQLite

/// Reads the recorded life of PIDs.
final class PIDHistoryReader {
  private let index: SampleIndex
  let sets: SetReader
  private let lives: TaskHistoryReader
  private let finder: TaskHistoryFinder

  init(_ index: SampleIndex, _ sets: SetReader, _ lives: TaskHistoryReader) {
    self.index = index
    self.sets = sets
    self.lives = lives
    finder = TaskHistoryFinder(index, lives)
  }

  /// The PID history of a PID, or of those of its processes that may have been running at a time.
  ///
  /// - Parameter sample windows: those around the moment that it is asked for, if it is for one alone. Then
  ///   `PIDHistory.known` need not be all that had the PID.
  func pidHistory(
    _ selector: SameQuestion.Selector, in sampleWindows: [SampleWindow]? = nil
  ) throws(SQLiteError) -> PIDHistory {
    if let sampleWindows, let lives = try few(selector, in: sampleWindows) {
      return try pidHistory(of: lives, pid: selector.pid, known: lives.map(\.process))
    }
    let lives = try all(selector.number)
    let known = lives.map(\.process)
    let all = try pidHistory(of: lives, pid: selector.pid, known: known)
    var picked = Array(lives.indices)
    if let process = selector.task { picked.removeAll { lives[$0].process.task != process } }
    var whyNobody: UnknownReason?
    if let alive = selector.alive {
      let asked = picked
      let sides = try index.sampleWindows(at: alive)
      picked = self.picked(asked, of: all, alive: alive, in: sides)
      for place in asked where !picked.contains(place) {
        if try isMet(lives[place], from: alive, within: selector.within) { picked.append(place) }
      }
      // The moment of an exit, as it is printed, still names who exited.
      if !picked.contains(where: { lives[$0].process.firstSeen <= alive }) {
        picked += asked.filter { !picked.contains($0) && lives[$0].process.lastSeen == alive }
      }
      picked.sort()
      if picked.isEmpty {
        whyNobody = UnknownReason.mostTelling(
          sides.compactMap { all.state(.pid, $0, until: alive).reason })
      }
    }
    if picked.count == lives.count { return all }
    var pidHistory = try pidHistory(of: picked.map { lives[$0] }, pid: selector.pid, known: known)
    pidHistory.whyNobody = whyNobody
    return pidHistory
  }

  /// All that had a number, or those of them that may have been running at a time, in the order in
  /// which they were observed.
  func lives(
    _ number: TaskNumber, alive: Int64?, within: Int64 = 0
  ) throws(SQLiteError) -> [TaskHistory] {
    guard let alive else { return try all(number) }
    let selector = SameQuestion.Selector(number, alive: alive, within: within)
    if let few = try few(selector, in: []) { return few }
    let picked = Set(try pidHistory(selector).processes.map(\.task))
    return try all(number).filter { picked.contains($0.process.task) }
  }

  private func all(_ number: TaskNumber) throws(SQLiteError) -> [TaskHistory] {
    number.tid == nil
      ? try lives.lives(pid: number.pid) : try lives.lives(thread: number)
  }

  /// What is asked for of a PID, without a look at all that had it; nil where that does not suffice.
  private func few(
    _ selector: SameQuestion.Selector, in sampleWindows: [SampleWindow]
  ) throws(SQLiteError) -> [TaskHistory]? {
    // A thread is recorded a few times at most.
    guard selector.tid == nil else { return nil }
    if let process = selector.task {
      guard selector.alive == nil, let life = try lives.life(task: process),
        life.process.pid == selector.pid, life.process.tid == nil
      else { return nil }
      return [life]
    }
    // Of many that came and went within one digit, the samples around it may show none.
    guard selector.alive == nil || selector.within <= 1 else { return nil }
    let sides = try selector.alive.map(index.sampleWindows) ?? sampleWindows
    guard let lives = try finder.lives(pid: selector.pid, in: sides) else { return nil }
    guard let alive = selector.alive else { return lives }
    let all = try pidHistory(of: lives, pid: selector.pid, known: lives.map(\.process))
    let picked = picked(Array(lives.indices), of: all, alive: alive, in: sides)
    // One that had exited at that very moment may be meant.
    guard picked.contains(where: { lives[$0].process.firstSeen <= alive }) else { return nil }
    return picked.map { lives[$0] }
  }

  /// Whether a process was first seen within the last digit of a time.
  private func isMet(_ life: TaskHistory, from time: Int64, within: Int64) throws(SQLiteError)
    -> Bool
  {
    guard within > 1 else { return false }
    let first = try index.point(life.firstSample).wall
    return first >= time && first &- time < within
  }

  /// Those places of processes that may have been running at a time.
  private func picked(
    _ places: [Int], of pidHistory: PIDHistory, alive: Int64, in sampleWindows: [SampleWindow]
  ) -> [Int] {
    places.filter { place in
      sampleWindows.contains {
        pidHistory.mayRun(place, in: $0, until: alive)
          && !pidHistory.isSucceeded(place, in: $0, at: alive)
      }
    }
  }

  /// The PID history of processes that had one PID.
  func pidHistory(
    of lives: [TaskHistory], pid: Int64, known: [ProcessRecord]
  ) throws(SQLiteError) -> PIDHistory {
    var runs = LinkIntervals()
    for (place, life) in lives.enumerated() {
      for membership in life.memberships { try append(membership, of: place, to: &runs) }
    }
    runs.sort()
    let pids = runs[.pid]
    guard zip(pids, pids.dropFirst()).allSatisfy({ $0.until < $1.from }) else {
      throw .corrupt("PID \(pid) is two processes in one sample", operation: "read memberships")
    }
    return PIDHistory(
      pid: pid, processes: lives.map(\.process), known: known, runs: runs,
      lastSamples: lives.map(\.lastSample), untold: lives.map(\.untold),
      hasLostThread: lives.contains { $0.thread?.isLost == true })
  }

  /// What each link of one process was, from sample to sample.
  func runs(of memberships: [Membership]) throws(SQLiteError) -> LinkIntervals {
    var runs = LinkIntervals()
    for membership in memberships { try append(membership, of: 0, to: &runs) }
    return runs
  }

  /// What one of its links was.
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

  /// What all of them were, of the process of a row.
  func runs(of task: TaskID) throws(SQLiteError) -> LinkIntervals {
    try runs(of: lives.memberships(of: task))
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

  /// Another link of the set changed: this one's run goes on.
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
  private func tasks(_ pid: Int64) throws(SQLiteError) -> [TaskID] {
    // Both come from an index alone.
    let all = try connection.prepare("SELECT task_id FROM task WHERE pid = ?").bind(.integer(pid))
      .map { $0.task(0) }
    let threads = Set(
      try connection.prepare("SELECT task_id FROM task WHERE pid = ? AND tid IS NOT NULL")
        .bind(.integer(pid)).map { $0.task(0) })
    return all.filter { !threads.contains($0) }.sorted()
  }

  /// The place of the first that was observed behind a sample.
  private func place(in tasks: [TaskID], behind sample: Int64) throws(SQLiteError) -> Int {
    var low = 0
    var high = tasks.count
    while low < high {
      let middle = (low + high) / 2
      let first = try connection.prepare(
        "SELECT from_seq FROM membership WHERE task_id = ? ORDER BY from_seq LIMIT 1"
      ).bind(.number(tasks[middle])).first { $0.integer(0) }
      if first ?? 0 > sample { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func life(of tasks: [TaskID], at sample: Int64) throws(SQLiteError) -> TaskHistory? {
    let place = try place(in: tasks, behind: sample)
    guard place > 0, let life = try lives.life(task: tasks[place - 1]) else { return nil }
    return life.isMissing(at: sample) ? nil : life
  }

  private func shortLivedTask(_ pid: Int64, at sample: Int64) throws(SQLiteError) -> TaskHistory? {
    let row = try connection.prepare(
      """
      SELECT task_id FROM short_lived_task WHERE pid = ? AND from_seq <= ? ORDER BY from_seq DESC LIMIT 1
      """
    ).bind(.integer(pid), .integer(sample)).first { $0.task(0) }
    let life = try row.flatMap(lives.life(task:))
    return life?.isMissing(at: sample) == false ? life : nil
  }

  /// Whether the next process with the PID certainly had not started by the end of a sample.
  private func isLast(
    of tasks: [TaskID], _ pid: Int64, by sample: SamplePoint
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
