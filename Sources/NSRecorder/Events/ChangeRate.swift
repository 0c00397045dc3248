internal import NamespaceEvents
internal import NamespaceModel

/// A set of links.
struct LinkMask: OptionSet {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ link: NamespaceLink) { rawValue = 1 << UInt16(link.rawValue) }

  func contains(_ link: NamespaceLink) -> Bool { contains(LinkMask(link)) }
}

/// Counts how often a task changes each of its links.
///
/// unshare(2) and setns(2) need microseconds, also without privilege; a row of the history needs more.
/// So a link that changes too often is folded: the history has it as unseen from then on, until a sample
/// shows what came of it. The other links of the task, and all other tasks, stay exact.
final class ChangeRate {
  /// The links that are folded.
  fileprivate(set) var folded: LinkMask = []
  fileprivate var since: Int64 = 0
  fileprivate var threads = 0
  fileprivate var counts = [Int](repeating: 0, count: NamespaceLink.count)

  /// How many changes of a link within a second are recorded one by one.
  static let most = 500
  /// The same for a task of many in a batch that is long already.
  static let least = 4
  fileprivate static let second: Int64 = 1_000_000_000

  /// Counts a change.
  ///
  /// - Parameter most: how many changes of a link within a second are recorded.
  /// - Returns: whether the change is to be reported: it is one of a link that is not folded, or was not
  ///   before.
  func count(
    from before: FollowedSet, to after: FollowedSet, at time: Int64, most: Int
  ) -> Bool {
    advance(to: time)
    var isReported = false
    // A task is in one pid namespace for life (pid_namespaces(7)).
    for link in NamespaceLink.allCases
    where link != .pid && before[link].key != after[link].key {
      guard !folded.contains(link) else { continue }
      isReported = true
      counts[Int(link.rawValue)] += 1
      if counts[Int(link.rawValue)] > most { folded.insert(LinkMask(link)) }
    }
    return isReported
  }
}

extension ChangeRate {
  /// Counts a thread of the task that comes to differ from it.
  ///
  /// - Returns: whether that is not to be reported, because too many do: then the links in which it
  ///   differs are folded.
  func countThread(_ thread: FollowedSet, of process: FollowedSet, at time: Int64, most: Int)
    -> Bool
  {
    advance(to: time)
    threads += 1
    guard threads > most else { return false }
    for link in NamespaceLink.allCases
    where link != .pid && thread[link].key != process[link].key {
      folded.insert(LinkMask(link))
    }
    return true
  }

  /// Begins to count anew after a second.
  private func advance(to time: Int64) {
    guard time < since || time - since >= Self.second else { return }
    since = time
    threads = 0
    for index in counts.indices { counts[index] = 0 }
  }
}

extension NamespaceInodes {
  /// The links whose numbers differ.
  func differences(from other: NamespaceInodes) -> LinkMask {
    var mask: LinkMask = []
    for type in NamespaceType.allCases where self[type] != other[type] {
      mask.insert(LinkMask(type.link))
    }
    return mask
  }
}
