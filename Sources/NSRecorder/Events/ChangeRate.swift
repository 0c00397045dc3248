internal import NamespaceEvents
internal import NamespaceModel

/// A set of namespace links.
struct LinkMask: OptionSet {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ link: NamespaceLink) { rawValue = 1 << UInt16(link.rawValue) }

  func contains(_ link: NamespaceLink) -> Bool { contains(LinkMask(link)) }
}

/// Counts how often a task changes each of its namespace links.
///
/// unshare(2) and setns(2) take microseconds, and unprivileged tasks can call them, but a row of the history
/// costs more. A link that changes too often is therefore throttled: its changes are omitted from the history,
/// which has the link as unread until a sample reports its namespace. The other links of the task, and all
/// other tasks, stay exact.
final class ChangeRate {
  /// The throttled links.
  fileprivate(set) var throttled: LinkMask = []
  fileprivate var since: BootTime = .zero
  fileprivate var threads = 0
  fileprivate var counts = [Int](repeating: 0, count: NamespaceLink.count)

  /// The most changes of a link within one second that the recorder records one by one.
  static let most = 500
  /// The limit in place of `most` while the batch of events under construction is long already.
  static let least = 4
  fileprivate static let second: Int64 = 1_000_000_000

  /// Counts a change of a task's links.
  ///
  /// - Parameter most: the most changes of a link within one second that the recorder records.
  /// - Returns: whether to report the change, because some link changed that was not throttled before.
  func count(
    from before: FollowedSet, to after: FollowedSet, at time: BootTime, most: Int
  ) -> Bool {
    advance(to: time)
    var isReported = false
    // A task never changes its own pid namespace (pid_namespaces(7)).
    for link in NamespaceLink.allCases
    where link != .pid && before[link].key != after[link].key {
      guard !throttled.contains(link) else { continue }
      isReported = true
      counts[Int(link.rawValue)] += 1
      if counts[Int(link.rawValue)] > most { throttled.insert(LinkMask(link)) }
    }
    return isReported
  }
}

extension ChangeRate {
  /// Counts a thread whose namespaces come to differ from its process's.
  ///
  /// - Returns: whether to omit the difference, because more than `most` threads differ within one
  ///   second. The links in which the thread differs are then throttled.
  func countThread(_ thread: FollowedSet, of process: FollowedSet, at time: BootTime, most: Int)
    -> Bool
  {
    advance(to: time)
    threads += 1
    guard threads > most else { return false }
    for link in NamespaceLink.allCases
    where link != .pid && thread[link].key != process[link].key {
      throttled.insert(LinkMask(link))
    }
    return true
  }

  /// Resets the counts if a second has passed since the last reset.
  private func advance(to time: BootTime) {
    guard time < since || time - since >= Self.second else { return }
    since = time
    threads = 0
    for index in counts.indices { counts[index] = 0 }
  }
}

extension NamespaceInodes {
  /// Returns the links whose inode numbers differ.
  func differences(from other: NamespaceInodes) -> LinkMask {
    var mask: LinkMask = []
    for type in NamespaceType.allCases where self[type] != other[type] {
      mask.insert(LinkMask(type.link))
    }
    return mask
  }
}
