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

/// The namespaces and sets of all tracked tasks.
final class FollowedSets {
  private var sets: [[UInt]: FollowedSet] = [:]
  /// The sets that events reported with the ids of their namespaces. The observed set is stored too, so that its
  /// identity remains its own.
  private var reported: [ObjectIdentifier: (observed: ObservedSet, set: FollowedSet)] = [:]
  /// The number of sets above which `trim` drops those that no task has: at first, and at least, `leastLimit`.
  private var limit = leastLimit
  private static let leastLimit = 4096
  /// The kernel takes file times from a clock that advances with each tick, at least 100 times a second
  /// (`ktime_get_coarse_real_ts64`). A change can be later than its file time by up to this many
  /// nanoseconds.
  private static let fileTick: Int64 = 10_000_000
  private var namespaces: [NamespaceKey: FollowedNamespace] = [:]
  /// The last inode generation (`ObservedNamespace.inodeGeneration`) that was assigned here. The numbers start
  /// far above those that samples assign.
  private var lastInodeGeneration: UInt64 = 1 << 40
  /// Whether a task is certainly still in a namespace. The kernel reports that a task left a namespace a moment
  /// later, and meanwhile another namespace may get the inode number.
  var isStillReferenced: (FollowedNamespace) -> Bool = { $0.holders > 0 }
  /// The inode numbers of the initial net and mnt namespaces, where they vary by kernel.
  var initial: [NamespaceType: UInt64] = [:]

  /// The time on the boot clock up to which all events have been applied.
  var now: BootTime = .min
  /// The time of the last omitted change (`ChangeThrottle`); nil if there was none. An omitted change may have
  /// created a namespace that got the inode number of an earlier one.
  var lastOmittedChange: BootTime?
  /// The observations of mounted namespaces that have not been applied yet.
  var mountObservations: [MountObservation] = []
  private var undecided = UndecidedNamespaces()
  /// The namespaces whose id was read from a mount and that `takeRenamed` has not renamed yet.
  private var mounted: [FollowedNamespace] = []
  /// By their names in samples, the namespaces that an event reported first and that have another name in the
  /// history.
  private var sampledNames: [ObservedNamespace: FollowedNamespace] = [:]
  /// The namespaces renamed since the last `takeRenamed`, because their id became known, with their earlier
  /// names.
  private var renamed: [(namespace: FollowedNamespace, before: ObservedNamespace)] = []

  /// Returns the set with these links.
  func set(_ links: [FollowedLink]) -> FollowedSet {
    let key = links.map(\.key)
    if let known = sets[key] { return known }
    let set = FollowedSet(links)
    sets[key] = set
    return set
  }

  /// Returns the set for the links that a sample read.
  func set(_ links: [LinkState]) -> FollowedSet {
    set(
      links.map { link in
        switch link {
        case .namespace(let observed): .namespace(namespace(observed))
        case .unread(let reason): .unread(reason)
        }
      })
  }

  /// Returns the set for the links that an event reported with the ids of their namespaces.
  func set(_ observed: ObservedSet) -> FollowedSet {
    if let known = reported[ObjectIdentifier(observed)] { return known.set }
    let set = self.set(observed.links)
    if reported.count >= Self.leastLimit { reported.removeAll() }
    reported[ObjectIdentifier(observed)] = (observed, set)
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

  /// Returns the namespace that has an inode number now, if a tracked task is in it.
  func live(_ type: NamespaceType, _ inode: UInt64) -> FollowedNamespace? {
    namespaces[NamespaceKey(type: type, inode: inode)].flatMap { $0.holders > 0 ? $0 : nil }
  }

  /// Returns the namespace for an inode number that an event reported: the one that has the number, if a
  /// task is in it; otherwise the last one that had the number, if its id or file time proves that it is
  /// the same; otherwise a new one.
  ///
  /// The kernel reports that a task left a namespace a moment later, and meanwhile it may reuse the inode
  /// number: the id then differs. If no id was read and this is uncertain, the namespace is recorded as a new
  /// one: answers then show two rows that may be one namespace.
  ///
  /// - Parameter fileTime: the time by which the file of the namespace existed, if the task that entered
  ///   the namespace cannot have created it. Each namespace is created by a task, and an event reports its
  ///   inode number then. So the last namespace that was reported with the number is this one: a mount or an
  ///   open file pinned it after its last task left.
  func namespace(
    _ type: NamespaceType, _ inode: UInt64, id: UInt64?, fileTime: BootTime? = nil
  ) -> FollowedNamespace {
    let key = NamespaceKey(type: type, inode: inode)
    if let id { decide(key, is: id) }
    // The fixed inode numbers of the initial namespaces are never reused.
    if InitialNamespace.hasFixedInode(inode), let known = namespaces[key] { return known }
    if let live = live(type, inode) {
      switch live.hasID(id) {
      case true?: return live
      case false?: break
      case nil:
        if isStillReferenced(live) { return live }
      }
    }
    if let last = namespaces[key] {
      if let id, last.observed.kernelID ?? last.mountedID == id { return last }
      // A sample or a scan for pins provides the id later: see `learn`.
      if let fileTime, last.firstKnown <= fileTime + Self.fileTick, last.hasID(id) != false,
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
      firstKnown: now)
    if id == nil, let last = namespaces[key] { undecided.add(namespace, after: last) }
    namespaces[key] = namespace
    return namespace
  }

  /// Learns the id of the last namespace that was reported with an inode number, from a task that has entered it. See
  /// `namespace` for the proof.
  func learn(_ entered: ObservedNamespace, fileTime: BootTime) {
    let key = NamespaceKey(type: entered.type, inode: entered.inode)
    guard let id = entered.kernelID, let last = namespaces[key], last.observed.kernelID == nil,
      last.mountedID == nil, last.firstKnown <= fileTime + Self.fileTick, isLastReported(last)
    else { return }
    last.mountedID = id
    mounted.append(last)
  }

  /// Applies an id that was read for an inode number: if the number had the same id before, the undecided
  /// namespaces reported in between (`UndecidedNamespaces`) are all the namespace with that id.
  private func decide(_ number: NamespaceKey, is id: UInt64, at time: BootTime = .max) {
    for namespace in undecided.decide(number, is: id, at: time) {
      let before = namespace.observed
      if namespace.learn(named(before, id)) { renamed.append((namespace, before)) }
    }
  }

  /// Returns the name of a namespace whose id was read after an event had reported the namespace without it. The id
  /// also shows whether the namespace is an initial one.
  private func named(_ namespace: ObservedNamespace, _ id: UInt64) -> ObservedNamespace {
    ObservedNamespace(
      type: namespace.type, inode: namespace.inode, kernelID: id, inodeGeneration: 0,
      isInitial: InitialNamespace.isInitial(
        namespace.type, namespace.inode, hasKernelID: true, varying: initial))
  }

  /// Returns the namespace that a sample read.
  private func namespace(_ observed: ObservedNamespace) -> FollowedNamespace {
    let key = NamespaceKey(type: observed.type, inode: observed.inode)
    if let id = observed.kernelID { decide(key, is: id) }
    if let known = namespaces[key] {
      if InitialNamespace.hasFixedInode(observed.inode) { return known }
      let id = known.observed.kernelID ?? known.mountedID
      if id == observed.kernelID ? (id != nil || known.holders > 0) : false { return known }
      // One of the two was read without its id. While a task is in the namespace, the inode number is not
      // reused.
      if known.holders > 0, id == nil || observed.kernelID == nil { return known }
    }
    let namespace = FollowedNamespace(observed, firstKnown: now)
    namespaces[key] = namespace
    return namespace
  }

  /// Learns ids from the links that a sample read of a task that had the set throughout the sample. Each link
  /// with the inode number of a namespace in the set leads to that namespace.
  func learn(_ read: [LinkState], in set: FollowedSet) {
    guard !set.isZombie else { return }
    for (link, state) in zip(set.links, read) {
      guard let namespace = link.namespace, case .namespace(let seen) = state,
        seen.inode == namespace.inode
      else { continue }
      if let id = seen.kernelID {
        decide(NamespaceKey(type: seen.type, inode: seen.inode), is: id)
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

  /// Returns the namespaces renamed since the last call, and updates the sets to the new names.
  func takeRenamed() -> [ProcessSample.Renaming] {
    for namespace in mounted {
      let before = namespace.observed
      guard let id = namespace.mountedID else { continue }
      if namespace.learn(named(before, id)) { renamed.append((namespace, before)) }
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

  /// The name of a namespace in the history, for a namespace that a sample read.
  enum Recorded {
    case name(ObservedNamespace)
    /// A task is in a namespace with the same inode number, but no sample has established whether that
    /// namespace is the one that the sample read.
    case undecided
  }

  func recorded(_ sampled: ObservedNamespace) -> Recorded {
    if InitialNamespace.hasFixedInode(sampled.inode) { return .name(sampled) }
    if let known = sampledNames[sampled] { return .name(known.observed) }
    guard let known = live(sampled.type, sampled.inode), known.observed != sampled else {
      return .name(sampled)
    }
    // Two different ids: one belongs to an earlier or a later namespace with the number.
    return known.hasID(sampled.kernelID) == nil ? .undecided : .name(sampled)
  }

  /// Returns a scan for pins in which each namespace has its name in the history. The caller has applied all
  /// events up to the end of the scan.
  ///
  /// Each namespace is created by a task, and an event reports its inode number then. As long as no later
  /// event reports another namespace with the number, and no change is omitted, a scan that finds the number
  /// finds the last namespace reported with it, whether or not a task is in it. A namespace whose creator
  /// exited before the id could be read gets its id in this way.
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

  private func name(ofPinned pinned: ObservedNamespace, by start: BootTime) -> ObservedNamespace {
    if let id = pinned.kernelID {
      decide(NamespaceKey(type: pinned.type, inode: pinned.inode), is: id, at: start)
    }
    guard !InitialNamespace.hasFixedInode(pinned.inode),
      let known = namespaces[NamespaceKey(type: pinned.type, inode: pinned.inode)],
      known.firstKnown < start,
      known.hasID(pinned.kernelID) != false, known.holders > 0 || isLastReported(known)
    else { return pinned }
    let before = known.observed
    if known.learn(pinned) { renamed.append((known, before)) }
    return known.observed
  }

  /// Applies the observations of mounted namespaces that certainly precede the event that is being applied. An
  /// event reports each namespace that a task creates, so the observed namespace is the last one that was
  /// reported with its inode number.
  func applyMountObservations() {
    guard !mountObservations.isEmpty else { return }
    for observation in mountObservations where observation.time < now - MountObservation.eventDelay
    {
      decide(
        NamespaceKey(type: observation.type, inode: observation.inode), is: observation.id,
        at: observation.time)
      guard let known = namespaces[NamespaceKey(type: observation.type, inode: observation.inode)],
        known.observed.kernelID == nil, known.firstKnown < observation.time, isLastReported(known)
      else { continue }
      known.mountedID = observation.id
      mounted.append(known)
    }
    mountObservations.removeAll { $0.time < now - MountObservation.eventDelay }
  }

  /// Whether no other namespace can have got the inode number of this one since, unreported because changes
  /// were omitted.
  private func isLastReported(_ namespace: FollowedNamespace) -> Bool {
    lastOmittedChange.map { namespace.firstKnown > $0 } ?? true
  }

  /// Forgets the namespaces with these inode numbers, unless a tracked task is in them. An untracked task is
  /// in namespaces with these numbers, and it is not known whether they are the same.
  func forgetUnheld(_ inodes: NamespaceInodes) {
    for type in NamespaceType.allCases {
      guard let inode = inodes[type], !InitialNamespace.hasFixedInode(inode) else { continue }
      let key = NamespaceKey(type: type, inode: inode)
      if namespaces[key]?.holders == 0 { namespaces[key] = nil }
    }
  }

  /// Forgets, after a loss of events, the namespaces without an id and without a task: another namespace
  /// may have their inode number.
  func forgetUnproven() {
    mountObservations.removeAll()
    reported.removeAll()
    namespaces = namespaces.filter {
      $0.value.holders > 0 || $0.value.observed.kernelID != nil
        || InitialNamespace.hasFixedInode($0.key.inode)
    }
  }

  /// Drops the sets, names and namespaces that no task has, once there are many of them.
  func trim() {
    guard sets.count > limit || sampledNames.count > Self.leastLimit else { return }
    reported.removeAll()
    for set in sets.values where set.members == 0 || set.forChildren?.members == 0 {
      set.forChildren = nil
    }
    sets = sets.filter { $0.value.members > 0 }
    sampledNames = sampledNames.filter { $0.value.holders > 0 }
    namespaces = namespaces.filter {
      $0.value.holders > 0 || InitialNamespace.hasFixedInode($0.key.inode)
    }
    // If tasks have many sets, the next search for unused sets waits until as many again have been added.
    limit = max(Self.leastLimit, 2 * sets.count)
  }
}
