internal import NamespaceModel
internal import SQLite

/// Tells to which of two groups a namespace belongs in which processes of both were: the others came into it.
///
/// It is the container's whose own it is, or else of the group that was the first in it, over all that is
/// recorded.
struct PlaceOwner {
  let reading: HistorySnapshot
  let groups: (SharedGroup, SharedGroup)

  struct Found {
    /// Whether it belongs to the first of the two.
    let isFirst: Bool
    /// Whether it can be called theirs.
    let isOwn: Bool
  }

  /// Nil where nothing tells.
  func find(
    _ row: Int64, _ some: ArraySlice<Presence>, _ others: ArraySlice<Presence>
  ) throws(SQLiteError) -> Found? {
    let namespace = try reading.namespaces.life(row).namespace
    guard namespace.isInitial != true else { return nil }
    if groups.0.isContainer != groups.1.isContainer {
      let container = groups.0.isContainer ? groups.0 : groups.1
      if try OwnNamespaces.isOwn(namespace, container.containers, reading) {
        return Found(isFirst: groups.0.isContainer, isOwn: true)
      }
    }
    let first = try first(
      in: namespace, Set(some.map { groups.0.members[$0.member].task }),
      Set(others.map { groups.1.members[$0.member].task }))
    guard let first else { return nil }
    let (group, there) = first.isFirst ? (groups.0, some) : (groups.1, others)
    if group.isContainer {
      let isOwn = try OwnNamespaces.isOwn(namespace, group.containers, reading)
      return Found(isFirst: first.isFirst, isOwn: isOwn && !first.isTied)
    }
    let isMost = 2 * Set(there.map(\.owner)).count >= group.processCount
    return Found(isFirst: first.isFirst, isOwn: first.isOfAll && !first.isTied && isMost)
  }

  private struct First {
    let isFirst: Bool
    /// Whether nobody else was there before, or came with it.
    let isOfAll: Bool
    /// Whether one sample was the first to see both there, so that only the starts of processes tell.
    let isTied: Bool
  }

  /// Whose process was seen first.
  private func first(
    in namespace: NamespaceRecord, _ some: Set<Int64>, _ others: Set<Int64>
  ) throws(SQLiteError) -> First? {
    var (mine, its): ([Int64], [Int64]) = ([], [])
    var isOfAll = true
    var began: Int64?
    try reading.forEachArrival(in: namespace) { (task, time) throws(SQLiteError) in
      if let began, time > began { return false }
      // Who is of both groups tells nothing.
      switch (some.contains(task), others.contains(task)) {
      case (true, false): mine.append(task)
      case (false, true): its.append(task)
      default:
        isOfAll = false
        return true
      }
      began = time
      return true
    }
    guard began != nil else { return nil }
    if its.isEmpty || mine.isEmpty {
      return First(isFirst: its.isEmpty, isOfAll: isOfAll, isTied: false)
    }
    guard let start = try firstStart(of: mine), let other = try firstStart(of: its),
      start != other
    else {
      return nil
    }
    return First(isFirst: start < other, isOfAll: isOfAll, isTied: true)
  }

  private func firstStart(of tasks: [Int64]) throws(SQLiteError) -> Int64? {
    var first: Int64?
    for task in tasks {
      guard let start = try reading.lives.life(task: task)?.process.startBoot else { continue }
      first = min(first ?? start, start)
    }
    return first
  }
}
