internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Decides which namespace an inode number means: in an event, in a probe, in a sample and in a scan for pins.
///
/// The kernel reuses inode numbers. An event holds no more than the numbers, and a probe or a sample may come too late
/// to read the kernel's ids. So the resolver remembers the last namespace with each number, and the reasons for which a
/// number may mean another one by now. It also knows by which name the history identifies each namespace
/// (`FollowedNamespace.observed`), and waits until that name is certain before it lets a relation of it be recorded.
final class NamespaceResolver {
  private let sets: FollowedSets
  /// The sets that events reported with the ids of their namespaces. The observed set is stored too, so that its
  /// identity remains its own.
  private var reported: [ObjectIdentifier: (observed: ObservedSet, set: FollowedSet)] = [:]
  private static let leastLimit = 4096
  /// The kernel takes file times from a clock that advances with each tick, at least 100 times a second
  /// (`ktime_get_coarse_real_ts64`). A change can be later than its file time by up to this many
  /// nanoseconds.
  private static let fileTick: Int64 = 10_000_000
  private var namespaces: [NamespaceKey: FollowedNamespace] = [:]
  /// The last inode generation (`ObservedNamespace.inodeGeneration`) that was assigned here. The numbers start
  /// far above those that samples assign.
  private var lastInodeGeneration: UInt64 = 1 << 40
  /// The inode numbers of the initial net and mnt namespaces, where they vary by kernel.
  private var initial: [NamespaceType: UInt64] = [:]

  /// The time on the boot clock up to which all events have been applied.
  private var now: BootTime = .min
  /// The time of the last omitted change (`ChangeThrottle`); nil if there was none. An omitted change may have
  /// created a namespace that got the inode number of an earlier one.
  private var lastOmittedChange: BootTime?
  /// The observations of mounted namespaces that have not been applied yet.
  private var mountObservations: [MountObservation] = []
  private var undecided = UndecidedNamespaces()
  /// The namespaces whose id was read from a mount and that `takeRenamed` has not renamed yet.
  private var mounted: [FollowedNamespace] = []
  /// By their names in samples, the namespaces that an event reported first and that have another name in the
  /// history.
  private var sampledNames: [ObservedNamespace: FollowedNamespace] = [:]
  /// The namespaces renamed since the last `takeRenamed`, because their id became known, with their earlier
  /// names.
  private var renamed: [(namespace: FollowedNamespace, before: ObservedNamespace)] = []
  /// Relations of namespaces that wait until it is certain how the history names the namespaces.
  private var relations = PendingRelations()

  init(_ sets: FollowedSets) { self.sets = sets }

  // MARK: Time

  /// Sets the time to that of the event that is applied next, and applies the observations of mounts before it.
  func advance(to event: BootTime) {
    now = event
    applyMountObservations()
  }

  /// Sets the time to the end of a sample.
  func advance(toEndOf sample: ProcessSample) { now = max(now, sample.end.boot) }

  /// Notes that a change of namespaces at a time was omitted.
  func noteOmittedChange(at time: BootTime) { lastOmittedChange = time }

  // MARK: Events and probes

  /// Returns the set that a task has after a namespaces event.
  ///
  /// - Parameter probed: the probe right after the event.
  /// - Parameter before: the set of the task before the event; for a new task, the set that children of its
  ///   parent get. A link with the same inode number still leads to the same namespace, because the task was
  ///   in it all the time.
  /// - Parameter lastEvent: the time of the task's previous event.
  func resolve(
    _ inodes: NamespaceInodes, _ probed: ProbedTask?, from before: FollowedSet?,
    lastEvent: BootTime = .min, _ lookahead: Lookahead
  ) -> FollowedSet {
    var links: [FollowedLink] = []
    for link in NamespaceLink.allCases {
      guard link == link.type.link, link.type != .time else {
        links.append(read(link, probed, from: before, beside: links, lookahead))
        continue
      }
      guard let inode = inodes[link.type] else {
        links.append(.unread(.unsupported))
        continue
      }
      if let known = before?[link].namespace, known.inode == inode {
        links.append(.namespace(known))
        continue
      }
      var id: UInt64?
      if case .namespace(inode, let read)? = probed?.links[link] { id = read }
      links.append(
        followed(
          link, .namespace(inode: inode, id: id), beside: links,
          fileTime: fileTime(of: link, probed, lastEvent), lookahead))
    }
    return sets.set(links)
  }

  /// Returns the time by which the file of an entered namespace existed, if that was before the task
  /// could have created the namespace; nil otherwise. The task changed its namespaces after its previous
  /// event, and at most `Lookahead.longest` before the current one.
  private func fileTime(
    of link: NamespaceLink, _ probed: ProbedTask?, _ lastEvent: BootTime
  ) -> BootTime? {
    probed?.fileTimes[link].flatMap { $0 < max(lastEvent, now - Lookahead.longest) ? $0 : nil }
  }

  /// Learns the ids of the namespaces that a task has entered, and that an event had reported without their ids before,
  /// from the state of the task. A file time proves that a namespace is the one that was reported.
  func learnEntered(_ set: ObservedSet, _ probed: ProbedTask, lastEvent: BootTime) {
    for link in probed.fileTimes.keys {
      guard case .namespace(let entered) = set.links[Int(link.rawValue)],
        let time = fileTime(of: link, probed, lastEvent)
      else { continue }
      learn(entered, fileTime: time)
    }
  }

  /// Returns a link that namespaces events do not report, as the probe read it.
  private func read(
    _ link: NamespaceLink, _ probed: ProbedTask?, from before: FollowedSet?,
    beside others: [FollowedLink], _ lookahead: Lookahead
  ) -> FollowedLink {
    if let probed, let value = probed.links[link] {
      let read = followed(link, value, beside: others, lookahead)
      // An exec moves the task into its time namespace for children (time_namespaces(7)). If that is the
      // one it had before, the task was in it all the time.
      if link != .time || !probed.isAfterExec || read.key == before?[.time].key { return read }
    }
    if case .unread(.unsupported)? = before?[link] { return .unread(.unsupported) }
    return .unread(.unseen)
  }

  /// Returns the time namespace of a task whose probe may have read its own link before an exec: the
  /// namespace for children, which the task enters at the exec.
  func timeAfterExec(_ probed: ProbedTask?, _ lookahead: Lookahead) -> FollowedLink? {
    guard let probed, probed.isAfterExec else { return nil }
    return probed.links[.timeForChildren].map { followed(.time, $0, beside: [], lookahead) }
  }

  /// Returns the time namespace of a process that executes a program in another thread than the main one, as the probe
  /// read it.
  func timeNamespace(_ probed: ProbedTask?, _ lookahead: Lookahead) -> FollowedLink? {
    probed?.links[.time].map { followed(.time, $0, beside: [], lookahead) }
  }

  /// Returns the set for the links that were read; the other links are unread.
  func set(
    of links: [NamespaceLink: TaskProbe.Link], _ lookahead: Lookahead
  ) -> FollowedSet {
    sets.set(
      NamespaceLink.allCases.reduce(into: []) { all, link in
        all.append(
          links[link].map { followed(link, $0, beside: all, lookahead) } ?? .unread(.unseen))
      })
  }

  /// Returns the tracked link for a value that was read.
  ///
  /// - Parameter others: other links of the task that were read at the same moment. A link with the type and
  ///   the inode number of one of them leads to the same namespace.
  /// - Parameter fileTime: see `namespace`.
  private func followed(
    _ link: NamespaceLink, _ value: TaskProbe.Link, beside others: [FollowedLink],
    fileTime: BootTime? = nil, _ lookahead: Lookahead
  ) -> FollowedLink {
    switch value {
    case .namespace(let inode, let id):
      let known = others.lazy.compactMap(\.namespace).first {
        $0.type == link.type && $0.inode == inode && $0.hasID(id) != false
      }
      return .namespace(
        known ?? namespace(link.type, inode, id: id, fileTime: fileTime, lookahead))
    case .unread(let reason): return .unread(reason)
    }
  }

  /// Returns the set of a new process, with the time namespace from the probe.
  func withTime(
    _ set: FollowedSet, _ probed: ProbedTask?, of parent: FollowedSet?, _ lookahead: Lookahead
  ) -> FollowedSet {
    guard probed != nil else { return set }
    var links = set.links
    for link in [NamespaceLink.time, .timeForChildren] {
      guard case .unread(.unseen) = set[link] else { continue }
      links[Int(link.rawValue)] = read(link, probed, from: parent, beside: links, lookahead)
    }
    return sets.set(links)
  }

  /// Returns the set of a state that came with an event. A task never changes its pid namespace, so one that the state
  /// lacks is that from before.
  func set(of state: TaskState, before: FollowedSet?) -> FollowedSet {
    let set = self.set(state.set)
    guard case .unread(.unseen) = set[.pid], let before else { return set }
    return sets.set(set, .pid, to: before[.pid])
  }

  /// Returns the set for the links that an event reported with the ids of their namespaces.
  func set(_ observed: ObservedSet) -> FollowedSet {
    if let known = reported[ObjectIdentifier(observed)] { return known.set }
    let set = self.set(observed.links)
    if reported.count >= Self.leastLimit { reported.removeAll() }
    reported[ObjectIdentifier(observed)] = (observed, set)
    return set
  }

  // MARK: Namespaces

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
  private func namespace(
    _ type: NamespaceType, _ inode: UInt64, id: UInt64?, fileTime: BootTime?,
    _ lookahead: Lookahead
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
        if lookahead.isStillReferenced(live) { return live }
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
  private func learn(_ entered: ObservedNamespace, fileTime: BootTime) {
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

  // MARK: Mounts

  /// Stores observations of mounted namespaces until the events before them are applied.
  func add(_ observations: [MountObservation]) { mountObservations += observations }

  /// Applies the observations of mounted namespaces that certainly precede the event that is being applied. An
  /// event reports each namespace that a task creates, so the observed namespace is the last one that was
  /// reported with its inode number.
  private func applyMountObservations() {
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

  // MARK: Samples and scans

  /// Returns the set for the links that a sample read.
  func set(_ links: [LinkState]) -> FollowedSet {
    sets.set(
      links.map { link in
        switch link {
        case .namespace(let observed): .namespace(namespace(observed))
        case .unread(let reason): .unread(reason)
        }
      })
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
    sets.rename(Set(renamed.map { ObjectIdentifier($0.namespace) }))
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

  /// Stores the relations from a sample that cannot be recorded yet.
  func add(_ related: [NamespaceRelations]) { relations.add(related) }

  /// Adds the relations from a sample, and returns those that can be recorded now.
  func recorded(_ related: [NamespaceRelations]) -> [NamespaceRelations] {
    relations.recorded(related, self)
  }

  // MARK: What is forgotten

  /// Forgets the namespaces with these inode numbers, unless a tracked task is in them. An untracked task is
  /// in namespaces with these numbers, and it is not known whether they are the same.
  func forgetUnheld(_ inodes: NamespaceInodes) {
    for type in NamespaceType.allCases {
      guard let inode = inodes[type], !InitialNamespace.hasFixedInode(inode) else { continue }
      let key = NamespaceKey(type: type, inode: inode)
      if namespaces[key]?.holders == 0 { namespaces[key] = nil }
    }
  }

  /// Restarts from a sample, at the start or after a loss of events. Forgets the namespaces without an id and without a
  /// task: another namespace may have their inode number.
  func restart(from sample: ProcessSample) {
    now = sample.end.boot
    initial = sample.initialInodes
    mountObservations.removeAll()
    reported.removeAll()
    namespaces = namespaces.filter {
      $0.value.holders > 0 || $0.value.observed.kernelID != nil
        || InitialNamespace.hasFixedInode($0.key.inode)
    }
  }

  /// Drops the sets, names and namespaces that no task has, once there are many of them.
  func trim() {
    guard sets.isLarge || sampledNames.count > Self.leastLimit else { return }
    reported.removeAll()
    sets.trim()
    sampledNames = sampledNames.filter { $0.value.holders > 0 }
    namespaces = namespaces.filter {
      $0.value.holders > 0 || InitialNamespace.hasFixedInode($0.key.inode)
    }
  }
}
