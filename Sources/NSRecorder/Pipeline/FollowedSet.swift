internal import NamespaceEvents
internal import NamespaceModel

/// A set: the ten namespace links of a tracked task. All tasks with the same links share one object.
final class FollowedSet {
  /// The links in the order of `NamespaceLink`.
  let links: [FollowedLink]
  /// The inode numbers that a namespaces event of a task with this set holds.
  let inodes: NamespaceInodes
  /// The links as the history records them.
  private(set) var observed: ObservedSet
  /// Whether the process is a zombie.
  let isZombie: Bool
  /// The number of tasks that have this set.
  private(set) var members = 0
  /// The set of a new child of a task with this set, as far as events report it; nil until it is first
  /// needed.
  fileprivate(set) var forChildren: FollowedSet?

  fileprivate init(_ links: [FollowedLink]) {
    self.links = links
    observed = ObservedSet(links: links.map(\.state))
    isZombie = observed.isZombie
    var inodes: [NamespaceType: UInt64] = [:]
    for type in NamespaceType.allCases where type != .time {
      inodes[type] = links[Int(type.link.rawValue)].inode
    }
    self.inodes = NamespaceInodes(inodes)
  }

  /// Counts a task that gets the set. The links of a zombie do not count as references to namespaces,
  /// because no event reports when a zombie is reaped.
  func enter() {
    members += 1
    guard !isZombie else { return }
    for link in links { link.namespace?.holders += 1 }
  }

  /// Counts a task that no longer has the set.
  func leave() {
    members -= 1
    guard !isZombie else { return }
    for link in links { link.namespace?.holders -= 1 }
  }

  /// Updates `observed` to the current names of the namespaces.
  fileprivate func rename() { observed = ObservedSet(links: links.map(\.state)) }

  subscript(link: NamespaceLink) -> FollowedLink { links[Int(link.rawValue)] }

  /// Whether two links lead to the same namespace, or are unread for the same reason.
  func isSame(_ one: NamespaceLink, _ other: NamespaceLink) -> Bool {
    self[one].key == self[other].key
  }

  /// Whether the set has a namespace whose kernel id is not known.
  var hasUnknownID: Bool {
    links.contains { link in
      link.namespace.map {
        $0.observed.kernelID == nil && !InitialNamespace.hasFixedInode($0.inode)
      } ?? false
    }
  }

  /// Whether a task with this set is certainly in another namespace than one with the other set.
  func isElsewhere(than other: FollowedSet) -> Bool {
    self !== other
      && NamespaceType.allCases.contains { type in
        let (one, two) = (self[type.link], other[type.link])
        guard let inode = one.inode, let second = two.inode else { return false }
        return inode != second || one.isCertainlyOther(than: two)
      }
  }

}

/// The sets of all tracked tasks.
final class FollowedSets {
  private var sets: [[UInt]: FollowedSet] = [:]
  /// The number of sets above which `trim` drops those that no task has: at first, and at least, `leastLimit`.
  private var limit = leastLimit
  static let leastLimit = 4096

  /// Returns the set with these links.
  func set(_ links: [FollowedLink]) -> FollowedSet {
    let key = links.map(\.key)
    if let known = sets[key] { return known }
    let set = FollowedSet(links)
    sets[key] = set
    return set
  }

  /// Returns a set with one link replaced.
  func set(_ set: FollowedSet, _ link: NamespaceLink, to new: FollowedLink) -> FollowedSet {
    var links = set.links
    links[Int(link.rawValue)] = new
    return self.set(links)
  }

  /// Returns the set of a process whose main thread has exited.
  func zombie(_ set: FollowedSet) -> FollowedSet {
    self.set(
      NamespaceLink.allCases.map { $0 == .pid || $0 == .user ? set[$0] : .unread(.zombie) })
  }

  /// Returns the set of a new process, whose children enter its own pid namespace (`pid_namespaces(7)`).
  func withPIDForChildren(_ set: FollowedSet) -> FollowedSet {
    guard case .unread(.unseen) = set[.pidForChildren] else { return set }
    return self.set(set, .pidForChildren, to: set[.pid])
  }

  /// Returns the set to report for a task with throttled links, which are reported as unread.
  func throttled(_ set: FollowedSet, _ throttled: LinkMask) -> FollowedSet {
    self.set(
      NamespaceLink.allCases.map { throttled.contains($0) ? .unread(.unseen) : set[$0] })
  }

  /// Returns the set of a new child of a task. No event reports its time namespace: clone3(2) may create
  /// one for the child.
  func forChildren(of set: FollowedSet) -> FollowedSet {
    if let known = set.forChildren { return known }
    var links = set.links
    links[Int(NamespaceLink.pid.rawValue)] = set[.pidForChildren]
    for link in [NamespaceLink.time, .timeForChildren] where set[link].namespace != nil {
      links[Int(link.rawValue)] = .unread(.unseen)
    }
    let children = self.set(links)
    set.forChildren = children
    return children
  }

  /// Updates the sets with one of these namespaces to the namespaces' new names.
  func rename(_ namespaces: Set<ObjectIdentifier>) {
    for set in sets.values
    where set.links.contains(where: { link in
      link.namespace.map { namespaces.contains(ObjectIdentifier($0)) } ?? false
    }) {
      set.rename()
    }
  }

  /// Whether there are so many sets that `trim` is worth its time.
  var isLarge: Bool { sets.count > limit }

  /// Drops the sets that no task has.
  func trim() {
    for set in sets.values where set.members == 0 || set.forChildren?.members == 0 {
      set.forChildren = nil
    }
    sets = sets.filter { $0.value.members > 0 }
    // If tasks have many sets, the next search for unused sets waits until as many again have been added.
    limit = max(Self.leastLimit, 2 * sets.count)
  }
}
