internal import NamespaceModel
internal import SQLite

/// Finds out whether a namespace lost its last process between two samples.
///
/// A process whose links cannot be read any more may still be in the namespaces that were read last. A zombie counts
/// as having left its namespaces: nothing is known of its other threads, if there are any.
final class EmptiedFinder {
  private let reading: HistorySnapshot
  private let lastRead: LastReadLinks
  // Caches the result for one sample, because one sample may show many emptied namespaces.
  private var known: (sample: SequenceNumber, possible: PossibleNamespaces)?

  /// The namespaces that processes with unreadable links may be in.
  private struct PossibleNamespaces {
    var namespaces: Set<Int64> = []
    /// Whether one of the processes may be in any namespace, because not even its start time could be read.
    var mayBeAny = false
  }

  init(_ reading: HistorySnapshot) {
    self.reading = reading
    lastRead = LastReadLinks(reading.sets)
  }

  /// Whether a sample saw processes in a namespace, and all of these processes had left it by the next
  /// sample.
  func isEmptied(
    _ namespace: NamespaceRecord, after sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard namespace.isInitial != true,
      try reading.index.sampleWindow(before: sample + 1).showsAll,
      try hadMember(namespace, at: sample)
    else { return false }
    // A process in another row with the same inode number may be in this namespace.
    if try reading.namespaces.hasDouble(of: namespace, from: sample + 1, to: sample + 1) {
      return false
    }
    let possible = try possibleNamespaces(at: sample + 1)
    return !possible.mayBeAny && !possible.namespaces.contains(namespace.id)
  }

  private func hadMember(
    _ namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    try reading.connection.prepare("\(reading.members.sql("1", in: namespace)) LIMIT 1")
      .bind(reading.index.values(sample...sample, namespace)).first { _ in true } ?? false
  }

  private func possibleNamespaces(at sample: SequenceNumber) throws(SQLiteError)
    -> PossibleNamespaces
  {
    if let known, known.sample == sample { return known.possible }
    let unread = try reading.connection.prepare(IntervalOverlapQuery.unread("m.task_id"))
      .bind(
        reading.index.values(sample...sample)
          + [.integer(Int64(UnreadReason.denied.rawValue))]
      ).map { $0.task(0) }
    var possible = PossibleNamespaces()
    for task in unread { try add(task, at: sample, to: &possible) }
    known = (sample, possible)
    return possible
  }

  private func add(
    _ task: TaskID, at sample: SequenceNumber, to possible: inout PossibleNamespaces
  ) throws(SQLiteError) {
    guard let history = try reading.taskHistories.history(of: task),
      let now = history.membership(at: sample)
    else { return }
    if history.process.startBoot == nil, history.memberships.first?.from == sample {
      possible.mayBeAny = true
    }
    let links = try reading.sets.links(of: now.set)
    let count = history.memberships.partitioningIndex { $0.from > sample }
    let read = try lastRead.links(of: history, before: count)
    for type in NamespaceType.allCases where links[type.link] == .unread(.denied) {
      if let namespace = read.links[type.link]?.namespace {
        possible.namespaces.insert(namespace.id)
      }
    }
  }
}
