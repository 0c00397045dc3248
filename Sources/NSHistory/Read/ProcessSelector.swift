package import NamespaceModel
internal import Containers
internal import SQLite

/// Selects the processes that a question is about.
package indirect enum ProcessSelector: Sendable, Hashable {
  /// Every process that had a PID. With a time (`alive`), the process that may
  /// have had the PID then, or in the `within` nanoseconds that follow: a time that was truncated at its last
  /// digit stands for the whole span of that digit.
  case pid(Int64, alive: WallTime? = nil, within: Int64 = 0)
  /// A thread other than the main one, from the moment at which its namespaces differed from its process's.
  /// With a time, the thread that may have had the PID and TID then, as for `pid`.
  case thread(TaskNumber, alive: WallTime? = nil, within: Int64 = 0)
  /// Every process with this name, as the kernel stores it or as it is printed (`SystemText`).
  case comm(String)
  /// Every process of the containers that have this id or name, or else whose id begins with it, and of the
  /// containers inside them.
  case container(String)
  /// Every process that had a PID inside PID namespaces (`pid_namespaces(7)`).
  case inner(Int64, PIDNamespaces)
  /// The last of the selected processes that were there in the time of the question: for a PID, the process
  /// that has it now, or else the one that had it last. A user who gives a bare PID means this one.
  case latest(ProcessSelector)

  /// The PID namespaces in which a PID is given.
  package enum PIDNamespaces: Sendable, Hashable {
    /// The PID namespaces that a selector selects.
    case selected(NamespaceSelector)
    /// The PID namespaces of the processes of containers, which are given by name or by the beginning of an id.
    case container(String)
  }

  /// The time at which the selected process had its PID; nil for none.
  package var alive: WallTime? {
    switch self {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive
    case .latest(let all): all.alive
    case .comm, .container, .inner: nil
    }
  }

  /// The PID whose last process is selected; nil for every other selector.
  package var latestPID: Int64? {
    switch self {
    case .latest(.pid(let pid, _, _)), .latest(.inner(let pid, _)): pid
    default: nil
    }
  }

  /// Whether the PID is one inside a PID namespace or a container.
  package var isByInnerPID: Bool {
    switch self {
    case .latest(let all): all.isByInnerPID
    case .inner: true
    default: false
    }
  }
}

extension HistoryReader {
  /// Returns a predicate that matches the selected processes. A PID without a time matches every process that
  /// had it.
  ///
  /// - Parameter countsOutsiders: whether processes that entered a container from outside match the container.
  package func matcher(
    _ selector: ProcessSelector, countsOutsiders: Bool = true
  ) throws(HistoryError) -> (ProcessRecord) -> Bool {
    switch selector {
    case .pid(let pid, alive: nil, _): return { $0.pid == pid }
    case .thread(let number, alive: nil, _): return { $0.number == number }
    case .comm, .container:
      let matcher = try reading(.processes([selector])) { (reading) throws(SQLiteError) in
        try DescriptionMatcher(selector, in: reading.connection)
      }
      return { process in
        process.askedDescriptions.contains { matcher?.matches($0) == true }
          || countsOutsiders && process.outsideOf.contains { matcher?.matches($0) == true }
      }
    case .latest(let all): return try matcher(all, countsOutsiders: countsOutsiders)
    case .inner, .pid, .thread:
      let meant = Set(try processes(selector).map(\.task))
      return { meant.contains($0.task) }
    }
  }
}

/// The PID of a process, or the PID and TID of a thread: `4711`, `4711/4713`.
package struct TaskNumber: Sendable, Hashable, CustomStringConvertible {
  /// The PID, as the recorder saw it.
  package let pid: Int64
  /// The TID of a thread other than the main one; nil for a process.
  package let tid: Int64?

  /// Creates the number of a process or of one of its threads.
  package init(pid: Int64, tid: Int64? = nil) {
    self.pid = pid
    self.tid = tid
  }

  /// The text in every output.
  package var description: String { tid.map { "\(pid)/\($0)" } ?? String(pid) }
}

extension ProcessRecord {
  /// The PID of the process, or the PID and TID of the thread.
  package var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
}

/// Decides whether a description is one that a name or a container selects.
///
/// In every question, a name or a container stands for the time in which a process had it: a worker that was
/// called `nginx` until ten matches `comm:nginx` until ten, and a process that was moved to another container
/// belongs to the old one before the move and to the new one after it.
struct DescriptionMatcher {
  private let names: Set<String>
  private let containers: Set<Int64>
  /// The beginning of an id, for containers without a row in the file.
  private let id: String

  /// Whether the selector is about containers.
  let isOfContainers: Bool

  /// Creates a matcher; nil for a selector that does not select by description.
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

  /// Whether a container is one of those that are selected.
  func matches(_ container: ContainerRecord) -> Bool {
    isOfContainers && (container.row.map(containers.contains) ?? container.id.hasPrefix(id))
  }
}

extension DescriptionMatcher {
  /// Returns the history limited to the time in which the process matched. If it is not known when that time
  /// began or ended, only the certain part counts; `TaskHistory.limits` holds the possible part.
  func limited(_ history: TaskHistory) -> TaskHistory {
    if history.process.past.isEmpty, !isOfContainers || matches(history.process.description) {
      return history
    }
    return history.limited(to: history.process.spans(matches))
  }
}

extension [ProcessRecord.DescriptionSpan] {
  /// Whether a process matched the question throughout a piece of time, did not match it, or may have matched
  /// it.
  enum MatchCertainty {
    case selected, other, uncertain
  }

  /// Returns whether the process may have matched at some time after one sample or event and before another.
  func mayHold(after low: SequenceNumber, before high: SequenceNumber) -> Bool {
    contains { $0.possibleFrom < high && $0.possibleUntil > low }
  }

  /// Returns whether the process matched throughout a sample window. If only one sample read a description, the
  /// description is certain for a moment of that sample, but not for all of it.
  func matchCertainty(in sampleWindow: SampleWindow) -> MatchCertainty {
    let low = sampleWindow.before?.id ?? SequenceNumber.min
    let high = sampleWindow.after?.id ?? SequenceNumber.max
    let isPass = low == high && sampleWindow.after?.isEvent == false
    let isSelected = contains { span in
      let begins =
        span.certain.lowerBound < low
        || (span.certain.lowerBound == low && (!isPass || span.beginsExactly))
      let ends =
        span.certain.upperBound > high || (span.certain.upperBound == high && !isPass)
        || (span.endsExactly && span.possibleUntil >= high)
      return begins && ends
    }
    if isSelected { return .selected }
    let mayBe =
      low == high
      ? contains { $0.possibleFrom <= low && $0.possibleUntil > low }
      : mayHold(after: low, before: high)
    return mayBe ? .uncertain : .other
  }
}

/// A name of processes or of a container that does not occur in a history.
package struct UnknownName: Sendable, Hashable {
  /// Whether the name is that of a container.
  package let isOfContainer: Bool
  /// The name.
  package let name: String
  /// The names in the history that are most similar.
  package let nearest: [String]
  /// The beginnings of the ids of containers whose names are not known: the name may be that of one of them.
  package let unnamed: [String]
  /// Whether retention has removed the beginning of the history, which may have held the name.
  package let mayBeExpired: Bool
}

/// Searches a history for the name by which a selector selects processes.
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
        unnamed: try unnamed(), mayBeExpired: try HistoryFile.isPruned(connection))
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
      unnamed: [], mayBeExpired: try HistoryFile.isPruned(connection))
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
  /// How many names are suggested.
  fileprivate static let most = 3

  /// Returns the three of some names that are most similar to one, the most similar first.
  package static func nearest(_ name: String, _ all: [String]) -> [String] {
    let mine = Array(name.utf8.prefix(64))
    let ranked = all.filter { !$0.isEmpty }.map { other in
      (other, distance(mine, Array(other.utf8.prefix(64))))
    }
    .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    return ranked.prefix(most).map(\.0)
  }

  /// Returns how many letters must be changed, added, removed or exchanged with the next one to turn one name into the
  /// other; at most 1 if one begins with the other.
  package static func distance(_ one: String, _ two: String) -> Int {
    distance(Array(one.utf8.prefix(64)), Array(two.utf8.prefix(64)))
  }

  /// Returns how many letters must be changed, added, removed or exchanged with the next one to turn one name into the
  /// other; at most 1 if one begins with the other.
  private static func distance(_ one: [UInt8], _ two: [UInt8]) -> Int {
    var earlier: [Int] = []
    var last = Array(0...two.count)
    for (position, letter) in one.enumerated() {
      var row = [position + 1]
      for (column, other) in two.enumerated() {
        var least = min(
          last[column] + (other == letter ? 0 : 1), last[column + 1] + 1, row[column] + 1)
        if position > 0, column > 0, one[position - 1] == other, two[column - 1] == letter {
          least = min(least, earlier[column - 1] + 1)
        }
        row.append(least)
      }
      (earlier, last) = (last, row)
    }
    let isBeginning = one.starts(with: two) || two.starts(with: one)
    return isBeginning ? min(1, last[two.count]) : last[two.count]
  }
}
