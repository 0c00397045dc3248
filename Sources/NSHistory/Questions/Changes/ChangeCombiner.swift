internal import NamespaceModel

/// Combines the changes that belong to one act: nsenter(1), which calls setns(2) once for each namespace type, and
/// the exit of the last process of a namespace, which is an exit and the end of the namespace.
///
/// The combiner takes changes in the order of time and returns them in the order of the first change of each act.
package struct ChangeCombiner {
  /// The longest time between two calls of setns(2) or unshare(2) that count as one act, in nanoseconds.
  private static let longestPause: Int64 = 100_000_000
  /// The greatest number of changes that are buffered, which bounds the memory.
  private static let mostWaiting = 10_000

  /// The changes into which later ones may still be merged, and the changes after the first of these.
  private var waiting: [NamespaceChange] = []

  package init() {}

  /// Adds a change. Returns the oldest changes that are complete, or that are more than `mostWaiting`.
  package mutating func add(_ change: NamespaceChange) -> [NamespaceChange] {
    let complete = waiting.firstIndex { !isPast($0, at: change) } ?? waiting.count
    let done = Array(waiting.prefix(max(complete, waiting.count - Self.mostWaiting)))
    waiting.removeFirst(done.count)
    if !mergeEnd(change), !mergeMove(change) { waiting.append(change) }
    return done
  }

  /// Returns the changes that are still buffered. Call it once, after the last change.
  package mutating func finish() -> [NamespaceChange] {
    defer { waiting.removeAll() }
    return waiting
  }

  /// Whether a change is complete at the time of the next one. An exact move can take further parts until
  /// `longestPause` after its last one; any other change only at its own time. A wall clock that was set back also
  /// ends it.
  private func isPast(_ change: NamespaceChange, at next: NamespaceChange) -> Bool {
    guard let time = change.by, let now = next.by else { return true }
    guard now != time else { return false }
    let elapsed = now &- time &- change.duration
    return change.kind != .moved || !change.isExact || elapsed < 0 || elapsed > Self.longestPause
  }

  /// Merges the end of a namespace into the only change at the same time by which a process left it. Returns whether
  /// it did: not if there is no such change, or several.
  private mutating func mergeEnd(_ end: NamespaceChange) -> Bool {
    guard end.kind == .lastExit, let namespace = end.parts.first?.from else { return false }
    let leaving = waiting.indices.filter { index in
      let change = waiting[index]
      return change.process != nil && change.isExact == end.isExact
        && (end.isExact || change.after == end.after) && Self.lastTime(change) == end.by
        && change.parts.contains { $0.from?.id == namespace.id && $0.link == $0.link.type.link }
    }
    guard let index = leaving.first, leaving.count == 1 else { return false }
    waiting[index].emptied.append(namespace)
    return true
  }

  /// Merges a move into an earlier move of the same process, of other links. Returns whether it did.
  private mutating func mergeMove(_ move: NamespaceChange) -> Bool {
    guard move.kind == .moved, move.isExact, let process = move.process, let time = move.by
    else { return false }
    guard let index = waiting.lastIndex(where: { $0.process?.task == process.task }) else {
      return false
    }
    let earlier = waiting[index]
    let links = Set(earlier.parts.map(\.link))
    guard earlier.kind == .moved, earlier.isExact, let begin = earlier.by,
      earlier.process?.comm == process.comm,
      !move.parts.contains(where: { links.contains($0.link) }),
      earlier.joined == nil || move.joined == nil || earlier.joined?.task == move.joined?.task
    else { return false }
    waiting[index].parts += move.parts
    waiting[index].joined = earlier.joined ?? move.joined
    waiting[index].rejoinsOwnNamespaces = earlier.rejoinsOwnNamespaces && move.rejoinsOwnNamespaces
    // Only a move out of a namespace that is not initial, into an initial one, counts.
    let leading = [earlier, move].filter { $0.parts.contains(where: \.leadsOut) }
    waiting[index].leavesOwnNamespaces =
      !leading.isEmpty && leading.allSatisfy(\.leavesOwnNamespaces)
    waiting[index].duration = time - begin
    return true
  }

  private static func lastTime(_ change: NamespaceChange) -> WallTime? {
    change.by.map { $0 + change.duration }
  }
}
