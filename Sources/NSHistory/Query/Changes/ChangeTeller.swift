internal import NamespaceModel
internal import SQLite

/// Makes a change of an event; nil of one that nothing is to be told of.
struct ChangeTeller {
  let reading: Reading
  let question: ChangesQuestion
  let scope: ChangeScope

  private typealias Links = [NamespaceLink: LinkValue]

  func change(_ event: ChangeEvent) throws(SQLiteError) -> NamespaceChange? {
    switch event {
    case .begun(let membership): try beginning(of: membership)
    case .exited(let membership): try exit(from: membership)
    case .ended(let life): try end(of: life)
    }
  }

  private func beginning(
    of membership: ChangeEvent.MembershipRow
  ) throws(SQLiteError) -> NamespaceChange? {
    let sample = membership.from
    guard let life = try reading.lives.life(task: membership.task),
      let place = life.memberships.firstIndex(where: { $0.from == sample })
    else { return nil }
    let links = try reading.sets.links(of: membership.set)
    let bracket = try bracket(before: sample)
    let parent = place > 0 ? nil : try parent(of: life.process)
    let kind: NamespaceChange.Kind
    var parts: [NamespaceChange.Part]
    if place > 0 {
      kind = .moved
      let before = try lastRead(life.memberships[..<place])
      parts = try differences(from: before, to: links, at: sample, forChildren: false)
    } else if bracket.before == nil {
      // What was there before the first sample of all is no change.
      guard scope.tellsEverything else { return nil }
      kind = .firstSeen
      parts = arrival(links, .found)
    } else {
      kind = bracket.coverage == .sampled ? .started : .firstSeen
      parts = []
      if membership.cause != nil {
        let before = try membership.origin.map(reading.sets.links) ?? [:]
        parts = try differences(from: before, to: links, at: sample, forChildren: true)
      }
      if scope.tellsEverything {
        let isAsParent = membership.cause != 3 && parent != nil
        parts = arrival(links, isAsParent ? .inherited : .found, besides: parts)
      }
    }
    parts = parts.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    let joined = parts.filter { $0.how == .joined && $0.link == $0.link.type.link }
      .compactMap(\.to)
    return NamespaceChange(
      kind: kind, after: bracket.before?.wall, by: bracket.after?.wall,
      missing: bracket.missing, process: life.process,
      parent: parent, parts: parts,
      joined: try MemberFinder(reading: reading).member(
        of: joined, at: sample - 1, otherThan: life.process.id))
  }

  /// What each link was when it could be read last: a link that could not be for a while may be
  /// another by now.
  private func lastRead(_ memberships: ArraySlice<Membership>) throws(SQLiteError) -> Links {
    var links: Links = [:]
    for membership in memberships {
      for (link, value) in try reading.sets.links(of: membership.set) {
        if links[link] == nil || value.namespace != nil || value == .unread(.pending) {
          links[link] = value
        }
      }
    }
    return links
  }

  /// The links that differ from what they were, or from where the parent's children go; and where
  /// that is not known, those into a namespace that was not known before.
  private func differences(
    from before: Links, to after: Links, at sample: Int64, forChildren: Bool
  ) throws(SQLiteError) -> [NamespaceChange.Part] {
    let comparison = LinkComparison(reading: reading)
    var parts: [NamespaceChange.Part] = []
    for link in NamespaceLink.allCases {
      // Where a child's own children go is no news beside where it is itself.
      if forChildren, link != link.type.link { continue }
      guard let value = after[link] else { continue }
      let old = before[forChildren ? link.type.linkForChildren : link]
      guard value != old, let namespace = value.namespace,
        let how = try comparison.how(value, at: sample)
      else { continue }
      if old?.namespace == nil, how != .created { continue }
      parts.append(
        .init(
          link: link, from: old?.namespace, to: namespace,
          how: how == .created ? .created : .joined))
    }
    // Where the children go is news only if it is not where the process went itself.
    return parts.filter { part in
      part.link == part.link.type.link
        || !parts.contains { $0.link == part.link.type.link && $0.to == part.to }
    }
  }

  /// Every namespace that a process came with.
  private func arrival(
    _ links: Links, _ how: NamespaceChange.How, besides parts: [NamespaceChange.Part] = []
  ) -> [NamespaceChange.Part] {
    NamespaceType.allCases.compactMap { type in
      if let part = parts.first(where: { $0.link == type.link }) { return part }
      guard let namespace = links[type.link]?.namespace else { return nil }
      return .init(link: type.link, from: nil, to: namespace, how: how)
    }
  }

  private func exit(
    from membership: ChangeEvent.MembershipRow
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let until = membership.until, let life = try reading.lives.life(task: membership.task),
      let place = life.memberships.firstIndex(where: { $0.from == membership.from })
    else { return nil }
    guard place == life.memberships.count - 1 else {
      return try departure(to: life.memberships[place + 1], of: life)
    }
    let bracket = try bracket(before: until + 1)
    guard bracket.after != nil else { return nil }
    let links = try lastRead(life.memberships[...])
    let parts = NamespaceType.allCases.compactMap { type -> NamespaceChange.Part? in
      guard let namespace = links[type.link]?.namespace else { return nil }
      // Leaving the host's namespaces by exiting is no news.
      guard scope.tellsEverything || namespace.isInitial != true else { return nil }
      return .init(link: type.link, from: namespace, to: nil, how: .left)
    }.filter(isAskedFor)
    guard !parts.isEmpty else { return nil }
    return NamespaceChange(
      kind: bracket.coverage == .sampled ? .exited : .lastSeen, after: bracket.before?.wall,
      by: bracket.after?.wall, missing: bracket.missing, process: life.process, parent: nil,
      parts: parts, joined: nil)
  }

  /// Of a process that goes on elsewhere, how it left the namespaces asked for. Where it goes on in
  /// one of them its new membership tells that itself.
  private func departure(
    to next: Membership, of life: Life
  ) throws(SQLiteError) -> NamespaceChange? {
    guard let namespaces = scope.namespaces, scope.tasks == nil else { return nil }
    let links = try reading.sets.links(of: next.set)
    let isStill = links.values.contains { value in
      value.namespace.map { namespaces.contains($0.id) } ?? false
    }
    if isStill { return nil }
    return try beginning(
      of: .init(
        task: life.process.id, set: next.set, from: next.from, until: nil, cause: nil, origin: nil))
  }

  private func end(of life: NamespaceLife) throws(SQLiteError) -> NamespaceChange? {
    guard let last = life.last, life.namespace.isInitial != true,
      question.types.contains(life.namespace.type)
    else { return nil }
    let bracket = try bracket(before: last + 1)
    guard bracket.after != nil else { return nil }
    return NamespaceChange(
      kind: .ended, after: bracket.before?.wall, by: bracket.after?.wall,
      missing: bracket.missing, process: nil, parent: nil,
      parts: [
        .init(link: life.namespace.type.link, from: life.namespace, to: nil, how: .ended)
      ], joined: nil)
  }

  /// The time between a sample and the one before it.
  private func bracket(before sample: Int64) throws(SQLiteError) -> Bracket {
    let first = reading.index.first ?? sample
    let last = reading.index.last ?? sample
    return Bracket(
      sample > first ? try reading.index.point(sample - 1) : nil,
      sample <= last ? try reading.index.point(sample) : nil)
  }

  private func parent(of process: ProcessRecord) throws(SQLiteError) -> ProcessRecord? {
    let row =
      try reading.connection.prepare("SELECT parent_task_id FROM task WHERE task_id = ?")
      .bind(.integer(process.id)).first { $0.optionalInteger(0) } ?? nil
    return try row.flatMap { (row) throws(SQLiteError) in
      try reading.lives.life(task: row)?.process
    }
  }

  private func isAskedFor(_ part: NamespaceChange.Part) -> Bool {
    guard question.types.contains(part.link.type) else { return false }
    guard let namespaces = scope.namespaces else { return true }
    return [part.from, part.to].contains { $0.map { namespaces.contains($0.id) } ?? false }
  }
}
