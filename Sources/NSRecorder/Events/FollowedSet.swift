internal import NamespaceEvents
internal import NamespaceModel

/// The links of tasks being followed: one object for all tasks that have the same.
final class FollowedSet {
  /// In the order of `NamespaceLink`.
  let links: [FollowedLink]
  /// What a record of the kernel has of it.
  let inodes: NamespaceInodes
  /// What is reported of it.
  private(set) var observed: ObservedSet
  /// Whether the process is a zombie.
  let isZombie: Bool
  /// How many tasks have it.
  fileprivate(set) var members = 0
  /// What a child of theirs has, as far as events report.
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

  /// Calls its namespaces by the names that they have now.
  fileprivate func rename() { observed = ObservedSet(links: links.map(\.state)) }

  subscript(link: NamespaceLink) -> FollowedLink { links[Int(link.rawValue)] }

  /// Whether two links lead to one place, or to none for one reason.
  func isSame(_ one: NamespaceLink, _ other: NamespaceLink) -> Bool {
    self[one].key == self[other].key
  }

  /// Whether the kernel's id of one of its namespaces is not known.
  var hasUnknownID: Bool {
    links.contains { link in
      link.namespace.map {
        $0.observed.kernelID == nil && !InitialNamespace.hasFixedInode($0.inode)
      } ?? false
    }
  }

  /// Whether a task is certainly in another namespace than one with the other set.
  func isElsewhere(than other: FollowedSet) -> Bool {
    self !== other
      && NamespaceType.allCases.contains { type in
        let (one, two) = (self[type.link], other[type.link])
        guard let inode = one.inode, let second = two.inode else { return false }
        return inode != second || one.isSurelyOther(than: two)
      }
  }

}

/// The namespaces and sets of all tasks being followed.
final class FollowedSets {
  private var sets: [[UInt]: FollowedSet] = [:]
  /// So many sets are kept before those that no task has are dropped.
  private var limit = few
  private static let few = 4096
  /// The kernel takes the times of files from a clock that it moves on with each tick, a hundred times a second or more
  /// (`ktime_get_coarse_real_ts64`): something may have happened so much later than its time says.
  private static let fileTick: Int64 = 10_000_000
  private var namespaces: [NamespaceNumber: FollowedNamespace] = [:]
  /// Tells namespaces apart that no id tells apart; far from what samples count.
  private var lastInodeGeneration: UInt64 = 1 << 40
  /// Whether a task surely is in a namespace still. It is told to have left a moment after it did, and
  /// in between the number may be another's.
  var isStillReferenced: (FollowedNamespace) -> Bool = { $0.holders > 0 }
  /// The inode numbers of the initial net and mnt namespaces, where they vary by kernel.
  var initial: [NamespaceType: UInt64] = [:]

  /// Up to when all that was reported has been applied, on the boot clock.
  var now: Int64 = .min
  /// Up to when changes were left out of what was applied (`ChangeFolding`): each may have made a
  /// namespace that got the inode number of one that has ended.
  var leftOut: Int64?
  /// What was found mounted since the last event that was taken in.
  var sights: [MountedSight] = []
  private var undecided = UndecidedNamespaces()
  /// The namespaces that are not called by the id that was found thereby yet.
  private var mounted: [FollowedNamespace] = []
  /// What samples call the namespaces that an event reported first, where that is another name.
  private var sampledNames: [ObservedNamespace: FollowedNamespace] = [:]
  /// The namespaces that got another name since `takeRenamed`, and the one they had.
  private var renamed: [(namespace: FollowedNamespace, before: ObservedNamespace)] = []

  /// The set of these links.
  func set(_ links: [FollowedLink]) -> FollowedSet {
    let key = links.map(\.key)
    if let known = sets[key] { return known }
    let set = FollowedSet(links)
    sets[key] = set
    return set
  }

  /// The set of what a sample read.
  func set(_ links: [LinkState]) -> FollowedSet {
    set(
      links.map { link in
        switch link {
        case .namespace(let observed): .namespace(namespace(observed))
        case .unread(let reason): .unread(reason)
        }
      })
  }

  /// The set with one link led elsewhere.
  func set(_ set: FollowedSet, _ link: NamespaceLink, to new: FollowedLink) -> FollowedSet {
    var links = set.links
    links[Int(link.rawValue)] = new
    return self.set(links)
  }

  /// The set of a process whose main thread has exited.
  func zombie(_ set: FollowedSet) -> FollowedSet {
    self.set(
      NamespaceLink.allCases.map { $0 == .pid || $0 == .user ? set[$0] : .unread(.zombie) })
  }

  /// The set of a new process, whose children go where it is itself (`pid_namespaces(7)`).
  func withPIDForChildren(_ set: FollowedSet) -> FollowedSet {
    guard case .unread(.unseen) = set[.pidForChildren] else { return set }
    return self.set(set, .pidForChildren, to: set[.pid])
  }

  /// The set as it is reported of a task that changes some of its links too often to record it.
  func folded(_ set: FollowedSet, _ folded: LinkMask) -> FollowedSet {
    self.set(
      NamespaceLink.allCases.map { folded.contains($0) ? .unread(.unseen) : set[$0] })
  }

  /// What a child has of a task in a set. In which time namespace it is no event reports: clone3(2) may
  /// make one for it.
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

  /// The namespace that has an inode number now, if a task is in it.
  func live(_ type: NamespaceType, _ inode: UInt64) -> FollowedNamespace? {
    namespaces[NamespaceNumber(type: type, inode: inode)].flatMap { $0.holders > 0 ? $0 : nil }
  }

  /// A namespace that an event reported: the one that has the number, if a task is in it; or else one
  /// that has come since.
  ///
  /// A task is told to have left a moment after it did, and in between the number may be given again:
  /// then the id is another. Where that is not certain, and no id was read, it is recorded beside the
  /// one that had the number: who asks finds two rows that may be one namespace.
  ///
  /// - Parameter fileTime: by when it had a file, if the task that came to it cannot have made it. A
  ///   namespace is made by a task, and an event reports its number: then the last one of that number
  ///   is this one, and a mount or an open file kept it when it lost its last task.
  func namespace(
    _ type: NamespaceType, _ inode: UInt64, id: UInt64?, fileTime: Int64? = nil
  ) -> FollowedNamespace {
    let key = NamespaceNumber(type: type, inode: inode)
    if let id { decide(key, is: id) }
    // Of those that are there from boot on each number is one for ever.
    if InitialNamespace.hasFixedInode(inode), let known = namespaces[key] { return known }
    if let live = live(type, inode) {
      switch live.isOne(with: id) {
      case true?: return live
      case false?: break
      case nil:
        if isStillReferenced(live) { return live }
      }
    }
    if let last = namespaces[key] {
      if let id, last.observed.kernelID ?? last.mountedID == id { return last }
      // A sample or a scan for pins tells it the id: see `learn`.
      if let fileTime, last.met <= fileTime + Self.fileTick, last.isOne(with: id) != false,
        isLastReported(last)
      {
        return last
      }
    }
    if id == nil, !InitialNamespace.hasFixedInode(inode) { lastInodeGeneration += 1 }
    let namespace = FollowedNamespace(
      ObservedNamespace(
        type: type, inode: inode, kernelID: id,
        inodeGeneration: id == nil ? lastInodeGeneration : 0,
        isInitial: InitialNamespace.isInitial(
          type, inode, hasKernelID: id != nil, varying: initial)),
      met: now)
    if id == nil, let last = namespaces[key] { undecided.add(namespace, after: last) }
    namespaces[key] = namespace
    return namespace
  }

  /// The kernel's id of a number was read at a time: those that had the number since that id was read before are the
  /// same namespace.
  private func decide(_ number: NamespaceNumber, is id: UInt64, at time: Int64 = .max) {
    for namespace in undecided.decide(number, is: id, at: time) {
      let before = namespace.observed
      var read = before
      read.kernelID = id
      read.inodeGeneration = 0
      if namespace.learn(read) { renamed.append((namespace, before)) }
    }
  }

  /// A namespace that a sample read.
  private func namespace(_ observed: ObservedNamespace) -> FollowedNamespace {
    let key = NamespaceNumber(type: observed.type, inode: observed.inode)
    if let id = observed.kernelID { decide(key, is: id) }
    if let known = namespaces[key] {
      if InitialNamespace.hasFixedInode(observed.inode) { return known }
      let id = known.observed.kernelID
      if id == observed.kernelID ? (id != nil || known.holders > 0) : false { return known }
      // One of the two was read without its id: while a task holds it, it is what it was.
      if known.holders > 0, id == nil || observed.kernelID == nil { return known }
    }
    let namespace = FollowedNamespace(observed, met: now)
    namespaces[key] = namespace
    return namespace
  }

  /// Takes over what a sample read of a task that was in a set from before the sample to after it: each
  /// link that gave the inode number of a namespace in the set is that namespace.
  func learn(_ read: [LinkState], in set: FollowedSet) {
    guard !set.isZombie else { return }
    for (held, state) in zip(set.links, read) {
      guard let namespace = held.namespace, case .namespace(let seen) = state,
        seen.inode == namespace.inode
      else { continue }
      if let id = seen.kernelID {
        decide(NamespaceNumber(type: seen.type, inode: seen.inode), is: id)
      }
      guard seen != namespace.observed else { continue }
      let before = namespace.observed
      if namespace.learn(seen) {
        renamed.append((namespace, before))
      } else if seen.kernelID == nil {
        sampledNames[seen] = namespace
      }
    }
  }

  /// What was learned since the last call: sets call their namespaces by the new names from here on.
  func takeRenamed() -> [ProcessSample.Renaming] {
    for namespace in mounted {
      let before = namespace.observed
      var read = before
      read.kernelID = namespace.mountedID
      read.inodeGeneration = 0
      if namespace.learn(read) { renamed.append((namespace, before)) }
    }
    mounted.removeAll()
    guard !renamed.isEmpty else { return [] }
    let changed = Set(renamed.map { ObjectIdentifier($0.namespace) })
    for set in sets.values
    where set.links.contains(where: { link in
      link.namespace.map { changed.contains(ObjectIdentifier($0)) } ?? false
    }) {
      set.rename()
    }
    defer { renamed.removeAll() }
    return renamed.map { .init(from: $0.before, to: $0.namespace.observed) }
  }

  /// What a namespace that a sample read is called where it is recorded.
  enum Recorded {
    case name(ObservedNamespace)
    /// A task holds one of that number, and no sample has proved yet that it is this one.
    case undecided
  }

  func recorded(_ sampled: ObservedNamespace) -> Recorded {
    if InitialNamespace.hasFixedInode(sampled.inode) { return .name(sampled) }
    if let known = sampledNames[sampled] { return .name(known.observed) }
    guard let held = live(sampled.type, sampled.inode), held.observed != sampled else {
      return .name(sampled)
    }
    // Of two ids, one is of what was there before or has come since.
    return held.isOne(with: sampled.kernelID) == nil ? .undecided : .name(sampled)
  }

  /// Puts into a scan for pins the names that namespaces have where they are recorded. To be called when
  /// all that was reported up to its end has been applied.
  ///
  /// A namespace is made by a task, and an event reports the inode number. So while no later event reports
  /// another namespace of a number, and none is left out, what a scan finds with it is the last one, be there a task in it or
  /// not: that is how one gets its id whose maker had gone before it could be read.
  func recorded(_ scan: PinScan) -> PinScan {
    var scan = scan
    var names: [ObservedNamespace: ObservedNamespace] = [:]
    func name(_ pinned: ObservedNamespace) -> ObservedNamespace {
      if let known = names[pinned] { return known }
      let name = self.name(ofPinned: pinned, by: scan.start.boot)
      names[pinned] = name
      return name
    }
    for index in scan.pins.indices {
      scan.pins[index].namespace = name(scan.pins[index].namespace)
      if case .mount(let path, let seenIn?) = scan.pins[index].holder {
        scan.pins[index].holder = .mount(path: path, in: name(seenIn))
      }
    }
    for index in scan.related.indices {
      scan.related[index].namespace = name(scan.related[index].namespace)
      scan.related[index].owner = scan.related[index].owner.map(name)
      scan.related[index].parent = scan.related[index].parent.map(name)
    }
    scan.renamed = takeRenamed()
    return scan
  }

  private func name(ofPinned pinned: ObservedNamespace, by start: Int64) -> ObservedNamespace {
    if let id = pinned.kernelID {
      decide(NamespaceNumber(type: pinned.type, inode: pinned.inode), is: id, at: start)
    }
    guard !InitialNamespace.hasFixedInode(pinned.inode),
      let known = namespaces[NamespaceNumber(type: pinned.type, inode: pinned.inode)],
      known.met < start,
      known.isOne(with: pinned.kernelID) != false, known.holders > 0 || isLastReported(known)
    else { return pinned }
    let before = known.observed
    if known.learn(pinned) { renamed.append((known, before)) }
    return known.observed
  }

  /// Takes in what was found mounted before the event that is taken in now. An event reports each
  /// namespace that a task makes, so that what had a number then is the last one that was reported.
  func applySights() {
    guard !sights.isEmpty else { return }
    for sight in sights where sight.time < now - MountedSight.delay {
      decide(NamespaceNumber(type: sight.type, inode: sight.inode), is: sight.id, at: sight.time)
      guard let known = namespaces[NamespaceNumber(type: sight.type, inode: sight.inode)],
        known.observed.kernelID == nil, known.met < sight.time, isLastReported(known)
      else { continue }
      known.mountedID = sight.id
      mounted.append(known)
    }
    sights.removeAll { $0.time < now - MountedSight.delay }
  }

  /// Whether no other namespace can have got the number of one since without a report.
  private func isLastReported(_ namespace: FollowedNamespace) -> Bool {
    leftOut.map { namespace.met > $0 } ?? true
  }

  /// A task that is not followed is in namespaces of these numbers: where no followed task is in one, it
  /// is not known any more which namespace has the number.
  func forgetUnheld(_ inodes: NamespaceInodes) {
    for type in NamespaceType.allCases {
      guard let inode = inodes[type], !InitialNamespace.hasFixedInode(inode) else { continue }
      let key = NamespaceNumber(type: type, inode: inode)
      if namespaces[key]?.holders == 0 { namespaces[key] = nil }
    }
  }

  /// After a loss only what has an id, or a task in it, is known to be what had its number.
  func forgetUnproven() {
    sights.removeAll()
    namespaces = namespaces.filter {
      $0.value.holders > 0 || $0.value.observed.kernelID != nil
        || InitialNamespace.hasFixedInode($0.key.inode)
    }
  }

  /// A task came into a set. A zombie is in no namespace for certain: no event reports its end.
  func enter(_ set: FollowedSet) {
    set.members += 1
    guard !set.isZombie else { return }
    for link in set.links { link.namespace?.holders += 1 }
  }

  /// A task left a set.
  func leave(_ set: FollowedSet) {
    set.members -= 1
    guard !set.isZombie else { return }
    for link in set.links { link.namespace?.holders -= 1 }
  }

  /// Forgets what no task has any more, when that has become much.
  func trim() {
    guard sets.count > limit || sampledNames.count > Self.few else { return }
    for set in sets.values where set.members == 0 || set.forChildren?.members == 0 {
      set.forChildren = nil
    }
    sets = sets.filter { $0.value.members > 0 }
    sampledNames = sampledNames.filter { $0.value.holders > 0 }
    namespaces = namespaces.filter {
      $0.value.holders > 0 || InitialNamespace.hasFixedInode($0.key.inode)
    }
    // Where tasks have many sets, a search for those that none has pays only when as many have come.
    limit = max(Self.few, 2 * sets.count)
  }
}
