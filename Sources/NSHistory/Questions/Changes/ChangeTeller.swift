internal import NamespaceModel
internal import SQLite

/// Makes a change of an event; nil of one that nothing is to be reported.
struct ChangeTeller {
  let reading: HistorySnapshot
  let question: ChangesQuestion
  let scope: ChangeScope
  private let emptied: EmptiedFinder
  private let lastRead: LastReadLinks

  init(reading: HistorySnapshot, question: ChangesQuestion, scope: ChangeScope) {
    self.reading = reading
    self.question = question
    self.scope = scope
    emptied = EmptiedFinder(reading)
    lastRead = LastReadLinks(reading.sets)
  }

  private typealias Part = NamespaceChange.Part
  private typealias Links = LinkComparison.Links

  private var comparison: LinkComparison { LinkComparison(reading: reading) }

  func change(_ event: ChangeEvent) throws(SQLiteError) -> NamespaceChange? {
    let change: NamespaceChange? =
      switch event {
      case .begun(let membership): try beginning(of: membership)
      case .exited(let membership): try exit(from: membership)
      case .ended(let life): try end(of: life)
      case .pin(let row): try pin(row)
      }
    return change.flatMap { isInTime($0) ? $0 : nil }
  }

  /// Whether it may have been in the time asked for.
  private func isInTime(_ change: NamespaceChange) -> Bool {
    let times = [change.after, change.by].compactMap(\.self)
    guard let low = times.min(), let high = times.max() else { return true }
    return question.window.overlaps(low, high)
  }

  private func beginning(
    of membership: ChangeEvent.MembershipRow
  ) throws(SQLiteError) -> NamespaceChange? {
    let sample = membership.from
    guard let life = try reading.lives.life(task: membership.task),
      let place = life.index(ofMembershipFrom: sample)
    else { return nil }
    let links = try reading.sets.links(of: membership.set)
    if place > 0 { return try move(of: life, at: place, to: links) }
    if let origin = life.movedFrom { return try divergence(of: life, from: origin, to: links) }
    let sampleWindow = try reading.index.sampleWindow(before: sample)
    // What was there before the first sample of all is no change.
    guard sampleWindow.before != nil || scope.tellsEverything else { return nil }
    let parent = try reading.lives.parent(of: life.process)
    var parts: [Part] = []
    if sampleWindow.before != nil, membership.cause != nil {
      parts = try comparison.arrivals(
        of: links, from: try membership.origin.map(reading.sets.links),
        earlier: try comparison.linksOfParent(parent, at: sample - 1), at: sample
      ).compactMap(Part.init)
    }
    if scope.tellsEverything {
      // A thread that was there before has inherited nothing now.
      let isFound = sampleWindow.before == nil || life.thread?.isUnknown == true
      let there = try parent.flatMap { (parent) throws(SQLiteError) in
        isFound ? nil : try comparison.linksOfParent(parent, at: sample)
      }
      parts = arrival(links, ofParent: there, besides: parts)
    }
    parts = parts.filter(isAskedFor)
    guard !parts.isEmpty || tellsOfUnread(links) else { return nil }
    let isExact = life.memberships[place].beginsExactly
    let isStart =
      sampleWindow.coverage == .sampled && !sampleWindow.hidesProcesses
      && life.thread?.isUnknown != true
    return try change(
      isStart ? .started : .firstSeen,
      isStart && !isExact
        ? try reading.index.lastMissing(before: sample, start: life.process.startBoot)
        : sample - 1, sample, life.process, parts, parent: parent, isExact: isExact)
  }

  /// A thread that moved away from where its process is.
  private func divergence(
    of life: TaskHistory, from origin: NamespaceSetID, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let first = life.memberships.first else { return nil }
    let before = try reading.sets.links(of: origin)
    let parts = try comparison.changes(from: before, read: before, to: links, at: first.from)
      .compactMap(Part.init).filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    return try change(
      .moved, first.from - 1, first.from, life.process, parts, isExact: first.beginsExactly)
  }

  /// A process that is elsewhere than it was when its links could be read last.
  private func move(
    of life: TaskHistory, at place: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    let sample = life.memberships[place].from
    let read = try lastRead.links(of: life, before: place)
    let parts = try comparison.changes(
      from: read.links, read: read.links, to: links, at: sample
    ).compactMap(Part.init).filter(isAskedFor)
    if parts.isEmpty {
      if let death = try death(of: life, at: place, to: links) { return death }
      return try resumption(of: life, at: place, to: links)
    }
    let isReturn = try reading.threads.isReturned(life, at: sample)
    return try change(
      isReturn ? .returned : .moved, Self.earliest(read.samples, of: parts) ?? sample - 1, sample,
      life.process, parts,
      isExact: life.memberships[place].beginsExactly)
  }

  /// A process that became a zombie, which is in no namespace but a few.
  private func death(
    of life: TaskHistory, at place: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    let read = try lastRead.links(of: life, before: place)
    let before = try reading.sets.links(of: life.memberships[place - 1].set)
    var parts = NamespaceType.allCases.compactMap { type -> Part? in
      guard links[type.link] == .unread(.zombie), before[type.link] != .unread(.zombie),
        let namespace = read.links[type.link]?.namespace,
        scope.tellsEverything || namespace.isInitial != true
      else { return nil }
      return Part(link: type.link, from: namespace, to: nil, how: .left)
    }.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    let sample = life.memberships[place].from
    if life.memberships[place].beginsExactly {
      parts = Self.held(parts, at: life.memberships[place - 1].until, read.samples)
    }
    return try change(
      .zombie, Self.earliest(read.samples, of: parts) ?? sample - 1, sample, life.process, parts,
      isExact: life.memberships[place].beginsExactly)
  }

  /// A zombie that goes on where it had been: one of its threads executed a program.
  private func resumption(
    of life: TaskHistory, at place: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    let before = try reading.sets.links(of: life.memberships[place - 1].set)
    let parts = NamespaceType.allCases.compactMap { type -> Part? in
      guard before[type.link] == .unread(.zombie), let namespace = links[type.link]?.namespace,
        scope.tellsEverything || namespace.isInitial != true
      else { return nil }
      return Part(link: type.link, from: nil, to: namespace, how: .kept)
    }.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    let sample = life.memberships[place].from
    return try change(
      .resumed, sample - 1, sample, life.process, parts,
      isExact: life.memberships[place].beginsExactly)
  }

  /// Of the namespaces that a process left at an event, those that it was still in for certain. Others it
  /// may have left before, which does not make the time of the event uncertain. All, where it is certain
  /// of none.
  private static func held(
    _ parts: [Part], at number: Int64, _ samples: [NamespaceLink: Int64]
  ) -> [Part] {
    let held = parts.filter { samples[$0.link] == number }
    return held.isEmpty ? parts : held
  }

  /// The last sample before any of the links may have changed.
  private static func earliest(_ samples: [NamespaceLink: Int64], of parts: [Part]) -> Int64? {
    parts.compactMap { samples[$0.link] }.min()
  }

  /// Every namespace that a process came with.
  private func arrival(_ links: Links, ofParent parent: Links?, besides parts: [Part]) -> [Part] {
    let others = parts.filter { $0.link != $0.link.type.link }
    return others
      + NamespaceType.allCases.compactMap { type in
        if let part = parts.first(where: { $0.link == type.link }) { return part }
        guard let namespace = links[type.link]?.namespace else { return nil }
        let isAsParent =
          parent.map { !LinkValue.namespace(namespace).differs(from: $0[type.linkForChildren]) }
          ?? false
        return Part(
          link: type.link, from: nil, to: namespace, how: isAsParent ? .inherited : .found)
      }
  }

  private func exit(
    from membership: ChangeEvent.MembershipRow
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let until = membership.until, let life = try reading.lives.life(task: membership.task),
      let place = life.index(ofMembershipFrom: membership.from)
    else { return nil }
    guard place == life.memberships.count - 1 else { return nil }
    let sampleWindow = try reading.index.sampleWindow(before: until + 1)
    guard sampleWindow.showsAll else { return nil }
    // A thread that had returned leaves nothing that its process does not hold.
    if !scope.tellsEverything, try reading.threads.isReturned(life, at: until) { return nil }
    let read = try lastRead.links(of: life, before: place + 1)
    let links = try reading.sets.links(of: life.memberships[place].set)
    var parts = NamespaceType.allCases.compactMap { type -> Part? in
      // What a zombie has left it left as it became one.
      guard links[type.link] != .unread(.zombie),
        let namespace = read.links[type.link]?.namespace
      else { return nil }
      // Leaving the host's namespaces by exiting is no news.
      guard scope.tellsEverything || namespace.isInitial != true else { return nil }
      return Part(link: type.link, from: namespace, to: nil, how: .left)
    }.filter(isAskedFor)
    guard !parts.isEmpty || tellsOfUnread(read.links) else { return nil }
    if life.memberships[place].endsExactly { parts = Self.held(parts, at: until, read.samples) }
    return try change(
      sampleWindow.coverage == .sampled ? .exited : .lastSeen,
      Self.earliest(read.samples, of: parts) ?? until, until + 1, life.process, parts,
      isExact: life.memberships[place].endsExactly)
  }

  private func end(of life: NamespaceLifetime) throws(SQLiteError) -> NamespaceChange? {
    guard let last = life.last, question.types.contains(life.namespace.type),
      try emptied.isEmptied(life.namespace, after: last)
    else { return nil }
    let part = Part(
      link: life.namespace.type.link, from: life.namespace, to: nil, how: .lastExit)
    // An event that took the last process out, if it is one.
    let isEvent = try reading.index.point(last + 1).isEvent
    return try change(.lastExit, last, last + 1, nil, [part], isExact: isEvent)
  }

  private func pin(_ row: ChangeEvent.PinRow) throws(SQLiteError) -> NamespaceChange? {
    guard let pin = try reading.pins.pin(row.pin), pin.namespace.isInitial != true,
      question.types.contains(pin.namespace.type)
    else { return nil }
    let part = Part(
      link: pin.namespace.type.link, from: row.isNew ? nil : pin.namespace,
      to: row.isNew ? pin.namespace : nil, how: row.isNew ? .pinned : .unpinned)
    let isUnused = try isUnused(pin.namespace, at: row)
    let isGone = !row.isNew && row.scan.denied == 0 && isUnused
    return NamespaceChange(
      kind: row.isNew ? .pinned : isGone ? .gone : .unpinned, after: row.before.wall,
      by: row.scan.wall, within: max(0, row.scan.boot &- row.before.boot), missing: nil,
      isExact: false, process: nil, parent: nil, parts: [part], pin: pin, joined: nil,
      comesToItsOwn: false)
  }

  /// Whether nobody was in a namespace any more when a scan began. One that others are made in or owned by
  /// lives as long as these do.
  private func isUnused(
    _ namespace: NamespaceRecord, at row: ChangeEvent.PinRow
  ) throws(SQLiteError) -> Bool {
    guard namespace.type != .user, namespace.type != .pid,
      let last = try reading.namespaces.life(namespace.id).last
    else { return false }
    return try last < reading.index.lastSample(notAfter: row.scan.wall)
  }

  /// - Parameters:
  ///   - before: the last sample before it; none where the number is before the first.
  ///   - after: the first sample after it.
  ///   - isExact: whether it is told to have been at the event that `after` is.
  private func change(
    _ kind: NamespaceChange.Kind, _ before: Int64, _ after: Int64, _ process: ProcessRecord?,
    _ parts: [Part], parent: ProcessRecord? = nil, isExact: Bool
  ) throws(SQLiteError) -> NamespaceChange? {
    if let process, !scope.isEither, !scope.isMeant(process, behind: before, before: after) {
      return nil
    }
    var parts = parts
    if scope.isEither, scope.isByNamespaces(process, behind: before, before: after) {
      parts = parts.filter(touchesNamespaces)
      if parts.isEmpty { return nil }
    }
    let span = try reading.index.span(from: before, to: after)
    let isExact = isExact && before == after - 1 && span.after?.isExact == true
    let joined = parts.filter { $0.how.mayBeJoined && $0.link == $0.link.type.link }
      .compactMap(\.to)
    return NamespaceChange(
      kind: kind, after: isExact ? span.after?.wall : span.before?.wall, by: span.after?.wallEnd,
      within: isExact ? 0 : span.lengthToEnd, missing: span.missing, isExact: isExact,
      process: process.map { described($0, kind, before, after, isExact: isExact) },
      parent: parent?.described(at: after), parts: parts, pin: nil,
      joined: try MemberFinder(reading: reading).member(
        of: joined, at: after - 1, otherThan: process),
      comesToItsOwn: try owns(process, allJoined: parts, before: after))
  }

  /// Whether all the namespaces that a process, or its children, came into, but initial ones, are ones that it had
  /// been in, and certainly nobody else.
  private func owns(
    _ process: ProcessRecord?, allJoined parts: [Part], before sample: Int64
  ) throws(SQLiteError) -> Bool {
    for part in parts where part.how.mayBeJoined {
      guard let namespace = part.to, namespace.isInitial != true else { continue }
      guard let process else { return false }
      guard
        try MemberFinder(reading: reading).isOnlyMember(process, of: namespace, before: sample)
      else { return false }
    }
    return true
  }

  /// The process as it was then. Where it is not known when it moved, it may have been called otherwise.
  private func described(
    _ process: ProcessRecord, _ kind: NamespaceChange.Kind, _ before: Int64, _ after: Int64,
    isExact: Bool
  ) -> ProcessRecord {
    switch kind {
    case .exited, .lastSeen: process.described(at: after - 1)
    case .moved where !isExact, .returned where !isExact, .zombie where !isExact,
      .resumed where !isExact:
      process.described(at: after, orBehind: before)
    default: process.described(at: after)
    }
  }

  /// Whether a process of which no link could be read is asked about by name.
  private func tellsOfUnread(_ links: Links) -> Bool {
    scope.isOfProcesses && scope.namespaces == nil
      && links.values.allSatisfy { $0.namespace == nil }
  }

  private func isAskedFor(_ part: Part) -> Bool {
    guard question.types.contains(part.link.type) else { return false }
    return scope.namespaces == nil || scope.isEither || touchesNamespaces(part)
  }

  private func touchesNamespaces(_ part: Part) -> Bool {
    guard let namespaces = scope.namespaces else { return true }
    return [part.from, part.to].contains { $0.map { namespaces.contains($0.id) } ?? false }
  }
}

extension TaskHistory.ThreadBounds {
  /// Whether the thread was there before it was recorded.
  fileprivate var isUnknown: Bool { if case .unknown = beginning { true } else { false } }
}

extension NamespaceChange.Part {
  /// Of a link that leads into another namespace than it did; nil of one that does not.
  init?(_ change: LinkChange) {
    guard let to = change.to.namespace, let how = change.how else { return nil }
    switch how {
    case .new: self.init(link: change.link, from: change.from?.namespace, to: to, how: .new)
    case .joined: self.init(link: change.link, from: change.from?.namespace, to: to, how: .joined)
    case .joinedOrNew:
      self.init(link: change.link, from: change.from?.namespace, to: to, how: .joinedOrNew)
    case .inherited:
      self.init(link: change.link, from: change.from?.namespace, to: to, how: .inherited)
    case .readAgain: return nil
    }
    // Where it was is not known: then it is not known to have moved.
    if from == nil, how == .joined { return nil }
  }
}
