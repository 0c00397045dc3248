internal import NamespaceModel
internal import SQLite

/// Turns each recorded event (`ChangeEvent`) into the change to report; returns nil if there is nothing to report.
struct ChangeBuilder {
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
      case .ended(let lifetime): try end(of: lifetime)
      case .pin(let row): try pin(row)
      }
    return change.flatMap { isInTime($0) ? $0 : nil }
  }

  /// Whether the change may have happened in the time asked about.
  private func isInTime(_ change: NamespaceChange) -> Bool {
    let times = [change.after, change.by].compactMap(\.self)
    guard let low = times.min(), let high = times.max() else { return true }
    return question.window.overlaps(low, high)
  }

  private func beginning(
    of membership: ChangeEvent.MembershipRow
  ) throws(SQLiteError) -> NamespaceChange? {
    let sample = membership.from
    guard let history = try reading.taskHistories.history(of: membership.task),
      let index = history.index(ofMembershipFrom: sample)
    else { return nil }
    let links = try reading.sets.links(of: membership.set)
    if index > 0 { return try move(of: history, at: index, to: links) }
    if let origin = history.movedFrom {
      return try divergence(of: history, from: origin, to: links)
    }
    let sampleWindow = try reading.index.sampleWindow(before: sample)
    // A process that the first sample of the history shows was there before: its start is no change.
    guard sampleWindow.before != nil || scope.reportsEverything else { return nil }
    let parent = try reading.taskHistories.parent(of: history.process)
    var parts: [Part] = []
    if sampleWindow.before != nil, membership.cause != nil {
      parts = try comparison.arrivals(
        of: links, from: try membership.origin.map(reading.sets.links),
        earlier: try comparison.linksOfParent(parent, at: sample - 1), at: sample
      ).compactMap(Part.init)
    }
    if scope.reportsEverything {
      // If a process or thread existed before its first record, it is not known how it came into its namespaces.
      let isFound = sampleWindow.before == nil || history.thread?.isUnknown == true
      let there = try parent.flatMap { (parent) throws(SQLiteError) in
        isFound ? nil : try comparison.linksOfParent(parent, at: sample)
      }
      parts = arrival(links, ofParent: there, besides: parts)
    }
    parts = parts.filter(isAskedFor)
    guard !parts.isEmpty || reportsUnread(links) else { return nil }
    let isExact = history.memberships[index].beginsExactly
    let isStart =
      sampleWindow.coverage == .sampled && !sampleWindow.hidesProcesses
      && history.thread?.isUnknown != true
    return try change(
      isStart ? .started : .firstSeen,
      isStart && !isExact
        ? try reading.index.lastMissing(before: sample, start: history.process.startBoot)
        : sample - 1, sample, history.process, parts, parent: parent, isExact: isExact)
  }

  /// Returns the change of a thread that left the namespaces of its process.
  private func divergence(
    of history: TaskHistory, from origin: NamespaceSetID, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let first = history.memberships.first else { return nil }
    let before = try reading.sets.links(of: origin)
    let parts = try comparison.changes(from: before, read: before, to: links, at: first.from)
      .compactMap(Part.init).filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    return try change(
      .moved, first.from - 1, first.from, history.process, parts, isExact: first.beginsExactly)
  }

  /// Returns the change of a process whose links differ from the last ones that could be read.
  private func move(
    of history: TaskHistory, at index: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    let sample = history.memberships[index].from
    let read = try lastRead.links(of: history, before: index)
    let parts = try comparison.changes(
      from: read.links, read: read.links, to: links, at: sample
    ).compactMap(Part.init).filter(isAskedFor)
    if parts.isEmpty {
      if let exit = try exit(of: history, at: index, to: links) { return exit }
      return try resumption(of: history, at: index, to: links)
    }
    let isReturn = try reading.threads.isReturned(history, at: sample)
    return try change(
      isReturn ? .returned : .moved, Self.earliest(read.samples, of: parts) ?? sample - 1, sample,
      history.process, parts,
      isExact: history.memberships[index].beginsExactly)
  }

  /// Returns the change of a process that became a zombie: a zombie is in no namespace of most types.
  private func exit(
    of history: TaskHistory, at index: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    let read = try lastRead.links(of: history, before: index)
    guard let known = history.knownMembership(before: index) else { return nil }
    let before = try reading.sets.links(of: known.set)
    var parts = NamespaceType.allCases.compactMap { type -> Part? in
      guard links[type.link] == .unread(.zombie), before[type.link] != .unread(.zombie),
        let namespace = read.links[type.link]?.namespace,
        scope.reportsEverything || namespace.isInitial != true
      else { return nil }
      return Part(link: type.link, from: namespace, to: nil, how: .left)
    }.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    let sample = history.memberships[index].from
    if history.memberships[index].beginsExactly {
      parts = Self.held(parts, at: history.memberships[index - 1].until, read.samples)
    }
    return try change(
      .zombie, Self.earliest(read.samples, of: parts) ?? sample - 1, sample, history.process, parts,
      isExact: history.memberships[index].beginsExactly)
  }

  /// Returns the change of a zombie that runs again, because one of its threads executed a program. The process kept
  /// the namespaces in which it was before it became a zombie, if its links were read then.
  private func resumption(
    of history: TaskHistory, at index: Int, to links: Links
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let known = history.knownMembership(before: index) else { return nil }
    let before = try reading.sets.links(of: known.set)
    let read = try lastRead.links(of: history, before: index)
    let parts = NamespaceType.allCases.compactMap { type -> Part? in
      guard before[type.link] == .unread(.zombie), let namespace = links[type.link]?.namespace,
        scope.reportsEverything || namespace.isInitial != true
      else { return nil }
      let isKept = read.links[type.link].map { !LinkValue.namespace(namespace).differs(from: $0) }
      return Part(link: type.link, from: nil, to: namespace, how: isKept == true ? .kept : .found)
    }.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    let sample = history.memberships[index].from
    return try change(
      .resumed, sample - 1, sample, history.process, parts,
      isExact: history.memberships[index].beginsExactly)
  }

  /// Returns those of the parts whose namespaces the process was certainly still in at the sequence number
  /// `number`. Leaves out the others, which the process may have left earlier, so that the time of the change stays
  /// that of the event. Returns all parts if the process was certainly in none of them.
  private static func held(
    _ parts: [Part], at number: SequenceNumber, _ samples: [NamespaceLink: SequenceNumber]
  ) -> [Part] {
    let held = parts.filter { samples[$0.link] == number }
    return held.isEmpty ? parts : held
  }

  /// Returns the last sample up to which none of the links of the parts had changed.
  private static func earliest(_ samples: [NamespaceLink: SequenceNumber], of parts: [Part])
    -> SequenceNumber?
  {
    parts.compactMap { samples[$0.link] }.min()
  }

  /// Returns a part for every namespace that a process started or was first seen in; `parts` holds those
  /// that are known already.
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
    guard let until = membership.until,
      let history = try reading.taskHistories.history(of: membership.task),
      let index = history.index(ofMembershipFrom: membership.from)
    else { return nil }
    guard index == history.memberships.count - 1 else { return nil }
    let sampleWindow = try reading.index.sampleWindow(before: until + 1)
    guard sampleWindow.showsAll else { return nil }
    // The exit of a thread that had returned leaves no namespace: its process is still in all of them.
    if !scope.reportsEverything, try reading.threads.isReturned(history, at: until) { return nil }
    let read = try lastRead.links(of: history, before: index + 1)
    let known = history.knownMembership(before: index + 1) ?? history.memberships[index]
    let links = try reading.sets.links(of: known.set)
    var parts = NamespaceType.allCases.compactMap { type -> Part? in
      // A zombie left these namespaces when it became one.
      guard links[type.link] != .unread(.zombie),
        let namespace = read.links[type.link]?.namespace
      else { return nil }
      // An exit out of the host's namespaces is reported only if the question has a limit.
      guard scope.reportsEverything || namespace.isInitial != true else { return nil }
      return Part(link: type.link, from: namespace, to: nil, how: .left)
    }.filter(isAskedFor)
    guard !parts.isEmpty || reportsUnread(read.links) else { return nil }
    if history.memberships[index].endsExactly { parts = Self.held(parts, at: until, read.samples) }
    return try change(
      sampleWindow.coverage == .sampled ? .exited : .lastSeen,
      Self.earliest(read.samples, of: parts) ?? known.until, until + 1, history.process, parts,
      isExact: history.memberships[index].endsExactly)
  }

  private func end(of lifetime: NamespaceLifetime) throws(SQLiteError) -> NamespaceChange? {
    guard let last = lifetime.last, question.types.contains(lifetime.namespace.type),
      try emptied.isEmptied(lifetime.namespace, after: last)
    else { return nil }
    let part = Part(
      link: lifetime.namespace.type.link, from: lifetime.namespace, to: nil, how: .lastExit)
    let (number, isExact) = try end(of: lifetime.namespace, after: last)
    return try change(.lastExit, last, number, nil, [part], isExact: isExact)
  }

  /// Returns the first number at which certainly no process was in a namespace any more, and whether an event reported
  /// that the last process left.
  ///
  /// - Parameter last: the last number at which a process was certainly in the namespace.
  private func end(
    of namespace: NamespaceRecord, after last: SequenceNumber
  ) throws(SQLiteError) -> (number: SequenceNumber, isExact: Bool) {
    var number = last + 1
    var isExact = try reading.index.point(number).isEvent
    guard isExact else { return (number, false) }
    let members = try reading.connection.prepare(
      "\(reading.members.sql("m.task_id", in: namespace)) LIMIT \(Self.mostLeaving)"
    ).bind(IntervalOverlapQuery.values(last...last, namespace)).map { $0.task(0) }
    for member in members {
      guard let history = try reading.taskHistories.history(of: member) else { continue }
      isExact = isExact && history.membership(at: last)?.endsExactly == true
      if let unseen = history.unseenRange(around: last + 1) {
        number = max(number, unseen.upperBound + 1)
      }
    }
    return (number, isExact)
  }

  /// How many of the processes that left a namespace last are examined at most: one event or sample rarely shows more.
  private static let mostLeaving = 64

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
      rejoinsOwnNamespaces: false, leavesOwnNamespaces: false)
  }

  /// Whether no process was in a namespace any more when a scan began. Always false for a user or pid
  /// namespace, which lives as long as the namespaces that were created in it or are owned by it.
  private func isUnused(
    _ namespace: NamespaceRecord, at row: ChangeEvent.PinRow
  ) throws(SQLiteError) -> Bool {
    guard namespace.type != .user, namespace.type != .pid,
      let last = try reading.namespaces.lifetime(namespace.id).last
    else { return false }
    return try last < reading.index.lastSample(notAfter: row.scan.wall)
  }

  /// Builds a change.
  ///
  /// - Parameters:
  ///   - before: the last sample or event before the change; a sequence number before the first one stands
  ///     for none.
  ///   - after: the first sample or event after the change.
  ///   - isExact: whether the record says that the change happened at the event `after`.
  private func change(
    _ kind: NamespaceChange.Kind, _ before: SequenceNumber, _ after: SequenceNumber,
    _ process: ProcessRecord?,
    _ parts: [Part], parent: ProcessRecord? = nil, isExact: Bool
  ) throws(SQLiteError) -> NamespaceChange? {
    if let process, !scope.isAboutContainer,
      !scope.isSelected(process, after: before, before: after)
    {
      return nil
    }
    var parts = parts
    if scope.isAboutContainer, scope.isByNamespaces(process, after: before, before: after) {
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
      rejoinsOwnNamespaces: try owns(process, allJoined: parts, before: after),
      leavesOwnNamespaces: try leaves(process, itsOwn: parts, before: after))
  }

  /// Whether the process is certainly the only one that ever was in the namespaces that it left for initial ones. An
  /// example is `ip netns add`, which makes a namespace and goes back.
  private func leaves(
    _ process: ProcessRecord?, itsOwn parts: [Part], before sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    let left = parts.filter(\.leadsOut).compactMap(\.from)
    guard let process, !left.isEmpty else { return false }
    for namespace in left {
      guard
        try MemberFinder(reading: reading).isOnlyMember(process, of: namespace, before: sample)
      else { return false }
    }
    return true
  }

  /// Whether the process had been in all the namespaces that it or its children joined, initial ones apart,
  /// and certainly no other process had.
  private func owns(
    _ process: ProcessRecord?, allJoined parts: [Part], before sample: SequenceNumber
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

  /// Returns the process with its description at the time of the change. If that time is not exact, the
  /// process may have had an earlier description.
  private func described(
    _ process: ProcessRecord, _ kind: NamespaceChange.Kind, _ before: SequenceNumber,
    _ after: SequenceNumber,
    isExact: Bool
  ) -> ProcessRecord {
    switch kind {
    case .exited, .lastSeen: process.described(at: after - 1)
    case .moved where !isExact, .returned where !isExact, .zombie where !isExact,
      .resumed where !isExact:
      process.described(at: after, orAfter: before)
    default: process.described(at: after)
    }
  }

  /// Whether the change is reported although no link of its process could be read: the question is about
  /// processes only.
  private func reportsUnread(_ links: Links) -> Bool {
    scope.isOfProcesses && scope.namespaces == nil
      && links.values.allSatisfy { $0.namespace == nil }
  }

  private func isAskedFor(_ part: Part) -> Bool {
    guard question.types.contains(part.link.type) else { return false }
    return scope.namespaces == nil || scope.isAboutContainer || touchesNamespaces(part)
  }

  private func touchesNamespaces(_ part: Part) -> Bool {
    guard let namespaces = scope.namespaces else { return true }
    return [part.from, part.to].contains { $0.map { namespaces.contains($0.id) } ?? false }
  }
}

extension TaskHistory.ThreadBounds {
  /// Whether the thread existed before its first record.
  fileprivate var isUnknown: Bool { if case .unknown = beginning { true } else { false } }
}

extension NamespaceChange.Part {
  /// A part for a link that leads to another namespace than before; nil for a link that does not.
  init?(_ change: LinkChange) {
    guard let to = change.to.namespace, let how = change.how else { return nil }
    switch how {
    case .new: self.init(link: change.link, from: change.from?.namespace, to: to, how: .new)
    case .joined: self.init(link: change.link, from: change.from?.namespace, to: to, how: .joined)
    case .joinedOrNew:
      self.init(link: change.link, from: change.from?.namespace, to: to, how: .joinedOrNew)
    case .inherited:
      self.init(link: change.link, from: change.from?.namespace, to: to, how: .inherited)
    case .found, .readAgain: return nil
    }
    // The earlier namespace is not known, so the process is not known to have moved.
    if from == nil, how == .joined { return nil }
  }
}
