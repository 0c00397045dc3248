internal import Containers
internal import SQLite

/// Which processes a question is about.
package indirect enum ProcessSelector: Sendable, Hashable {
  /// Every process that had a PID; with a time, in nanoseconds since the epoch, the one that may
  /// have had it then, or within so many nanoseconds: a time that was cut to its last digit stands for
  /// all that the digit does.
  case pid(Int64, alive: Int64? = nil, within: Int64 = 0)
  /// A thread other than the main one, from when on its namespaces differed from its process's; with a
  /// time, the one that may have had its numbers then, as for `pid`.
  case thread(TaskNumber, alive: Int64? = nil, within: Int64 = 0)
  /// Every process with this name, as the kernel has it or as it is shown (`SystemText`).
  case comm(String)
  /// Every process of the containers that have this name, or else whose id begins with it, and of
  /// those inside them.
  case container(String)
  /// Every process that had a PID as it is seen inside pid namespaces (`pid_namespaces(7)`).
  case inner(Int64, PIDNamespaces)
  /// Of the processes that are selected, and were there in the time asked for, the last one: of a
  /// PID the process that has it now, or else the one that had it last. This is what a bare PID
  /// means to a person.
  case latest(ProcessSelector)

  /// Pid namespaces.
  package enum PIDNamespaces: Sendable, Hashable {
    /// Those that are selected.
    case selected(NamespaceSelector)
    /// Those that the processes of containers are in, by name or the beginning of an id.
    case container(String)
  }

  /// The time at which a process with a PID is meant; nil for none.
  package var alive: Int64? {
    switch self {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive
    case .latest(let all): all.alive
    case .comm, .container, .inner: nil
    }
  }

  /// The PID of which the last process is meant; nil of every other selector.
  package var latestPID: Int64? {
    switch self {
    case .latest(.pid(let pid, _, _)), .latest(.inner(let pid, _)): pid
    default: nil
    }
  }

  /// Whether the PID is one that a pid namespace or a container sees.
  package var isByInnerPID: Bool {
    switch self {
    case .latest(let all): all.isByInnerPID
    case .inner: true
    default: false
    }
  }
}

extension HistoryReader {
  /// What tells whether a process is one of those that are selected. Of a PID without a time it is any
  /// that had it.
  ///
  /// - Parameter countsOutsiders: whether those who came into a container from outside are of it.
  package func matcher(
    _ selector: ProcessSelector, countsOutsiders: Bool = true
  ) throws(HistoryError) -> (ProcessRecord) -> Bool {
    switch selector {
    case .pid(let pid, alive: nil, _): return { $0.pid == pid }
    case .thread(let number, alive: nil, _): return { $0.number == number }
    case .comm, .container:
      let isMeant = try reading(.processes([selector])) { (reading) throws(SQLiteError) in
        try DescriptionMatcher(selector, in: reading.connection)
      }
      return { process in
        process.askedDescriptions.contains { isMeant?.matches($0) == true }
          || countsOutsiders && process.outsideOf.contains { isMeant?.matches($0) == true }
      }
    case .latest(let all): return try matcher(all, countsOutsiders: countsOutsiders)
    case .inner, .pid, .thread:
      let meant = Set(try processes(selector).map(\.task))
      return { meant.contains($0.task) }
    }
  }
}

/// The number of a process, or the two of a thread: `4711`, `4711/4713`.
package struct TaskNumber: Sendable, Hashable, CustomStringConvertible {
  /// The PID, as the recorder saw it.
  package let pid: Int64
  /// Of a thread other than the main one, its own number; nil for a process.
  package let tid: Int64?

  /// The number of a process or of one of its threads.
  package init(pid: Int64, tid: Int64? = nil) {
    self.pid = pid
    self.tid = tid
  }

  /// As every output has it.
  package var description: String { tid.map { "\(pid)/\($0)" } ?? String(pid) }
}

extension ProcessRecord {
  /// Its PID, and of a thread its own number.
  package var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
}

/// Tells whether a description is one of those that a name or a container selects.
///
/// A name or a container stands for the time in which a process had it, in every question: a worker that
/// was called `nginx` until ten is `comm:nginx` until ten, and a process that was moved to another
/// container belongs to the one before and to the other after.
struct DescriptionMatcher {
  private let names: Set<String>
  private let containers: Set<Int64>
  /// The beginning of an id, for a file of before containers had rows.
  private let id: String

  /// Whether it is about containers.
  let isOfContainers: Bool

  /// Nil for a selector that is about something else than a description.
  init?(_ selector: ProcessSelector, in connection: Connection) throws(SQLiteError) {
    switch selector {
    case .comm(let name):
      names = [name, SystemText.escaped(Array(name.utf8))]
      containers = []
      id = ""
      isOfContainers = false
    case .container(let text):
      names = []
      containers = try ContainerFinder(connection: connection).rows(text)
      id = text.lowercased()
      isOfContainers = true
    case .latest(let all):
      guard let matcher = try DescriptionMatcher(all, in: connection) else { return nil }
      self = matcher
    case .pid, .thread, .inner: return nil
    }
  }

  func matches(_ description: RecordedDescription) -> Bool {
    guard isOfContainers else { return description.comm.map(names.contains) ?? false }
    guard let container = description.container else { return false }
    return container.row.map(containers.contains)
      ?? description.containers.contains { $0.hasPrefix(id) }
  }

  /// Whether it is one of the containers that are selected.
  func matches(_ container: ContainerRecord) -> Bool {
    isOfContainers && (container.row.map(containers.contains) ?? container.id.hasPrefix(id))
  }
}

extension DescriptionMatcher {
  /// The life as far as the process was what is meant. Where it is not known when that began or ended,
  /// only the time counts in which it is certain; `TaskHistory.limits` says where it may have been.
  func limited(_ life: TaskHistory) -> TaskHistory {
    if life.process.past.isEmpty, !isOfContainers || matches(life.process.description) {
      return life
    }
    return life.limited(to: life.process.spans(matches))
  }
}

extension [ProcessRecord.DescriptionSpan] {
  /// Whether a process was what is meant in a piece of time.
  enum Standing {
    case meant, other, inDoubt
  }

  /// Whether it may have been at some time behind a sample or event and before another.
  func mayHold(behind low: Int64, before high: Int64) -> Bool {
    contains { $0.possibleFrom < high && $0.possibleUntil > low }
  }

  /// Whether it was throughout a sample window. What one sample alone read held at a moment of it.
  func standing(in sampleWindow: SampleWindow) -> Standing {
    let low = sampleWindow.before?.id ?? Int64.min
    let high = sampleWindow.after?.id ?? Int64.max
    let isPass = low == high && sampleWindow.after?.isEvent == false
    let isMeant = contains { span in
      let begins =
        span.certain.lowerBound < low
        || (span.certain.lowerBound == low && (!isPass || span.beginsExactly))
      let ends =
        span.certain.upperBound > high || (span.certain.upperBound == high && !isPass)
        || (span.endsExactly && span.possibleUntil >= high)
      return begins && ends
    }
    if isMeant { return .meant }
    let mayBe =
      low == high
      ? contains { $0.possibleFrom <= low && $0.possibleUntil > low }
      : mayHold(behind: low, before: high)
    return mayBe ? .inDoubt : .other
  }
}

/// A name of processes or of a container that is nowhere in a history.
package struct UnknownName: Sendable, Hashable {
  /// Whether it was to be a container's.
  package let isOfContainer: Bool
  /// The name.
  package let name: String
  /// Those in the history that are nearest to it.
  package let nearest: [String]
  /// The beginnings of the ids of containers of which only these are known: it may be the name of one of
  /// them.
  package let unnamed: [String]
}

struct NameSearch {
  let connection: Connection

  func unknown(_ selector: ProcessSelector) throws(SQLiteError) -> UnknownName? {
    switch selector {
    case .pid, .thread: return nil
    case .latest(let all): return try unknown(all)
    case .comm(let name): return try unknown(comm: name)
    case .container(let text), .inner(_, .container(let text)):
      guard try ContainerFinder(connection: connection).cgroups(text).isEmpty else { return nil }
      let all = try connection.prepare(
        "SELECT DISTINCT COALESCE(name, substr(id, 1, 12)) FROM container LIMIT 10000"
      ).map { SystemText.sanitized($0.text(0)) }
      return UnknownName(
        isOfContainer: true, name: SystemText.sanitized(text),
        nearest: UnknownName.nearest(text, all),
        unnamed: try unnamed())
    case .inner(_, .selected(.of(_, let process))): return try unknown(process)
    case .inner: return nil
    }
  }

  private func unknown(comm name: String) throws(SQLiteError) -> UnknownName? {
    for table in ["task", "past_description", "short_lived_task"] {
      let known = try connection.prepare("SELECT 1 FROM \(table) WHERE comm IN (?, ?) LIMIT 1")
        .bind([.text(name), .text(SystemText.escaped(Array(name.utf8)))]).first { _ in true }
      if known == true { return nil }
    }
    let all = try connection.prepare("SELECT DISTINCT comm FROM task LIMIT 10000")
      .map { SystemText.sanitized($0.text(0)) }
    return UnknownName(
      isOfContainer: false, name: SystemText.sanitized(name),
      nearest: UnknownName.nearest(name, all),
      unnamed: [])
  }

  private func unnamed() throws(SQLiteError) -> [String] {
    try connection.prepare(
      """
      SELECT DISTINCT substr(id, 1, 12) FROM container
      WHERE name IS NULL AND outer_id IS NULL AND COALESCE(verified, 1) = 1
        AND COALESCE(engine, '') NOT IN ('lxc', 'systemd-nspawn', 'machine', 'buildkit')
      ORDER BY container_id DESC LIMIT \(UnknownName.most)
      """
    ).map { SystemText.sanitized($0.text(0)) }
  }
}

extension UnknownName {
  /// How many names are given.
  fileprivate static let most = 3

  /// Of some names the three that are nearest to one, the nearest first.
  package static func nearest(_ name: String, _ all: [String]) -> [String] {
    let mine = Array(name.utf8.prefix(64))
    let ranked = all.map { other in (other, distance(mine, Array(other.utf8.prefix(64)))) }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    return ranked.prefix(most).map(\.0)
  }

  /// How many letters are to be changed, added or left out to make one of the other; less where one begins
  /// with the other.
  private static func distance(_ one: [UInt8], _ two: [UInt8]) -> Int {
    var row = Array(0...two.count)
    for (place, letter) in one.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in two.indices {
        let change = diagonal + (two[column] == letter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(change, row[column] + 1, row[column + 1] + 1)
      }
    }
    let isBeginning = one.starts(with: two) || two.starts(with: one)
    return isBeginning ? min(1, row[two.count]) : row[two.count]
  }
}
